package org.unlearn4j.tf;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TNumber;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.WeightSource;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.TensorInfo;

/**
 * A model's parameters as resource variables of a graph, under their Hugging Face names, each read
 * once a step. A prefix keeps further sets apart: moments, accumulators, a frozen twin. Variables
 * that nothing updates may lie there in 16 bits, as a checkpoint has them; what reads them widens
 * them, which is exact. Codes of moments are integers of 8 bits.
 */
public final class Variables {
  /** Values that go through the Java heap at a time. */
  static final int PIECE = 1 << 18;

  private final TfRuntime runtime;
  private final String set;
  private final Map<String, Parameter> parameters = new LinkedHashMap<>();
  private final Map<String, VarHandleOp> handles = new LinkedHashMap<>();
  private final Map<String, Operand<? extends TNumber>> stored = new LinkedHashMap<>();
  private final Map<String, Operand<TFloat32>> reads = new LinkedHashMap<>();
  private final Map<String, Op> assigns = new LinkedHashMap<>();
  private final Map<String, Placeholder<? extends TNumber>> placeholders = new LinkedHashMap<>();
  private final Function<Parameter, DType> formats;
  private final List<List<Parameter>> portions;
  private final long most;
  private Optional<RowAssignment> byRows = Optional.empty();
  private boolean held;
  private final List<Variables> copies = new ArrayList<>();

  /**
   * Adds one float32 variable a parameter to the graph.
   *
   * @param prefix of the variables' names, empty for the model itself
   */
  public Variables(TfRuntime runtime, String prefix, List<Parameter> list) {
    this(runtime, prefix, list, p -> DType.F32);
  }

  /**
   * Adds one variable a parameter to the graph.
   *
   * @param formats in which they lie there; those in 16 bits cannot be updated
   */
  public Variables(
      TfRuntime runtime, String prefix, List<Parameter> list, Function<Parameter, DType> formats) {
    this(runtime, prefix, list, formats, Portions.rows(list));
  }

  /**
   * The same.
   *
   * @param most bytes of rows that are fed at a time; {@link Long#MAX_VALUE}: parameters are fed as
   *     a whole, as they are on a GPU, which is fed from the host's memory
   */
  Variables(
      TfRuntime runtime,
      String prefix,
      List<Parameter> list,
      Function<Parameter, DType> formats,
      long most) {
    this.runtime = runtime;
    this.formats = formats;
    this.most = device().isGpu() || runtime.several().isPresent() ? Long.MAX_VALUE : most;
    this.set = prefix.isEmpty() ? "parameters" : prefix;
    Ops on = device().on(runtime.ops());
    Ops named = prefix.isEmpty() ? on : on.withSubScope(prefix);
    for (Parameter p : list) {
      String shared = prefix.isEmpty() ? p.name() : prefix + "/" + p.name();
      parameters.put(p.name(), p);
      runtime.at(place(p), () -> added(named, p, shared));
    }
    portions = Portions.of(list);
  }

  private int place(Parameter p) {
    return runtime.several().map(m -> m.place(p)).orElse(0);
  }

  private Variables added(Ops named, Parameter p, String shared) {
    add(named.withSubScope(p.name()), p, shared, StoredForm.type(formats.apply(p)));
    return this;
  }

  /**
   * Further copies of the set, one on each device but the first, which is this one's: assigned
   * together from now on.
   */
  public void copiedBy(List<Variables> others) {
    copies.addAll(others);
  }

  /** The copy on the device that updates a parameter. */
  private Variables updated(Parameter p) {
    int home = copies.isEmpty() ? 0 : runtime.home(p);
    return home == 0 ? this : copies.get(home - 1);
  }

  /** The value as it was when the step began, on the device that updates it. */
  public Operand<TFloat32> held(Parameter p) {
    return updated(p).read(p);
  }

  /**
   * Gives the other devices the value of the one that updates a parameter.
   *
   * @param after updates of the parameter
   * @return empty where there is one copy
   */
  public List<Op> spread(Parameter p, List<Op> after) {
    Variables from = updated(p);
    List<Op> given = new ArrayList<>();
    if (!copies.isEmpty()) {
      Operand<TFloat32> value =
          runtime.atHome(
              p,
              () ->
                  ops()
                      .withSubScope("spread")
                      .withControlDependencies(after)
                      .readVariableOp(from.handles.get(p.name()), TFloat32.class));
      for (int i = 0; i <= copies.size(); i++) {
        Variables to = i == 0 ? this : copies.get(i - 1);
        if (to != from) {
          given.add(
              runtime.at(
                  i,
                  () ->
                      ops()
                          .withSubScope("spread")
                          .assignVariableOp(to.handles.get(p.name()), value)));
        }
      }
    }
    return given;
  }

  private <T extends TNumber> void add(Ops tf, Parameter p, String shared, Class<T> type) {
    VarHandleOp handle =
        tf.withName("variable").varHandleOp(type, shape(p), VarHandleOp.sharedName(shared));
    Placeholder<T> value = tf.withName("value").placeholder(type, Placeholder.shape(shape(p)));
    handles.put(p.name(), handle);
    placeholders.put(p.name(), value);
    assigns.put(p.name(), tf.withName("assign").assignVariableOp(handle, value));
    Operand<T> read = tf.withName("read").readVariableOp(handle, type);
    stored.put(p.name(), read);
    reads.put(p.name(), widened(tf, read));
  }

  @SuppressWarnings("unchecked") // its type says so
  private static Operand<TFloat32> widened(Ops tf, Operand<? extends TNumber> values) {
    return values.type() == TFloat32.class
        ? (Operand<TFloat32>) values
        : tf.dtypes.cast(values, TFloat32.class);
  }

  static Shape shape(Parameter p) {
    return Shape.of(p.shape().stream().mapToLong(Integer::longValue).toArray());
  }

  public List<Parameter> parameters() {
    return new ArrayList<>(parameters.values());
  }

  /** The handle that update operations take, on the device that updates. */
  public VarHandleOp handle(Parameter p) {
    return updated(p).handles.get(p.name());
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
   * The same for one product: what is widened for it is not there before the product's other
   * operand is, and no other product shares it. Nothing else would keep TensorFlow from widening
   * the whole model first thing.
   *
   * @param after the other operand
   */
  Operand<TFloat32> read(Ops tf, Parameter p, Operand<TFloat32> after) {
    Operand<TFloat32> shared = read(p);
    return wide(p) ? shared : widened(tf.withControlDependencies(after), stored.get(p.name()));
  }

  /** The value where it lies there in bfloat16 already. */
  @SuppressWarnings("unchecked") // its format says so
  Optional<Operand<TBfloat16>> brain(Parameter p) {
    return formats.apply(p) == DType.BF16
        ? Optional.of((Operand<TBfloat16>) stored.get(p.name()))
        : Optional.empty();
  }

  /**
   * The codes of a parameter, as they were when the step began: {@link DType#U8}.
   *
   * @throws IllegalArgumentException if they are no codes
   */
  @SuppressWarnings("unchecked") // its format says so
  public Operand<TUint8> codes(Parameter p) {
    read(p);
    if (format(p) != DType.U8) {
      throw new IllegalArgumentException(p.name() + " has no codes");
    }
    return (Operand<TUint8>) stored.get(p.name());
  }

  /** How a parameter lies there. */
  public DType format(Parameter p) {
    return formats.apply(p);
  }

  /** Rows of a table, of which only these are widened: {@code [indices, width]}. */
  Operand<TFloat32> rows(Ops tf, Parameter table, Operand<TInt32> indices) {
    read(table);
    return widened(
        tf, tf.gather(stored.get(table.name()), tf.reshape(indices, tf.array(-1)), tf.constant(0)));
  }

  private boolean wide(Parameter p) {
    return formats.apply(p) == DType.F32;
  }

  /**
   * Fills every variable, portion by portion: beside the variables there is one portion, fed and
   * copied.
   */
  public void assign(Function<Parameter, FloatBuffer> source) {
    float[] piece = new float[PIECE];
    assignTensors(
        p ->
            wide(p)
                ? TFloat32.tensorOf(shape(p), DataBuffers.of(source.apply(p)))
                : filled(p, whole(source.apply(p)), piece));
  }

  /** The same from a source that is read piece by piece: no parameter ever is in the Java heap. */
  public void assign(WeightSource source) {
    if (most < Long.MAX_VALUE) {
      byRows().assign(source);
      return;
    }
    float[] piece = new float[PIECE];
    assignTensors(p -> filled(p, source, piece));
  }

  /** Made when it is first used: sets that are only zeroed do without. */
  private RowAssignment byRows() {
    if (byRows.isEmpty()) {
      byRows = Optional.of(new RowAssignment(device().on(ops()), runtime, set, formats, most));
      parameters.forEach((name, p) -> byRows.get().add(p, handles.get(name)));
      if (!held) {
        byRows.get().make();
      }
      held = true;
    }
    return byRows.get();
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

  private static WeightSource whole(FloatBuffer values) {
    return (p, from, to) -> to.put(values.slice(Math.toIntExact(from), to.remaining()));
  }

  private Tensor filled(Parameter p, WeightSource source, float[] piece) {
    return StoredForm.filled(formats.apply(p), shape(p), p, 0, source, piece);
  }

  private void assign(Feeds feeds, Parameter p, Tensor value) {
    feeds.borrowed(placeholders.get(p.name()), value);
    feeds.target(assigns.get(p.name()));
    copies.forEach(c -> c.assign(feeds, p, value));
  }

  private void assignTensors(Function<Parameter, Tensor> values) {
    held = true;
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
   * and format are fed the same zeros, which TensorFlow copies for the first update.
   */
  public static void zero(List<Variables> sets) {
    float[] nothing = new float[PIECE];
    float[] piece = new float[PIECE];
    WeightSource zeros = (p, from, to) -> to.put(nothing, 0, to.remaining());
    Map<TensorInfo, Tensor> alike = new HashMap<>();
    TfRuntime runtime = sets.get(0).runtime;
    try (Feeds feeds = new Feeds(runtime)) {
      for (Variables set : sets) {
        set.held = true;
        for (Parameter p : set.parameters.values()) {
          Tensor zero =
              alike.computeIfAbsent(
                  new TensorInfo("zeros", set.format(p), p.shape()),
                  s -> feeds.owned(set.filled(p, zeros, piece)));
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

  /** The place of the device that computes a block; that of now where one computes all. */
  int device(int block) {
    return runtime.several().map(m -> m.device(block)).orElse(0);
  }

  <R> R at(int place, Supplier<R> body) {
    return runtime.at(place, body);
  }

  /** Where the variables are, and all products with them. */
  Device device() {
    return runtime.device();
  }
}
