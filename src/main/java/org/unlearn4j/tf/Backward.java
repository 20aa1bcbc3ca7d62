package org.unlearn4j.tf;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
      backward.differentiate(scope, List.of(of), null, List.of());
    } else {
      backward.blocks(of, blocks);
    }
    return backward.sums();
  }

  /** From the losses down to the embeddings. */
  private void blocks(Operand<TFloat32> of, List<Checkpoints.Block> blocks) {
    List<Operand<TFloat32>> candidates = new ArrayList<>();
    for (Checkpoints.Block block : blocks) {
      candidates.add(block.leaf());
      candidates.addAll(block.shares());
    }
    List<Operand<TFloat32>> leaves = reached(of, candidates);
    List<Operand<TFloat32>> direct = differentiate(scope + "/losses", List.of(of), null, leaves);
    List<Operand<TFloat32>> early = parts.values().stream().flatMap(List::stream).toList();
    int lowest = lowest(blocks);
    Operand<TFloat32> gradient = null;
    for (int l = blocks.size() - 1; l >= 0; l--) {
      Checkpoints.Block block = blocks.get(l);
      List<Operand<TFloat32>> upstream = new ArrayList<>();
      upstream.add(sum(gradient, of(block.leaf(), leaves, direct)));
      block.shares().forEach(s -> upstream.add(of(s, leaves, direct)));
      boolean last = l + 1 < lowest;
      boolean further = l >= lowest;
      gradient = runtime.at(block.place(), () -> through(block, upstream, early, last, further));
    }
    if (gradient != null) {
      differentiate(
          scope + "/embeddings", List.of(blocks.get(0).input()), List.of(gradient), List.of());
    }
  }

  /** The gradient of a leaf; null where no loss reads it. */
  private static Operand<TFloat32> of(
      Operand<TFloat32> leaf, List<Operand<TFloat32>> leaves, List<Operand<TFloat32>> gradients) {
    int at = leaves.indexOf(leaf);
    return at < 0 ? null : gradients.get(at);
  }

  /**
   * The gradient of a block's input, from those of its output and of its routers' shares.
   *
   * @param upstream of the output first; null for what no loss depends on
   * @param early gradients of the head and the final norm: while they are not there, the logits'
   *     own is, and a block that a thread computes again meanwhile would come on top of it
   * @param last nothing at or below it is wanted
   * @param further something below it is wanted
   * @return null where the gradient goes no further
   */
  private Operand<TFloat32> through(
      Checkpoints.Block block,
      List<Operand<TFloat32>> upstream,
      List<Operand<TFloat32>> early,
      boolean last,
      boolean further) {
    List<Operand<TFloat32>> known = upstream.stream().filter(Objects::nonNull).toList();
    // Layers above the one that a loss reads take no part.
    if (known.isEmpty() || last) {
      return upstream.get(0);
    }
    List<Op> late = new ArrayList<>(early);
    late.addAll(known);
    Checkpoints.Copy copy = block.copy(late);
    List<Operand<TFloat32>> made = new ArrayList<>();
    for (int i = 0; i < upstream.size(); i++) {
      if (upstream.get(i) != null) {
        made.add(copy.made().get(i));
      }
    }
    List<Operand<TFloat32>> input =
        differentiate(
            scope + "/" + block.name(), made, known, further ? List.of(copy.input()) : List.of());
    return further ? input.get(0) : null;
  }

  /**
   * How many blocks lie at or below the lowest wanted parameter: 0 where it is in the embeddings;
   * gradients need not go further down.
   */
  private int lowest(List<Checkpoints.Block> blocks) {
    if (!reachedParameters(List.of(blocks.get(0).input())).isEmpty()) {
      return 0;
    }
    int l = 0;
    while (l < blocks.size() && reachedParameters(List.of(blocks.get(l).output())).isEmpty()) {
      l++;
    }
    return l + 1;
  }

  /**
   * Adds the parameters' parts to {@link #parts}.
   *
   * @param upstream gradients of {@code y}; null for a scalar's 1
   * @param others what else {@code y} depends on
   * @return gradients of {@code others}
   */
  private List<Operand<TFloat32>> differentiate(
      String scope,
      List<Operand<TFloat32>> y,
      List<Operand<TFloat32>> upstream,
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
            scope, outputs(y), outputs(x), upstream == null ? null : outputs(upstream));
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

  private static Output<?>[] outputs(List<Operand<TFloat32>> of) {
    return of.stream().map(Operand::asOutput).toArray(Output<?>[]::new);
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

  private List<Parameter> reachedParameters(List<Operand<TFloat32>> from) {
    Set<GraphOperation> reached = differentiable(from);
    return wanted.stream().filter(p -> reached.contains(op(variables.read(p)))).toList();
  }

  private static List<Operand<TFloat32>> reached(
      Operand<TFloat32> from, List<Operand<TFloat32>> candidates) {
    Set<GraphOperation> reached = differentiable(List.of(from));
    return candidates.stream().filter(c -> reached.contains(op(c))).toList();
  }

  private static GraphOperation op(Operand<?> x) {
    return (GraphOperation) x.asOutput().op();
  }

  /**
   * Operations from which a gradient can come: TensorFlow refuses to differentiate with respect to
   * what the output does not depend on, as layers above the one CLReg reads.
   */
  private static Set<GraphOperation> differentiable(List<Operand<TFloat32>> from) {
    Set<GraphOperation> reached = new HashSet<>();
    Deque<GraphOperation> open = new ArrayDeque<>();
    from.forEach(y -> open.add(op(y)));
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
