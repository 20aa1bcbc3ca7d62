package org.unlearn4j.tf;

import java.util.List;
import java.util.stream.IntStream;
import org.unlearn4j.lm.PaddedBatch;
import org.unlearn4j.lm.TokenRow;

/**
 * The logit lens (nostalgebraist, 2020): what the final norm and the head make of the residual
 * stream below the last block.
 */
public final class LogitLens {
  private LogitLens() {}

  /**
   * How probable each row's answer is, read off each layer: the geometric mean over its tokens.
   *
   * @param rows one batch, each with a labelled token
   * @return {@code [layers + 1][row]}: the embeddings, then the stream after each block; the last
   *     one is the model's own probability
   * @throws org.unlearn4j.base.UserException if a row does not fit the model
   */
  public static double[][] probabilities(TensorFlowModel model, List<TokenRow> rows) {
    PaddedBatch b = PaddedBatch.of(rows);
    b.requireFits(model.shape());
    List<Integer> layers = IntStream.rangeClosed(0, model.shape().layers()).boxed().toList();
    float[][][] states = model.states().predicting(b, layers);
    double[][] probabilities = new double[states.length][rows.size()];
    for (int l = 0; l < states.length; l++) {
      float[] nll = model.states().read(b, states[l]);
      int from = 0;
      for (int r = 0; r < rows.size(); r++) {
        int tokens = rows.get(r).labelled();
        double sum = 0;
        for (int t = 0; t < tokens; t++) {
          sum += nll[from + t];
        }
        probabilities[l][r] = Math.exp(-sum / tokens);
        from += tokens;
      }
    }
    return probabilities;
  }
}
