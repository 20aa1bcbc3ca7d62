package org.unlearn4j.tf;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Activation checkpointing (Chen et al. 2016), the forward half: every block reads its input
 * through a stop-gradient and hands its output on through another one. No gradient then reaches
 * into a block as it was first emitted, so nothing in it has to be kept, and what the losses read
 * of the stream between blocks is a leaf whose gradient can be asked for.
 */
final class Checkpoints {
  private static final String SCOPE = "recompute";

  private final Deque<String> path = new ArrayDeque<>();
  private final List<Block> blocks = new ArrayList<>();
  private final Map<String, Ops> scopes = new HashMap<>();
  private Ops root;
  private boolean keeping;

  /**
   * A block as it was first emitted.
   *
   * @param name of its scope
   * @param place of the device that computes it
   * @param input {@code [batch * time, hidden]}: the embeddings, or the leaf below
   * @param read the input as the block reads it
   * @param made output and router's shares, from which its parameters are reached
   * @param leaf the output as everybody else reads it
   * @param shares probabilities of its routers, summed, as everybody else reads them
   * @param again emits it once more below a scope, from another input; empty where everything in it
   *     is kept
   */
  record Block(
      String name,
      int place,
      Operand<TFloat32> input,
      Operand<TFloat32> read,
      List<Operand<TFloat32>> made,
      Operand<TFloat32> leaf,
      List<Operand<TFloat32>> shares,
      Optional<BiFunction<Ops, TfTensor, Made>> again,
      Ops scope) {

    /** {@code [batch * time, hidden]}. */
    Operand<TFloat32> output() {
      return made.get(0);
    }

    /**
     * The block once more, or as it is where it is kept.
     *
     * @param late operations of the backward pass; nothing of the copy runs before them, and no
     *     optimiser takes the copy for the original
     */
    Copy copy(List<Op> late) {
      if (again.isEmpty()) {
        return new Copy(read, made);
      }
      Operand<TFloat32> second =
          scope.withControlDependencies(late).withName("checkpoint").stopGradient(input);
      return new Copy(second, again.get().apply(scope, TfTensor.of(second)).all(scope));
    }
  }

  /** The second emission of a block: output, then shares. */
  record Copy(Operand<TFloat32> input, List<Operand<TFloat32>> made) {}

  /**
   * What a block's body gives: its output, and how its routers divide tokens where that is read.
   */
  record Made(TfTensor output, List<ExpertShares> shares) {
    List<Operand<TFloat32>> all(Ops tf) {
      List<Operand<TFloat32>> all = new ArrayList<>(List.of(output.f32(tf)));
      shares.forEach(s -> all.add(s.probabilities()));
      return all;
    }
  }

  /** From now on blocks are recorded; copies go below a scope of {@code tf}. */
  void start(Ops tf) {
    root = tf.withSubScope(SCOPE);
  }

  /**
   * From now on blocks are recorded and kept: they are differentiated one by one, each on its
   * device.
   */
  void keep(Ops tf) {
    start(tf);
    keeping = true;
  }

  boolean active() {
    return root != null;
  }

  List<Block> blocks() {
    return List.copyOf(blocks);
  }

  void enter(String scope) {
    path.addLast(scope);
  }

  void leave() {
    path.removeLast();
  }

  private Ops below() {
    Ops scope = root;
    for (String part : path) {
      scope = scope.withSubScope(part);
    }
    return scope;
  }

  /**
   * Records a block.
   *
   * @param all shares so far, in which this block's become leaves too
   */
  TfTensor block(
      Ops tf,
      int place,
      TfTensor x,
      Function<TfTensor, Made> body,
      BiFunction<Ops, TfTensor, Made> again,
      List<ExpertShares> all) {
    Operand<TFloat32> input = x.f32(tf);
    TfTensor read = TfTensor.of(tf.withName("checkpoint").stopGradient(input));
    int before = all.size();
    List<Operand<TFloat32>> made = body.apply(read).all(tf);
    Operand<TFloat32> leaf = tf.withName("stream").stopGradient(made.get(0));
    List<Operand<TFloat32>> shares = new ArrayList<>();
    for (int i = before; i < all.size(); i++) {
      Operand<TFloat32> sum = tf.withName("shares").stopGradient(all.get(i).probabilities());
      shares.add(sum);
      all.set(i, new ExpertShares(sum, all.get(i).tokens()));
    }
    Ops scope = scopes.computeIfAbsent(String.join("/", path), key -> below());
    blocks.add(
        new Block(
            "block." + blocks.size(),
            place,
            input,
            read.f32(tf),
            made,
            leaf,
            shares,
            keeping ? Optional.empty() : Optional.of(again),
            scope));
    return TfTensor.of(leaf);
  }
}
