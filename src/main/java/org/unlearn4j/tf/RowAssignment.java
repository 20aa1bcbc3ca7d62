package org.unlearn4j.tf;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.tensorflow.Operand;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.WeightSource;
import org.unlearn4j.weights.DType;

/**
 * Fills a large set of variables a few rows at a time, where an assignment as a whole would have a
 * token table three times: as it was, as it is fed, and as it will be.
 *
 * <p>There are two signatures, however large the model is: one run makes the variables without
 * values, all others feed rows of some parameters and none of the rest. Writing rows leaves a
 * variable in a mode in which every read is a copy of the whole; each run takes that back.
 */
final class RowAssignment {
  private final Ops tf;
  private final TfRuntime runtime;
  private final String set;
  private final Function<Parameter, DType> formats;
  private final long most;
  private final Placeholder<TInt32> from;
  private final Map<Parameter, Placeholder<? extends TNumber>> rows = new LinkedHashMap<>();
  private final List<Op> made = new ArrayList<>();
  private final List<Op> written = new ArrayList<>();

  /**
   * Nothing to assign yet.
   *
   * @param tf for the device that has them
   * @param set of what, for names and messages
   * @param formats of the variables
   * @param most bytes that are fed at a time, but for a row that has more
   */
  RowAssignment(
      Ops tf, TfRuntime runtime, String set, Function<Parameter, DType> formats, long most) {
    this.tf = tf.withSubScope(set).withSubScope("by_rows");
    this.set = set;
    this.runtime = runtime;
    this.formats = formats;
    this.most = most;
    this.from =
        this.tf.withName("first_row").placeholder(TInt32.class, Placeholder.shape(Shape.of(1)));
  }

  /** Adds a variable. */
  void add(Parameter p, VarHandleOp variable) {
    add(tf.withSubScope(p.name()), p, variable, type(p));
  }

  private <T extends TNumber> void add(Ops own, Parameter p, VarHandleOp variable, Class<T> type) {
    made.add(own.assignVariableOp(variable, own.empty(own.array(ints(p)), type)));
    Placeholder<T> value =
        own.withName("rows").placeholder(type, Placeholder.shape(shape(p, Shape.UNKNOWN_SIZE)));
    Operand<TInt32> count = own.slice(own.shape(value), own.array(0), own.array(1));
    Op write =
        own.resourceStridedSliceAssign(
            variable, from, own.math.add(from, count), own.array(1), value);
    written.add(own.withControlDependencies(List.of(write)).io.disableCopyOnRead(variable));
    rows.put(p, value);
  }

  /** Rows of one parameter, from one to another. */
  record Part(Parameter of, long from, long to) {}

  /** What is fed together: several parameters as a whole, or rows of one. */
  List<List<Part>> runs() {
    List<List<Part>> runs = new ArrayList<>();
    long held = most;
    for (Parameter p : rows.keySet()) {
      long row = row(p) * formats.apply(p).bytes();
      long count = p.shape().get(0);
      if (row * count > most) {
        long each = Math.max(1, most / row);
        for (long at = 0; at < count; at += each) {
          runs.add(List.of(new Part(p, at, Math.min(count, at + each))));
        }
        held = most; // the next parameter begins a run
      } else {
        if (held + row * count > most) {
          runs.add(new ArrayList<>());
          held = 0;
        }
        runs.get(runs.size() - 1).add(new Part(p, 0, count));
        held += row * count;
      }
    }
    return runs;
  }

  /** Makes the variables, of which none has values yet: beside old ones there would be new ones. */
  void make() {
    try (Feeds feeds = new Feeds(runtime)) {
      made.forEach(feeds::target);
      runtime.run("making of " + set, feeds).close();
    }
  }

  /** Fills every variable, in the order of the parameters, each from its first row to its last. */
  void assign(WeightSource source) {
    Map<Parameter, Tensor> nothing = new HashMap<>();
    float[] piece = new float[Variables.PIECE];
    try {
      rows.keySet().forEach(p -> nothing.put(p, Tensor.of(type(p), shape(p, 0))));
      for (List<Part> run : runs()) {
        write(run, source, nothing, piece);
      }
    } finally {
      nothing.values().forEach(Tensor::close);
    }
  }

  private void write(
      List<Part> run, WeightSource source, Map<Parameter, Tensor> nothing, float[] piece) {
    try (Feeds feeds = new Feeds(runtime)) {
      Map<Parameter, Tensor> values = new HashMap<>(nothing);
      for (Part part : run) {
        Parameter p = part.of;
        Shape shape = shape(p, part.to - part.from);
        values.put(
            p,
            feeds.owned(
                StoredForm.filled(formats.apply(p), shape, p, part.from * row(p), source, piece)));
      }
      feeds.ints(from, new int[] {Math.toIntExact(run.get(0).from)}, 1);
      rows.forEach((p, placeholder) -> feeds.borrowed(placeholder, values.get(p)));
      written.forEach(feeds::target);
      runtime.run("assignment of rows of " + set, feeds).close();
    }
  }

  private Class<? extends TNumber> type(Parameter p) {
    return StoredForm.type(formats.apply(p));
  }

  /** Values in a row. */
  private static long row(Parameter p) {
    return p.size() / p.shape().get(0);
  }

  private static int[] ints(Parameter p) {
    return p.shape().stream().mapToInt(Integer::intValue).toArray();
  }

  private static Shape shape(Parameter p, long rows) {
    long[] sizes = Variables.shape(p).asArray();
    sizes[0] = rows;
    return Shape.of(sizes);
  }
}
