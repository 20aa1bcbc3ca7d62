package org.unlearn4j.tf;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.ndarray.buffer.FloatDataBuffer;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.nn.Parameter;

/**
 * A model's parameters as float32 resource variables of a graph, under their Hugging Face names,
 * each read once a step. A prefix keeps further sets apart: moments, accumulators, a frozen twin.
 */
public final class Variables {
  /** Values that go through the Java heap at a time. */
  static final int PIECE = 1 << 18;

  /** Bytes that one run moves, if these are not less than one part of {@link #SHARE}. */
  private static final long PORTION = 1L << 28;

  private static final int SHARE = 8;

  private final TfRuntime runtime;
  private final String set;
  private final Map<String, Parameter> parameters = new LinkedHashMap<>();
  private final Map<String, VarHandleOp> handles = new LinkedHashMap<>();
  private final Map<String, Operand<TFloat32>> reads = new LinkedHashMap<>();
  private final Map<String, Op> assigns = new LinkedHashMap<>();
  private final Map<String, Placeholder<TFloat32>> placeholders = new LinkedHashMap<>();
  private final List<List<Parameter>> portions;

  /**
   * Adds one variable a parameter to the graph.
   *
   * @param prefix of the variables' names, empty for the model itself
   */
  public Variables(TfRuntime runtime, String prefix, List<Parameter> list) {
    this.runtime = runtime;
    this.set = prefix.isEmpty() ? "parameters" : prefix;
    Ops on = device().on(runtime.ops());
    Ops named = prefix.isEmpty() ? on : on.withSubScope(prefix);
    for (Parameter p : list) {
      String shared = prefix.isEmpty() ? p.name() : prefix + "/" + p.name();
      Ops below = named.withSubScope(p.name());
      VarHandleOp handle =
          below
              .withName("variable")
              .varHandleOp(TFloat32.class, shape(p), VarHandleOp.sharedName(shared));
      Placeholder<TFloat32> value =
          below.withName("value").placeholder(TFloat32.class, Placeholder.shape(shape(p)));
      parameters.put(p.name(), p);
      handles.put(p.name(), handle);
      placeholders.put(p.name(), value);
      assigns.put(p.name(), below.withName("assign").assignVariableOp(handle, value));
      reads.put(p.name(), below.withName("read").readVariableOp(handle, TFloat32.class));
    }
    portions = portions(list);
  }

  /** Parameters that are moved together, in their order. */
  static List<List<Parameter>> portions(List<Parameter> all) {
    long bytes = Float.BYTES * all.stream().mapToLong(Parameter::size).sum();
    long most = Math.max(PORTION, (bytes + SHARE - 1) / SHARE);
    List<List<Parameter>> portions = new ArrayList<>();
    long held = 0;
    for (Parameter p : all) {
      long own = Float.BYTES * p.size();
      if (portions.isEmpty() || held + own > most) {
        portions.add(new ArrayList<>());
        held = 0;
      }
      portions.get(portions.size() - 1).add(p);
      held += own;
    }
    return portions;
  }

  static Shape shape(Parameter p) {
    return Shape.of(p.shape().stream().mapToLong(Integer::longValue).toArray());
  }

  public List<Parameter> parameters() {
    return new ArrayList<>(parameters.values());
  }

  /** The handle that update operations take. */
  public VarHandleOp handle(Parameter p) {
    return handles.get(p.name());
  }

  /** The value as it was when the step began. */
  public Operand<TFloat32> read(Parameter p) {
    Operand<TFloat32> read = reads.get(p.name());
    if (read == null) {
      throw new IllegalArgumentException("no variable for parameter " + p.name());
    }
    return read;
  }

  /**
   * Fills every variable, portion by portion: beside the variables there is at most one portion.
   */
  public void assign(Function<Parameter, FloatBuffer> source) {
    assignTensors(p -> TFloat32.tensorOf(shape(p), DataBuffers.of(source.apply(p))));
  }

  /** The same from a source that is read piece by piece: no parameter ever is in the Java heap. */
  public void assign(WeightSource source) {
    float[] piece = new float[PIECE];
    assignTensors(p -> filled(p, source, piece));
  }

  /** Gives some variables other values, by one run. */
  public void assign(Map<Parameter, float[]> some) {
    try (Feeds feeds = new Feeds(runtime)) {
      some.forEach(
          (p, value) ->
              assign(feeds, p, feeds.owned(TFloat32.tensorOf(shape(p), DataBuffers.of(value)))));
      runtime.run("assignment of " + set, feeds).close();
    }
  }

  private static TFloat32 filled(Parameter p, WeightSource source, float[] piece) {
    TFloat32 value = TFloat32.tensorOf(shape(p));
    try {
      FloatDataBuffer to = value.asRawTensor().data().asFloats();
      for (long from = 0; from < p.size(); from += piece.length) {
        int n = (int) Math.min(piece.length, p.size() - from);
        source.read(p, from, FloatBuffer.wrap(piece, 0, n));
        to.offset(from).write(piece, 0, n);
      }
      return value;
    } catch (RuntimeException e) {
      value.close();
      throw e;
    }
  }

  private void assign(Feeds feeds, Parameter p, TFloat32 value) {
    feeds.borrowed(placeholders.get(p.name()), value);
    feeds.target(assigns.get(p.name()));
  }

  private void assignTensors(Function<Parameter, TFloat32> values) {
    for (List<Parameter> portion : portions) {
      try (Feeds feeds = new Feeds(runtime)) {
        for (Parameter p : portion) {
          assign(feeds, p, feeds.owned(values.apply(p)));
        }
        runtime.run("assignment of " + set, feeds).close();
      }
    }
  }

  /** Sets every variable to zero. */
  public void zero() {
    zero(List.of(this));
  }

  /**
   * Sets every variable of several sets of one graph to zero, by one run: parameters of one shape
   * are fed the same zeros, which TensorFlow copies for the first update.
   */
  public static void zero(List<Variables> sets) {
    float[] nothing = new float[PIECE];
    float[] piece = new float[PIECE];
    WeightSource zeros = (p, from, to) -> to.put(nothing, 0, to.remaining());
    Map<List<Integer>, TFloat32> byShape = new HashMap<>();
    TfRuntime runtime = sets.get(0).runtime;
    try (Feeds feeds = new Feeds(runtime)) {
      for (Variables set : sets) {
        for (Parameter p : set.parameters.values()) {
          TFloat32 zero =
              byShape.computeIfAbsent(p.shape(), s -> feeds.owned(filled(p, zeros, piece)));
          set.assign(feeds, p, zero);
        }
      }
      String names = sets.stream().map(s -> s.set).collect(Collectors.joining(", "));
      runtime.run("assignment of " + names, feeds).close();
    }
  }

  /** Present values, to be read one parameter after the other and closed. */
  public Values values() {
    return new Values(portions, this::fetched);
  }

  private Result fetched(List<Parameter> portion) {
    try (Feeds none = new Feeds(runtime)) {
      portion.forEach(p -> none.fetch(reads.get(p.name())));
      return runtime.run("reading of " + set, none);
    }
  }

  Ops ops() {
    return runtime.ops();
  }

  /** Where the variables are, and all products with them. */
  Device device() {
    return runtime.device();
  }
}
