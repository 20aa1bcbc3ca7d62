package org.unlearn4j.tf;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
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
   * @param output {@code [batch * time, hidden]}, from which its parameters are reached
   * @param leaf the output as everybody else reads it
   * @param again emits it once more below a scope, from another input; empty where everything in it
   *     is kept
   */
  record Block(
      String name,
      int place,
      Operand<TFloat32> input,
      Operand<TFloat32> read,
      Operand<TFloat32> output,
      Operand<TFloat32> leaf,
      Optional<BiFunction<Ops, TfTensor, TfTensor>> again,
      Ops scope) {

    /**
     * The block once more, or as it is where it is kept.
     *
     * @param late operations of the backward pass; nothing of the copy runs before them, and no
     *     optimiser takes the copy for the original
     */
    Copy copy(List<Op> late) {
      if (again.isEmpty()) {
        return new Copy(read, output);
      }
      Operand<TFloat32> second =
          scope.withControlDependencies(late).withName("checkpoint").stopGradient(input);
      return new Copy(second, again.get().apply(scope, TfTensor.of(second)).f32(scope));
    }
  }

  /** The second emission of a block. */
  record Copy(Operand<TFloat32> input, Operand<TFloat32> output) {}

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

  TfTensor block(
      Ops tf,
      int place,
      TfTensor x,
      UnaryOperator<TfTensor> body,
      BiFunction<Ops, TfTensor, TfTensor> again) {
    Operand<TFloat32> input = x.f32(tf);
    TfTensor read = TfTensor.of(tf.withName("checkpoint").stopGradient(input));
    Operand<TFloat32> output = body.apply(read).f32(tf);
    Operand<TFloat32> leaf = tf.withName("stream").stopGradient(output);
    Ops scope = scopes.computeIfAbsent(String.join("/", path), key -> below());
    blocks.add(
        new Block(
            "block." + blocks.size(),
            place,
            input,
            read.f32(tf),
            output,
            leaf,
            keeping ? Optional.empty() : Optional.of(again),
            scope));
    return TfTensor.of(leaf);
  }
}
