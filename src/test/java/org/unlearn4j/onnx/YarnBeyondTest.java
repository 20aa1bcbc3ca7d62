package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.unlearn4j.fixtures.Close.assertClose;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.fixtures.Phi3InDouble;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.Sampling;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.weights.SafeTensors;

/**
 * YaRN by 16 beyond the length of the first training, 64: unlike LongRoPE's, its frequencies are
 * the same on either side, so a cache holds.
 *
 * <p>Of 16 features 12 turn, at theta 400. The feature that turns beta times within 64 tokens is 12
 * ln(64 / (2 pi beta)) / (2 ln 400): -1.15 for beta 32, 2.32 for beta 1. So the ramp goes from 0 to
 * 3, and the six frequencies are slowed by 0, 1/3, 2/3, 1, 1, 1.
 */
class YarnBeyondTest {
  private static final double[] SLOWED = {0, 1 / 3.0, 2 / 3.0, 1, 1, 1};
  private static final double FACTOR = 16;
  private static final double MAGNITUDE = 0.1 * Math.log(FACTOR) + 1;
  private static final int FIRST = 64;

  @TempDir Path temp;
  private Path folder;

  @BeforeEach
  void aPhi3WithYarn() throws IOException {
    folder = Files.createDirectories(temp.resolve("yarn"));
    Path from = Fixture.named("phi4mini").folder();
    Files.copy(from.resolve("model.safetensors"), folder.resolve("model.safetensors"));
    ObjectMapper json = new ObjectMapper();
    ObjectNode config = (ObjectNode) json.readTree(from.resolve("config.json").toFile());
    config
        .putObject("rope_parameters")
        .put("rope_type", "yarn")
        .put("rope_theta", 400.0)
        .put("factor", FACTOR)
        .put("partial_rotary_factor", 0.75)
        .put("original_max_position_embeddings", FIRST);
    json.writeValue(folder.resolve("config.json").toFile(), config);
  }

  private LanguageModel open(String runtime) {
    if (runtime.equals("tf")) {
      return TensorFlowModel.open(folder, Computations.FP32);
    }
    Path out = temp.resolve(runtime);
    int opset = Integer.parseInt(runtime.replace("opset", ""));
    OnnxExporter.export(folder, out, ExportOptions.defaults().opset(opset));
    return OrtModel.open(out);
  }

  private static int[] tokens(int length) {
    int[] ids = new int[length];
    for (int t = 0; t < length; t++) {
      ids[t] = (t * t * 7 + 31 * t + 5) % 100;
    }
    return ids;
  }

  private double[][] due(int[] ids, double[] slowed, double magnitude) {
    double[] frequencies = new double[slowed.length];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = Math.pow(400, -2.0 * i / 12) * (1 - slowed[i] + slowed[i] / FACTOR);
    }
    try (SafeTensors weights = SafeTensors.open(folder)) {
      return new Phi3InDouble(weights, ModelConfig.read(folder), frequencies, magnitude)
          .logits(ids);
    }
  }

  private static void close(String what, double[][] due, float[][] found) {
    assertEquals(due.length, found.length, what);
    for (int t = 0; t < due.length; t++) {
      assertClose(what + "[" + t + "]", due[t], found[t], 5e-5, 0);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"tf", "opset23", "opset17"})
  void oneSetOfFrequenciesHoldsOnEitherSide(String runtime) {
    int[] far = tokens(FIRST + 26);
    List<TokenRow> rows = List.of(TokenRow.unlabelled(tokens(FIRST)), TokenRow.unlabelled(far));
    try (LanguageModel model = open(runtime)) {
      float[][][] logits = model.logits(rows, 0);
      close("within", due(tokens(FIRST), SLOWED, MAGNITUDE), logits[0]);
      close("beyond", due(far, SLOWED, MAGNITUDE), logits[1]);
      close("cached", due(far, SLOWED, MAGNITUDE), model.logits(rows.subList(1, 2), FIRST - 4)[0]);
      double[] all = new double[6];
      Arrays.fill(all, 1); // every frequency slowed: position interpolation
      assertThrows(
          AssertionFailedError.class, () -> close("linear", due(far, all, MAGNITUDE), logits[1]));
      assertThrows(
          AssertionFailedError.class, () -> close("no magnitude", due(far, SLOWED, 1), logits[1]));
      int[] sequence = tokens(FIRST - 3);
      int[] found = model.generate(List.of(sequence), 6, Set.of()).get(0);
      for (int i = 0; i < 6; i++) {
        float[][] pass = model.logits(List.of(TokenRow.unlabelled(sequence)), 0)[0];
        assertEquals(Sampling.mostProbable(pass[sequence.length - 1]), found[i], "token " + i);
        sequence = Arrays.copyOf(sequence, sequence.length + 1);
        sequence[sequence.length - 1] = found[i];
      }
    }
  }
}
