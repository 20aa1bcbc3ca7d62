package org.unlearn4j.tf;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.unlearn4j.lm.PaddedBatch;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Hidden;
import org.unlearn4j.nn.ModelConfig;

/**
 * The inference graph of one model: one forward without a cache, from which scores, features and
 * logits are read, and one that continues from past keys and values.
 */
final class ForwardGraph {
  final Placeholder<TInt32> ids;
  final Placeholder<TInt32> mask;
  final Placeholder<TInt32> positions;
  final Placeholder<TInt32> predictedFrom;
  final Placeholder<TInt32> labels;
  final Placeholder<TInt32> labelPositions;
  final Placeholder<TInt32> labelRows;
  final Placeholder<TInt32> rows;

  final LabelledHead head;
  final Operand<TInt32> argmax;
  final LabelledHead.Moments moments;

  /**
   * Embeddings, blocks, final norm at the given positions: each {@code [labelled, hidden]}. What is
   * pooled below, to be fetched as it is.
   */
  final List<Operand<TFloat32>> states = new ArrayList<>();

  /** The last block's, at every position: what the final norm reads, and may be fed. */
  final Operand<TFloat32> lastBlock;

  /** Pooled embeddings, blocks, final norm: each {@code [rows, hidden]}. */
  final List<Operand<TFloat32>> features = new ArrayList<>();

  /** Experts of each token, block by block: each {@code [batch * time, chosen]}. */
  final List<Operand<TInt32>> routes;

  /** {@code [batch * time, vocab]}. */
  final Operand<TFloat32> logits;

  final Placeholder<TInt32> cachedMask;
  final List<TfInputs.KeyValue> past = new ArrayList<>();
  final List<TfInputs.KeyValue> present;
  final Operand<TFloat32> cachedLogits;

  /** Logits after each row's last position, {@code [batch, vocab]}. */
  final Operand<TFloat32> nextLogits;

  /** Most probable next token of each row after its last position, {@code [batch]}. */
  final Operand<TInt32> next;

  ForwardGraph(Ops tf, Decoder decoder, ModelWeights weights, Precision precision) {
    ids = ints(tf, "input_ids", -1, -1);
    mask = ints(tf, "attention_mask", -1, -1);
    positions = ints(tf, "position_ids", -1, -1);
    predictedFrom = ints(tf, "predicted_from", -1);
    labels = ints(tf, "labels", -1);
    labelPositions = ints(tf, "label_positions", -1);
    labelRows = ints(tf, "label_rows", -1);
    rows = tf.withName("rows").placeholder(TInt32.class, Placeholder.shape(Shape.scalar()));

    TensorFlowEmitter e =
        weights.emitter(tf, new TfInputs(ids, positions, mask, List.of()), precision);
    Hidden<TfTensor> hidden = decoder.hidden(e, e.ids());
    lastBlock = hidden.blocks().get(hidden.blocks().size() - 1).f32(tf);
    routes = e.routes();
    head =
        LabelledHead.emit(
            tf.withSubScope("labelled"), decoder, e, hidden.finalNorm(), predictedFrom, labels);
    argmax = head.argmax(tf);
    moments = head.moments(tf.withSubScope("moments"));
    logits = decoder.head(e, hidden.finalNorm()).f32(tf);
    List<TfTensor> everywhere = new ArrayList<>(List.of(hidden.embeddings()));
    everywhere.addAll(hidden.blocks());
    everywhere.add(hidden.finalNorm());
    for (TfTensor state : everywhere) {
      Operand<TFloat32> tokens = tf.gather(state.f32(tf), labelPositions, tf.constant(0));
      states.add(tokens);
      features.add(Pooling.mean(tf, tokens, labelRows, rows));
    }

    Ops cached = tf.withSubScope("cached");
    cachedMask = ints(cached, "attention_mask", -1, -1);
    for (int l = 0; l < decoder.config().layers(); l++) {
      ModelConfig c = decoder.config();
      past.add(new TfInputs.KeyValue(cache(cached, l + ".key", c), cache(cached, l + ".value", c)));
    }
    TensorFlowEmitter c =
        weights.emitter(cached, new TfInputs(ids, positions, cachedMask, past), precision);
    TfTensor last = decoder.hidden(c, c.ids()).finalNorm();
    present = c.present();
    cachedLogits = decoder.head(c, last).f32(cached);
    // The last column of every row: prompts are padded on the left.
    Operand<TInt32> time = cached.slice(cached.shape(ids), cached.array(1), cached.array(1));
    Operand<TFloat32> byRow =
        cached.reshape(
            last.f32(cached),
            cached.concat(
                List.of(cached.array(-1), time, cached.array(decoder.config().hiddenSize())),
                cached.constant(0)));
    Operand<TFloat32> lastColumn =
        cached.gather(
            byRow,
            cached.math.sub(cached.reshape(time, cached.array(new int[0])), cached.constant(1)),
            cached.constant(1));
    nextLogits = decoder.head(c, TfTensor.of(lastColumn)).f32(cached);
    next = cached.math.argMax(nextLogits, cached.constant(-1), TInt32.class);
  }

  /** Feeds what every pass without a cache reads. */
  void feed(Feeds feeds, PaddedBatch b) {
    feeds.ints(ids, b.ids(), b.rows(), b.time());
    feeds.ints(mask, b.mask(), b.rows(), b.time());
    feeds.ints(positions, b.positions(), b.rows(), b.time());
  }

  private static Placeholder<TInt32> ints(Ops tf, String name, long... shape) {
    return tf.withName(name).placeholder(TInt32.class, Placeholder.shape(Shape.of(shape)));
  }

  private static Placeholder<TFloat32> cache(Ops tf, String name, ModelConfig c) {
    return tf.withName("past_key_values." + name)
        .placeholder(TFloat32.class, Placeholder.shape(Shape.of(-1, c.kvHeads(), -1, c.headDim())));
  }
}
