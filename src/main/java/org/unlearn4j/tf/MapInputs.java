package org.unlearn4j.tf;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.PaddedBatch;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.nn.ModelConfig;

/**
 * What one linear map of a block reads, and the residual stream after that block, where labelled
 * tokens are predicted from: at the position before each. It is a forward pass on the variables
 * that are there already, of which blocks above are not computed.
 */
public final class MapInputs {
  /**
   * What was there, in the order of the rows' labelled tokens.
   *
   * @param inputs {@code [labelled][in]}
   * @param stream {@code [labelled][hidden]}
   */
  public record Seen(List<float[]> inputs, List<float[]> stream) {
    public Seen {
      inputs = List.copyOf(inputs);
      stream = List.copyOf(stream);
    }
  }

  private final TfRuntime runtime;
  private final Precision precision;
  private final LanguageModel.Shape shape;
  private final Placeholder<TInt32> ids;
  private final Placeholder<TInt32> mask;
  private final Placeholder<TInt32> positions;
  private final Placeholder<TInt32> predictedFrom;
  private final Operand<TFloat32> stream;
  private Operand<TFloat32> input;

  /**
   * Adds the pass to a graph whose session is not open yet.
   *
   * @param variables of the model
   * @param map that every token goes through
   * @param block counted from 0, whose stream is asked for
   * @param precision of the pass
   */
  public MapInputs(
      TfRuntime runtime,
      Decoder decoder,
      Variables variables,
      Linear map,
      int block,
      Precision precision) {
    this.runtime = runtime;
    this.precision = precision;
    ModelConfig c = decoder.config();
    shape = new LanguageModel.Shape(c.vocabSize(), c.hiddenSize(), c.layers(), c.maxPositions());
    Ops tf = runtime.ops().withSubScope("map_inputs");
    ids = ints(tf, "input_ids", Shape.of(-1, -1));
    mask = ints(tf, "attention_mask", Shape.of(-1, -1));
    positions = ints(tf, "position_ids", Shape.of(-1, -1));
    predictedFrom = ints(tf, "predicted_from", Shape.of(-1));
    TensorFlowEmitter e =
        new TensorFlowEmitter(
            tf, variables, new TfInputs(ids, positions, mask, List.of()), precision);
    e.telling(
        (linear, x, tokens) -> {
          if (linear.equals(map)) {
            input = tf.gather(x.f32(tf), predictedFrom, tf.constant(0));
          }
        });
    TfTensor after = decoder.hidden(e, e.ids()).blocks().get(block);
    stream = tf.gather(after.f32(tf), predictedFrom, tf.constant(0));
    if (input == null) {
      throw new IllegalArgumentException(map.module() + " is no map of the decoder");
    }
  }

  private static Placeholder<TInt32> ints(Ops tf, String name, Shape shape) {
    return tf.withName(name).placeholder(TInt32.class, Placeholder.shape(shape));
  }

  /**
   * Looks at one batch of rows.
   *
   * @throws org.unlearn4j.base.UserException if a row does not fit the model
   */
  public Seen look(List<TokenRow> batch) {
    PaddedBatch b = PaddedBatch.of(batch);
    b.requireFits(shape);
    int labelled = b.labels().length;
    try (Feeds feeds = new Feeds(runtime)) {
      feeds.ints(ids, b.ids(), b.rows(), b.time());
      feeds.ints(mask, b.mask(), b.rows(), b.time());
      feeds.ints(positions, b.positions(), b.rows(), b.time());
      feeds.ints(predictedFrom, b.predictedFrom(), labelled);
      feeds.fetch(input).fetch(stream);
      try (Result result = runtime.run("inputs of a linear map", precision, feeds)) {
        return new Seen(vectors(result, 0, labelled), vectors(result, 1, labelled));
      }
    }
  }

  private static List<float[]> vectors(Result result, int at, int count) {
    float[] flat = TfTensors.floats(result, at);
    int width = flat.length / count;
    return IntStream.range(0, count)
        .mapToObj(v -> Arrays.copyOfRange(flat, v * width, (v + 1) * width))
        .toList();
  }
}
