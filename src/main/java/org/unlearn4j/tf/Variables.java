package org.unlearn4j.tf;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
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
  /** Values that are moved at a time. */
  private static final int PIECE = 1 << 18;

  private final TfRuntime runtime;
  private final String set;
  private final Map<String, Parameter> parameters = new LinkedHashMap<>();
  private final Map<String, VarHandleOp> handles = new LinkedHashMap<>();
  private final Map<String, Operand<TFloat32>> reads = new LinkedHashMap<>();
  private final Map<String, Op> assigns = new LinkedHashMap<>();
  private final Map<String, Placeholder<TFloat32>> values = new LinkedHashMap<>();

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
      values.put(p.name(), value);
      assigns.put(p.name(), below.withName("assign").assignVariableOp(handle, value));
      reads.put(p.name(), below.withName("read").readVariableOp(handle, TFloat32.class));
    }
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

  /** Fills every variable, one at a time, so that at most one parameter is held twice. */
  public void assign(Function<Parameter, FloatBuffer> source) {
    for (Parameter p : parameters.values()) {
      FloatBuffer from = source.apply(p);
      try (TFloat32 value = TFloat32.tensorOf(shape(p), DataBuffers.of(from))) {
        assign(p, value);
      }
    }
  }

  /** The same from a source that is read piece by piece: no parameter ever is in the Java heap. */
  public void assign(WeightSource source) {
    float[] piece = new float[PIECE];
    for (Parameter p : parameters.values()) {
      try (TFloat32 value = TFloat32.tensorOf(shape(p))) {
        FloatDataBuffer to = value.asRawTensor().data().asFloats();
        for (long from = 0; from < p.size(); from += PIECE) {
          int n = (int) Math.min(PIECE, p.size() - from);
          source.read(p, from, FloatBuffer.wrap(piece, 0, n));
          to.offset(from).write(piece, 0, n);
        }
        assign(p, value);
      }
    }
  }

  private void assign(Parameter p, TFloat32 value) {
    try (Feeds feeds = new Feeds(runtime)) {
      feeds.borrowed(values.get(p.name()), value);
      runtime
          .run("assignment of " + set, feeds.runner().addTarget(assigns.get(p.name()).op()))
          .close();
    }
  }

  /** Sets every variable to zero. */
  public void zero() {
    float[] nothing = new float[PIECE];
    assign((p, from, to) -> to.put(nothing, 0, to.remaining()));
  }

  /** The present value of one variable. */
  public FloatBuffer value(Parameter p) {
    try (Result result = fetched(p)) {
      FloatBuffer copy = FloatBuffer.allocate(Math.toIntExact(p.size()));
      ((TFloat32) result.get(0))
          .asRawTensor()
          .data()
          .asFloats()
          .copyTo(DataBuffers.of(copy), p.size());
      return copy;
    }
  }

  /** Hands out the present value of one variable in pieces, in their order. */
  public void read(Parameter p, Consumer<FloatBuffer> pieces) {
    try (Result result = fetched(p)) {
      FloatDataBuffer from = ((TFloat32) result.get(0)).asRawTensor().data().asFloats();
      float[] piece = new float[PIECE];
      for (long at = 0; at < p.size(); at += PIECE) {
        int n = (int) Math.min(PIECE, p.size() - at);
        from.offset(at).read(piece, 0, n);
        pieces.accept(FloatBuffer.wrap(piece, 0, n));
      }
    }
  }

  private Result fetched(Parameter p) {
    try (Feeds none = new Feeds(runtime)) {
      return runtime.run("reading of " + set, none.runner().fetch(reads.get(p.name())));
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
