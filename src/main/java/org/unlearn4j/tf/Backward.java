package org.unlearn4j.tf;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tensorflow.Graph;
import org.tensorflow.GraphOperation;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.StopGradient;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.nn.Parameter;

/**
 * Gradients of a scalar with respect to a model's parameters: in one piece, or, where the emitter
 * keeps only the blocks' inputs, block by block from the top. A block is then emitted a second time
 * when the gradient of its output is there, and differentiated by itself.
 */
public final class Backward {
  private final Graph graph;
  private final TfRuntime runtime;
  private final String scope;
  private final Ops tf;
  private final Variables variables;
  private final List<Parameter> wanted;
  private final Map<Parameter, List<Operand<TFloat32>>> parts = new LinkedHashMap<>();

  private Backward(TfRuntime runtime, String scope, Variables variables, List<Parameter> wanted) {
    this.graph = runtime.graph();
    this.runtime = runtime;
    this.scope = scope;
    this.tf = runtime.ops().withSubScope(scope);
    this.variables = variables;
    this.wanted = wanted;
  }

  /**
   * Adds gradient operations.
   *
   * @param scope of their names
   * @param of a scalar that was computed from what {@code emitter} emitted
   * @param wanted those that {@code of} does not depend on are left out of the result
   */
  public static Map<Parameter, Operand<TFloat32>> gradients(
      TfRuntime runtime,
      String scope,
      Operand<TFloat32> of,
      TensorFlowEmitter emitter,
      Variables variables,
      List<Parameter> wanted) {
    Backward backward = new Backward(runtime, scope, variables, wanted);
    List<Checkpoints.Block> blocks = emitter.blocks();
    if (blocks.isEmpty()) {
      backward.differentiate(scope, of, null, List.of());
    } else {
      backward.blocks(of, blocks);
    }
    return backward.sums();
  }

  /** From the losses down to the embeddings. */
  private void blocks(Operand<TFloat32> of, List<Checkpoints.Block> blocks) {
    List<Operand<TFloat32>> leaves =
        reached(of, blocks.stream().map(Checkpoints.Block::leaf).toList());
    List<Operand<TFloat32>> direct = differentiate(scope + "/losses", of, null, leaves);
    List<Operand<TFloat32>> early = parts.values().stream().flatMap(List::stream).toList();
    int lowest = lowest(blocks);
    Operand<TFloat32> gradient = null;
    for (int l = blocks.size() - 1; l >= 0; l--) {
      Checkpoints.Block block = blocks.get(l);
      int at = leaves.indexOf(block.leaf());
      Operand<TFloat32> above = gradient;
      Operand<TFloat32> own = at < 0 ? null : direct.get(at);
      boolean last = l + 1 < lowest;
      boolean further = l >= lowest;
      gradient = runtime.at(block.place(), () -> through(block, above, own, early, last, further));
    }
    if (gradient != null) {
      differentiate(scope + "/embeddings", blocks.get(0).input(), gradient, List.of());
    }
  }

  /**
   * The gradient of a block's input, from that of its output: what comes from above and what a loss
   * reads there, either of which may be null.
   *
   * @param early gradients of the head and the final norm: while they are not there, the logits'
   *     own is, and a block that a thread computes again meanwhile would come on top of it
   * @param last nothing at or below it is wanted
   * @param further something below it is wanted
   * @return null where the gradient goes no further
   */
  private Operand<TFloat32> through(
      Checkpoints.Block block,
      Operand<TFloat32> above,
      Operand<TFloat32> direct,
      List<Operand<TFloat32>> early,
      boolean last,
      boolean further) {
    Operand<TFloat32> gradient = sum(above, direct);
    // Layers above the one that a loss reads take no part.
    if (gradient == null || last) {
      return gradient;
    }
    List<Op> late = new ArrayList<>(early);
    late.add(gradient);
    Checkpoints.Copy copy = block.copy(late);
    List<Operand<TFloat32>> input =
        differentiate(
            scope + "/" + block.name(),
            copy.output(),
            gradient,
            further ? List.of(copy.input()) : List.of());
    return further ? input.get(0) : null;
  }

  /**
   * How many blocks lie at or below the lowest wanted parameter: 0 where it is in the embeddings;
   * gradients need not go further down.
   */
  private int lowest(List<Checkpoints.Block> blocks) {
    if (!reachedParameters(blocks.get(0).input()).isEmpty()) {
      return 0;
    }
    int l = 0;
    while (l < blocks.size() && reachedParameters(blocks.get(l).output()).isEmpty()) {
      l++;
    }
    return l + 1;
  }

  /**
   * Adds the parameters' parts to {@link #parts}.
   *
   * @param upstream gradient of {@code y}; null for a scalar's 1
   * @param others what else {@code y} depends on
   * @return gradients of {@code others}
   */
  private List<Operand<TFloat32>> differentiate(
      String scope,
      Operand<TFloat32> y,
      Operand<TFloat32> upstream,
      List<Operand<TFloat32>> others) {
    List<Parameter> with = reachedParameters(y);
    List<Operand<TFloat32>> x = new ArrayList<>();
    with.forEach(p -> x.add(variables.read(p)));
    x.addAll(others);
    if (x.isEmpty()) {
      return List.of();
    }
    Output<?>[] dx =
        graph.addGradients(
            scope,
            new Output<?>[] {y.asOutput()},
            x.stream().map(Operand::asOutput).toArray(Output<?>[]::new),
            upstream == null ? null : new Output<?>[] {upstream.asOutput()});
    runtime.several().ifPresent(m -> m.madeBelow(scope));
    List<Operand<TFloat32>> found = new ArrayList<>();
    for (Output<?> gradient : dx) {
      @SuppressWarnings("unchecked") // all x are float32
      Operand<TFloat32> g = (Operand<TFloat32>) gradient;
      found.add(g);
    }
    for (int i = 0; i < with.size(); i++) {
      parts.computeIfAbsent(with.get(i), p -> new ArrayList<>()).add(found.get(i));
    }
    return found.subList(with.size(), found.size());
  }

  private Operand<TFloat32> sum(Operand<TFloat32> a, Operand<TFloat32> b) {
    if (a == null || b == null) {
      return a == null ? b : a;
    }
    return tf.math.add(a, b);
  }

  /** One gradient a parameter, in the order in which they were wanted. */
  private Map<Parameter, Operand<TFloat32>> sums() {
    Map<Parameter, Operand<TFloat32>> sums = new LinkedHashMap<>();
    for (Parameter p : wanted) {
      List<Operand<TFloat32>> all = parts.getOrDefault(p, List.of());
      if (!all.isEmpty()) {
        sums.put(p, all.stream().reduce((a, b) -> sum(a, b)).orElseThrow());
      }
    }
    return sums;
  }

  private List<Parameter> reachedParameters(Operand<TFloat32> from) {
    Set<GraphOperation> reached = differentiable(from);
    return wanted.stream().filter(p -> reached.contains(op(variables.read(p)))).toList();
  }

  private static List<Operand<TFloat32>> reached(
      Operand<TFloat32> from, List<Operand<TFloat32>> candidates) {
    Set<GraphOperation> reached = differentiable(from);
    return candidates.stream().filter(c -> reached.contains(op(c))).toList();
  }

  private static GraphOperation op(Operand<?> x) {
    return (GraphOperation) x.asOutput().op();
  }

  /**
   * Operations from which a gradient can come: TensorFlow refuses to differentiate with respect to
   * what the output does not depend on, as layers above the one CLReg reads.
   */
  private static Set<GraphOperation> differentiable(Operand<TFloat32> from) {
    Set<GraphOperation> reached = new HashSet<>();
    Deque<GraphOperation> open = new ArrayDeque<>();
    open.add(op(from));
    while (!open.isEmpty()) {
      GraphOperation op = open.remove();
      if (reached.add(op) && !op.type().equals(StopGradient.OP_NAME)) {
        for (Operand<?> input : op.inputs()) {
          open.add(op(input));
        }
      }
    }
    return reached;
  }
}
