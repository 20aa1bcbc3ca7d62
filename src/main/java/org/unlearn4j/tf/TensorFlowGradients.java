package org.unlearn4j.tf;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.PaddedBatch;
import org.unlearn4j.lm.RowGradients;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.WeightSource;
import org.unlearn4j.weights.SafeTensors;

/**
 * How strongly each row pulls at a model's weights, by TensorFlow's gradients. A graph of its own,
 * with weights of its own: a model that is only scored carries no backward pass.
 */
public final class TensorFlowGradients implements RowGradients {
  private final LanguageModel.Shape shape;
  private final TfRuntime runtime;
  private final Placeholder<TInt32> ids;
  private final Placeholder<TInt32> mask;
  private final Placeholder<TInt32> positions;
  private final Placeholder<TInt32> predictedFrom;
  private final Placeholder<TInt32> labels;
  private final Operand<TFloat32> norm;

  private TensorFlowGradients(Decoder decoder, WeightSource weights, TfRuntime runtime) {
    ModelConfig c = decoder.config();
    this.shape =
        new LanguageModel.Shape(c.vocabSize(), c.hiddenSize(), c.layers(), c.maxPositions());
    this.runtime = runtime;
    Ops tf = runtime.ops();
    ids = ints(tf, "input_ids", -1, -1);
    mask = ints(tf, "attention_mask", -1, -1);
    positions = ints(tf, "position_ids", -1, -1);
    predictedFrom = ints(tf, "predicted_from", -1);
    labels = ints(tf, "labels", -1);
    Variables variables = new Variables(runtime, "", decoder.parameters());
    TfInputs in = new TfInputs(ids, positions, mask, List.of());
    TensorFlowEmitter e = new TensorFlowEmitter(tf, variables, in, Precision.FP32);
    TfTensor last = decoder.hidden(e, e.ids()).finalNorm();
    LabelledHead head =
        LabelledHead.emit(tf.withSubScope("labelled"), decoder, e, last, predictedFrom, labels);
    norm = norm(tf, variables, tf.math.mean(head.nll(), tf.constant(0)));
    variables.assign(weights);
  }

  /**
   * Opens a Hugging Face folder.
   *
   * @throws org.unlearn4j.base.UserException if configuration and weights are missing, wrong or do
   *     not fit each other
   */
  public static TensorFlowGradients open(Path folder, Device device) {
    Decoder decoder = Decoder.of(ModelConfig.read(folder));
    TfRuntime runtime = new TfRuntime(Computation.of(Precision.FP32, device));
    try (SafeTensors weights = SafeTensors.open(folder)) {
      return new TensorFlowGradients(
          decoder, TfRuntime.checkpoint(weights, decoder.parameters()), runtime);
    } catch (RuntimeException e) {
      runtime.close();
      throw e;
    }
  }

  /** The global norm: squares are summed per parameter first, as when gradients are clipped. */
  private Operand<TFloat32> norm(Ops tf, Variables variables, Operand<TFloat32> loss) {
    Output<?>[] x =
        variables.parameters().stream()
            .map(p -> variables.read(p).asOutput())
            .toArray(Output<?>[]::new);
    Output<?>[] dx =
        runtime.graph().addGradients("gradients", new Output<?>[] {loss.asOutput()}, x, null);
    List<Operand<TFloat32>> halves = new ArrayList<>();
    for (Output<?> gradient : dx) {
      @SuppressWarnings("unchecked")
      Operand<TFloat32> g = (Operand<TFloat32>) gradient;
      halves.add(tf.nn.l2Loss(g));
    }
    return tf.math.sqrt(tf.math.mul(tf.math.addN(halves), tf.constant(2f)));
  }

  @Override
  public double[] norms(List<TokenRow> rows) {
    return rows.stream().mapToDouble(this::norm).toArray();
  }

  private double norm(TokenRow row) {
    PaddedBatch b = PaddedBatch.of(List.of(row));
    b.requireFits(shape);
    try (Feeds feeds = new Feeds(runtime)) {
      feeds.ints(ids, b.ids(), 1, b.time());
      feeds.ints(mask, b.mask(), 1, b.time());
      feeds.ints(positions, b.positions(), 1, b.time());
      feeds.ints(predictedFrom, b.predictedFrom(), b.labels().length);
      feeds.ints(labels, b.labels(), b.labels().length);
      try (Result r = runtime.run("gradients of a row", feeds.fetch(norm))) {
        return TfTensors.floats(r, 0)[0];
      }
    }
  }

  private static Placeholder<TInt32> ints(Ops tf, String name, long... shape) {
    return tf.withName(name).placeholder(TInt32.class, Placeholder.shape(Shape.of(shape)));
  }

  @Override
  public void close() {
    runtime.close();
  }
}
