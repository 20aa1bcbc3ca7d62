package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import ai.onnx.proto.OnnxMl.ModelProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.fixtures.ForwardChecks;
import org.unlearn4j.fixtures.LogitDistance;
import org.unlearn4j.lm.Sampling;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;
import org.unlearn4j.weights.Variant;

/** Every family in every variant and in the older operator set, on ONNX Runtime. */
class VariantsTest {
  /**
   * float16 has 11 bits. Rounding the fixtures' weights alone, with all arithmetic in float32,
   * moves single logits by up to 0.019 and all of them by 0.0031 (root mean square, llama, the
   * worst), so the bound is on the latter; the former is bound relative to the largest logit.
   */
  private static final double HALF = 5e-3;

  /** Two float32 computations of the same product: order of summation, and scales rounded once. */
  private static final double SAME = 1e-4;

  @TempDir Path temp;

  @ParameterizedTest
  @MethodSource("org.unlearn4j.fixtures.Fixture#names")
  void theOlderOperatorSetReproducesTheReferenceNumbers(String name) {
    Fixture fixture = Fixture.named(name);
    Path folder = export(fixture.folder(), ExportOptions.defaults().opset(17));
    try (OrtModel model = OrtModel.open(folder)) {
      ForwardChecks.logits(fixture, model, 0);
      ForwardChecks.logits(fixture, model, 4);
      ForwardChecks.features(fixture, model);
      ForwardChecks.scores(fixture, model);
      ForwardChecks.greedy(fixture, model);
    }
  }

  @ParameterizedTest
  @MethodSource("org.unlearn4j.fixtures.Fixture#names")
  void float16IsNearTheReferenceNumbers(String name) {
    Fixture fixture = Fixture.named(name);
    for (int opset : new int[] {17, 23}) {
      Path folder =
          export(fixture.folder(), ExportOptions.of(List.of(Variant.FP16.label())).opset(opset));
      try (OrtModel model = OrtModel.open(folder, Variant.FP16.label(), 1)) {
        for (int cachedFrom : new int[] {0, 4}) {
          assertHalf(fixture, model.logits(Fixture.rows(fixture.expected()), cachedFrom));
        }
        assertConsistent(model, fixture);
      }
    }
  }

  /**
   * Every family in the newer operator set; in the older one those that have between them all words
   * it spells out otherwise: norms of both kinds and per head, rotary embedding, learned positions,
   * windows, soft caps, GELU, matrices {@code [in, out]}, tied heads, experts.
   */
  static Stream<Arguments> forms() {
    return Stream.concat(
        Fixture.names().map(n -> Arguments.of(n, GraphForm.LATEST)),
        Stream.of("llama", "qwen3", "gemma2", "gpt2", "gpt_oss")
            .map(n -> Arguments.of(n, GraphForm.OLDER)));
  }

  @ParameterizedTest
  @MethodSource("forms")
  void codesStandForTheirValues(String name, int opset) throws IOException {
    Fixture fixture = Fixture.named(name);
    ExportOptions options =
        ExportOptions.of(
                List.of(Variant.INT8.label(), Variant.INT8_DYNAMIC.label(), Variant.INT4.label()))
            .opset(opset);
    Path folder = export(fixture.folder(), options);
    for (Variant v : List.of(Variant.INT8, Variant.INT4)) {
      int block = v == Variant.INT8 ? 0 : 32;
      Path checkpoint =
          Dequantized.write(fixture.folder(), temp.resolve("d" + block), block, false);
      Path reference = export(checkpoint, ExportOptions.defaults());
      try (OrtModel model = OrtModel.open(folder, v.label(), 1);
          OrtModel due = OrtModel.open(reference)) {
        assertNear(model, due, fixture, SAME);
        assertConsistent(model, fixture);
        if (v == Variant.INT8) {
          try (OrtModel dynamic = OrtModel.open(folder, Variant.INT8_DYNAMIC.label(), 1)) {
            assertAlike(dynamic, due, fixture);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("forms")
  void quantizedEmbeddingsAreReadFromTheSameCodes(String name, int opset) throws IOException {
    Fixture fixture = Fixture.named(name);
    Path folder =
        export(
            fixture.folder(),
            ExportOptions.of(List.of(Variant.INT4.label())).opset(opset).quantizedEmbeddings(true));
    Set<String> contents = operators(folder.resolve("onnx").resolve("model_q4.onnx"));
    assertTrue(contents.contains("GatherBlockQuantized"), contents.toString());
    Path checkpoint = Dequantized.write(fixture.folder(), temp.resolve("d"), 32, true);
    try (OrtModel model = OrtModel.open(folder, Variant.INT4.label(), 1);
        OrtModel due = OrtModel.open(export(checkpoint, ExportOptions.defaults()))) {
      assertNear(model, due, fixture, SAME);
      assertConsistent(model, fixture);
    }
  }

  private static void assertHalf(Fixture fixture, float[][][] logits) {
    LogitDistance d = LogitDistance.of(fixture, logits);
    assertTrue(d.rootMeanSquare() < HALF, "root mean square " + d.rootMeanSquare());
    assertTrue(d.worst() < HALF * d.largest(), d.worst() + " of " + d.largest());
  }

  private static Set<String> operators(Path file) throws IOException {
    return Set.copyOf(
        ModelProto.parseFrom(Files.readAllBytes(file)).getGraph().getNodeList().stream()
            .map(n -> n.getOpType())
            .toList());
  }

  /**
   * Activations are rounded to 255 steps of their range in a call, so nothing is near at every
   * place. The error is noise of about a step a product; a wrong zero point, scale or transposition
   * makes logits that have nothing to do with the right ones (an error as large as they are).
   */
  private static void assertAlike(OrtModel model, OrtModel due, Fixture fixture) {
    List<TokenRow> rows = Fixture.rows(fixture.expected());
    float[][][] expected = due.logits(rows);
    for (int cachedFrom : new int[] {0, 5}) {
      float[][][] found = model.logits(rows, cachedFrom);
      double error = 0;
      double size = 0;
      for (int r = 0; r < found.length; r++) {
        for (int t = 0; t < found[r].length; t++) {
          for (int v = 0; v < found[r][t].length; v++) {
            error += Math.pow(found[r][t][v] - expected[r][t][v], 2);
            size += Math.pow(expected[r][t][v], 2);
          }
        }
      }
      double relative = Math.sqrt(error / size);
      assertTrue(relative < 0.1, model.runtime() + ": relative error " + relative);
    }
  }

  private static void assertNear(OrtModel model, OrtModel due, Fixture fixture, double atol) {
    List<TokenRow> rows = Fixture.rows(fixture.expected());
    float[][][] expected = due.logits(rows);
    float[][][] found = model.logits(rows);
    for (int r = 0; r < found.length; r++) {
      for (int t = 0; t < found[r].length; t++) {
        String what = model.runtime() + " logits[" + r + "][" + t + "]";
        assertClose(what, doubles(expected[r][t]), found[r][t], atol, 0);
      }
    }
  }

  /** The cache changes nothing, and the measuring graphs score what the file computes. */
  private static void assertConsistent(OrtModel model, Fixture fixture) {
    assertCaching(model, fixture, 2e-5);
    List<TokenRow> rows = Fixture.rows(fixture.expected());
    float[][][] logits = model.logits(rows);
    List<TokenScores> scores = model.score(rows);
    for (int r = 0; r < rows.size(); r++) {
      int n = 0;
      for (int t = 1; t < rows.get(r).length(); t++) {
        int label = rows.get(r).labels()[t];
        if (label != TokenRow.IGNORED) {
          LogitScores.Score due = LogitScores.of(logits[r][t - 1], label);
          String what = model.runtime() + " row " + r + " label " + n;
          assertClose(what, due.logProb(), scores.get(r).logProbs()[n], 1e-4, 0);
          n++;
        }
      }
    }
    assertEquals(model.features(rows).length, model.shape().layers() + 2);
  }

  /** A prefill in two chunks is one forward pass; decoding picks what a forward pass picks. */
  private static void assertCaching(OrtModel model, Fixture fixture, double atol) {
    List<TokenRow> rows = Fixture.rows(fixture.expected());
    float[][][] whole = model.logits(rows);
    float[][][] chunked = model.logits(rows, 5);
    for (int r = 0; r < whole.length; r++) {
      for (int t = 0; t < whole[r].length; t++) {
        String what = model.runtime() + " cached, logits[" + r + "][" + t + "]";
        assertClose(what, doubles(whole[r][t]), chunked[r][t], atol, 0);
      }
    }
    int[] prompt = rows.get(0).ids();
    int[] continuation = model.generate(List.of(prompt), 6, Set.of()).get(0);
    int[] all = Arrays.copyOf(prompt, prompt.length + 6);
    System.arraycopy(continuation, 0, all, prompt.length, 6);
    float[][] logits = model.logits(List.of(TokenRow.unlabelled(all)))[0];
    for (int i = 0; i < 6; i++) {
      float[] z = logits[prompt.length - 1 + i];
      // Not the argmax itself: two logits may be closer than what the cache rounds.
      float best = z[Sampling.mostProbable(z)];
      assertTrue(best - z[continuation[i]] <= atol, model.runtime() + " token " + i);
    }
  }

  private Path export(Path model, ExportOptions options) {
    Path folder = temp.resolve("out" + System.nanoTime());
    OnnxExporter.export(model, folder, options);
    return folder;
  }

  private static double[] doubles(float[] values) {
    double[] wide = new double[values.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }
}
