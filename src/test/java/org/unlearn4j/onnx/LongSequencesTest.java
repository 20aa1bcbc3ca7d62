package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.fixtures.Phi3InDouble;
import org.unlearn4j.lm.Decoding;
import org.unlearn4j.lm.Generation;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.Sampling;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.weights.SafeTensors;

/**
 * LongRoPE beyond the length of the first training, 64 here: the whole sequence turns by the long
 * factors, whatever is beside it in the batch, and what is cached is computed again when a sequence
 * grows so long.
 */
class LongSequencesTest {
  private static final int FIRST = 64;
  private static final Fixture FIXTURE = Fixture.named("phi4mini");
  private static final ModelConfig CONFIG = ModelConfig.read(FIXTURE.folder());

  @TempDir Path temp;

  private LanguageModel open(String runtime) {
    if (runtime.equals("tf")) {
      return TensorFlowModel.open(FIXTURE.folder(), Computations.FP32);
    }
    Path folder = temp.resolve(runtime);
    int opset = Integer.parseInt(runtime.replace("opset", ""));
    OnnxExporter.export(FIXTURE.folder(), folder, ExportOptions.defaults().opset(opset));
    return OrtModel.open(folder);
  }

  private static int[] tokens(int length, int seed) {
    int[] ids = new int[length];
    for (int t = 0; t < length; t++) {
      ids[t] = (t * t * 7 + 31 * t * seed + 5 * seed) % CONFIG.vocabSize();
    }
    return ids;
  }

  /** Float64, from the definition: theta^(-2i/rot) / factor, times sqrt(1 + ln s / ln 64). */
  private static double[][] due(int[] ids, String factors) {
    JsonNode rope = CONFIG.json().path("rope_parameters");
    double[] frequencies = Fixture.doubles(rope.path(factors));
    for (int i = 0; i < frequencies.length; i++) {
      double base = rope.path("rope_theta").doubleValue();
      frequencies[i] = Math.pow(base, -2.0 * i / 12) / frequencies[i]; // 12 of 16 features turn
    }
    double magnitude = Math.sqrt(1 + Math.log(1024.0 / FIRST) / Math.log(FIRST));
    try (SafeTensors weights = SafeTensors.open(FIXTURE.folder())) {
      return new Phi3InDouble(weights, CONFIG, frequencies, magnitude).logits(ids);
    }
  }

  private static void close(String what, double[][] due, float[][] found) {
    assertEquals(due.length, found.length, what);
    for (int t = 0; t < due.length; t++) {
      assertClose(what + "[" + t + "]", due[t], found[t], 5e-5, 0);
    }
  }

  /** The pass in double precision is the fixture's at its length. */
  @Test
  void theDefinitionIsTheFixtures() {
    TokenRow row = Fixture.rows(FIXTURE.expected()).get(0);
    double[][] found = due(row.ids(), "short_factor");
    for (int t = 0; t < found.length; t++) {
      double[] expected = Fixture.doubles(FIXTURE.expected().path("logits").path(0).path(t));
      for (int v = 0; v < expected.length; v++) {
        assertEquals(expected[v], found[t][v], 1e-6); // six decimals are stored
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"tf", "opset23", "opset17"})
  void eachSequenceTurnsByTheFactorsOfItsLength(String runtime) {
    int[] most = tokens(FIRST, 1);
    int[] beyond = tokens(FIRST + 1, 2);
    int[] far = tokens(FIRST + 26, 3);
    try (LanguageModel model = open(runtime)) {
      List<TokenRow> rows =
          List.of(TokenRow.unlabelled(most), TokenRow.unlabelled(beyond), TokenRow.unlabelled(far));
      float[][][] logits = model.logits(rows, 0);
      close("as long as the first training", due(most, "short_factor"), logits[0]);
      close("one longer", due(beyond, "long_factor"), logits[1]);
      close("longer", due(far, "long_factor"), logits[2]);
      assertThrows(
          AssertionFailedError.class, () -> close("other", due(far, "short_factor"), logits[2]));
      assertThrows(
          AssertionFailedError.class, () -> close("other", due(most, "long_factor"), logits[0]));
      // A cache of a sequence that is too long for it already, and of one that has yet to grow.
      close("cached", due(far, "long_factor"), model.logits(List.of(rows.get(2)), FIRST + 3)[0]);
      close("crossing", due(far, "long_factor"), model.logits(List.of(rows.get(2)), 40)[0]);
    }
  }

  /**
   * Rows of a batch cross at different steps, one is beyond from the start, one never gets there.
   */
  @ParameterizedTest
  @ValueSource(strings = {"tf", "opset23"})
  void decodingAcrossIsOnePassOnEitherSide(String runtime) {
    List<int[]> prompts =
        List.of(tokens(FIRST - 3, 1), tokens(FIRST - 1, 2), tokens(FIRST + 4, 3), tokens(9, 4));
    try (LanguageModel model = open(runtime)) {
      List<int[]> found = model.generate(prompts, 8, Set.of());
      for (int r = 0; r < prompts.size(); r++) {
        int[] sequence = prompts.get(r);
        for (int i = 0; i < 8; i++) {
          float[][] pass = model.logits(List.of(TokenRow.unlabelled(sequence)), 0)[0];
          int picked = Sampling.mostProbable(pass[sequence.length - 1]);
          assertEquals(picked, found.get(r)[i], runtime + ", row " + r + ", token " + i);
          sequence = Arrays.copyOf(sequence, sequence.length + 1);
          sequence[sequence.length - 1] = picked;
        }
      }
    }
  }

  /** What a client gets that keeps keys that were turned by the short factors. */
  @Test
  void negativeControlAMixedCacheDecodesOtherwise() {
    List<int[]> prompts = List.of(tokens(FIRST - 3, 1), tokens(FIRST - 1, 2), tokens(FIRST, 5));
    try (LanguageModel model = open("opset23")) {
      List<int[]> due = model.generate(prompts, 8, Set.of());
      OrtModel deployed = (OrtModel) model;
      for (OptionalInt limit : List.of(OptionalInt.of(FIRST), OptionalInt.empty())) {
        Decoding d =
            new Decoding(prompts, Generation.greedy(8, Set.of()), 1024, limit, (row, token) -> {});
        try (OrtDecoding rounds = new OrtDecoding(deployed.deployed(), 3, OrtDecoding.MOST)) {
          rounds.run(d);
        }
        boolean same = true;
        for (int r = 0; r < due.size(); r++) {
          same &= Arrays.equals(due.get(r), d.continuations().get(r));
        }
        assertEquals(limit.isPresent(), same, "a cache that knows its limit: " + limit);
      }
    }
  }

  /** Shared prompts and pieces of prompts go the long way round where a cache does not hold. */
  @Test
  void scoresBeyondAreThoseOfThePass() {
    int[] ids = tokens(FIRST + 6, 3);
    int[] labels = new int[ids.length];
    Arrays.fill(labels, TokenRow.IGNORED);
    System.arraycopy(ids, FIRST - 2, labels, FIRST - 2, 8);
    double[][] logits = due(ids, "long_factor");
    double nll = 0;
    for (int t = FIRST - 2; t < ids.length; t++) {
      double sum = 0;
      for (double z : logits[t - 1]) {
        sum += Math.exp(z);
      }
      nll += Math.log(sum) - logits[t - 1][ids[t]];
    }
    try (LanguageModel model = open("opset23")) {
      TokenRow row = new TokenRow(ids, labels);
      assertClose("nll", nll, model.score(List.of(row, row)).get(1).nll(), 1e-4, 0);
      List<int[]> prompts = List.of(tokens(FIRST + 4, 3));
      List<int[]> due = model.generate(prompts, 4, Set.of());
      Decoding d =
          new Decoding(
              prompts,
              Generation.greedy(4, Set.of()),
              1024,
              OptionalInt.of(FIRST),
              (row1, token) -> {});
      try (OrtDecoding pieces = new OrtDecoding(((OrtModel) model).deployed(), 1, 1)) {
        pieces.run(d);
      }
      assertArrayEquals(due.get(0), d.continuations().get(0));
      assertTrue(model.shape().maxPositions() == 1024);
    }
  }
}
