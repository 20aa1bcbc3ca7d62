package org.unlearn4j.tf;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.FloatBuffer;
import java.util.function.Function;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.fixtures.ForwardChecks;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.weights.SafeTensors;

/**
 * The negative control of the rotary embedding: turning feature 2i with its neighbour 2i + 1
 * instead of i with i + half fails the very assertion that the right layout passes.
 *
 * <p>The mistake is made in the weights. Let P put features 0, 2, 4, ... in front and 1, 3, 5, ...
 * behind; then turning halves of P x is P applied to turning neighbours of x, and queries and keys
 * permuted alike have the same products. So a model whose query and key rows are permuted by P,
 * computed in halves, is the unpermuted model computed in neighbour pairs.
 */
class NeighbourPairRopeTest {

  @ParameterizedTest
  @ValueSource(strings = {"llama", "llama3_rope", "mistral", "qwen2", "gemma", "gemma2"})
  void failsTheLogitsFromPositionOneOn(String name) {
    Fixture fixture = Fixture.named(name);
    Decoder decoder = Decoder.of(ModelConfig.read(fixture.folder()));
    try (SafeTensors weights = SafeTensors.open(fixture.folder())) {
      Function<Parameter, float[]> stored = p -> weights.floats(p.name());
      int headDim = decoder.config().headDim();
      try (TensorFlowModel model =
          TensorFlowModel.of(
              decoder,
              p ->
                  p.name().matches(".*\\.[qk]_proj\\.(weight|bias)")
                      ? paired(stored.apply(p), headDim, p.shape().size() == 1 ? 1 : p.dim(1))
                      : FloatBuffer.wrap(stored.apply(p)),
              Computations.FP32)) {
        AssertionFailedError miss =
            assertThrows(AssertionFailedError.class, () -> ForwardChecks.logits(fixture, model, 0));
        // At position 0 nothing is turned yet, and both layouts agree.
        assertTrue(miss.getMessage().startsWith("logits[0][1]"), miss.getMessage());
      }
    }
  }

  /** Rows {@code [heads * headDim]} of a matrix, P applied within each head. */
  private static FloatBuffer paired(float[] rows, int headDim, int width) {
    float[] result = new float[rows.length];
    for (int row = 0; row < rows.length / width; row++) {
      int feature = row % headDim;
      int half = headDim / 2;
      int from = feature < half ? 2 * feature : 2 * (feature - half) + 1;
      System.arraycopy(rows, (row - feature + from) * width, result, row * width, width);
    }
    return FloatBuffer.wrap(result);
  }
}
