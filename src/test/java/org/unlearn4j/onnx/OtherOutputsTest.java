package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtSession;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.unlearn4j.base.UserException;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.fixtures.ForwardChecks;
import org.unlearn4j.lm.Generation;
import org.unlearn4j.lm.PaddedBatch;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.weights.GraphChoices;
import org.unlearn4j.weights.Variant;

/** Hidden states as outputs, and logits of the last position only, in both operator sets. */
class OtherOutputsTest {
  /** Two ways through the same float32 products. */
  private static final double SAME = 2e-5;

  @TempDir Path temp;

  private Path export(Fixture fixture, int opset, Variant variant, boolean hidden, boolean last) {
    Path onnx = temp.resolve("onnx-" + hidden + last);
    OnnxExporter.export(
        fixture.folder(),
        onnx,
        ExportOptions.of(List.of(variant.label()))
            .opset(opset)
            .choices(GraphChoices.defaults().outputs(hidden, last)));
    return onnx;
  }

  /**
   * Against float64: the embeddings, the stream after every block but the last, the final norm;
   * each row's mean over its labelled tokens. In two passes with the cache they are what they are
   * in one.
   */
  @ParameterizedTest
  @CsvSource({"llama,17", "llama,23", "gpt2,17", "gpt2,23", "gemma2,23"})
  void hiddenStatesComeOut(String name, int opset) throws Exception {
    Fixture fixture = Fixture.named(name);
    Path onnx = export(fixture, opset, Variant.FP32, true, false);
    JsonNode mean = fixture.expected().path("hidden_mean");
    int layers = mean.path("blocks").size();
    List<TokenRow> rows = Fixture.rows(fixture.expected());
    PaddedBatch b = PaddedBatch.of(rows);
    try (OrtModel model = OrtModel.open(onnx, "fp32", 1)) {
      ForwardChecks.features(fixture, model); // measured beside, it is the same file as ever
      Deployed deployed = model.deployed();
      Set<String> states = new HashSet<>();
      for (String output : deployed.session().getOutputNames()) {
        if (output.startsWith(DecoderGraph.STATES)) {
          states.add(output);
        }
      }
      assertEquals(layers + 1, states.size(), states.toString());
      Set<String> first = new HashSet<>(states);
      first.addAll(deployed.cache().presents());
      int half = b.time() / 2;
      try (OrtSession.Result whole = deployed.pass(b, 0, b.time(), null, states);
          OrtSession.Result begun = deployed.pass(b, 0, half, null, first);
          OrtSession.Result rest = deployed.pass(b, half, b.time(), begun, states)) {
        for (int i = 0; i <= layers; i++) {
          JsonNode due =
              i == 0
                  ? mean.path("embeddings")
                  : i == layers ? mean.path("final_norm") : mean.path("blocks").path(i - 1);
          float[][] all = state(whole, i);
          for (int r = 0; r < rows.size(); r++) {
            double[] expected = Fixture.doubles(due.path(r));
            float[] found = mean(all[r], rows.get(r), expected.length);
            assertClose("state " + i + " of row " + r, expected, found, 1e-5, 0);
            int width = expected.length;
            float[] end = state(rest, i)[r];
            for (int k = 0; k < end.length; k++) {
              boolean token = half + k / width < rows.get(r).length();
              assertEquals(all[r][half * width + k], end[k], token ? SAME : 1e9, "cached");
            }
          }
        }
      }
    }
  }

  /** Row by row, {@code [time * hidden]}. */
  private static float[][] state(OrtSession.Result result, int i) {
    OnnxTensor tensor = (OnnxTensor) result.get(DecoderGraph.STATES + i).orElseThrow();
    long[] shape = tensor.getInfo().getShape();
    assertEquals(3, shape.length, "[batch, time, hidden]");
    FloatBuffer flat = tensor.getFloatBuffer();
    float[][] rows = new float[(int) shape[0]][(int) (shape[1] * shape[2])];
    for (float[] row : rows) {
      flat.get(row);
    }
    return rows;
  }

  private static float[] mean(float[] row, TokenRow tokens, int hidden) {
    float[] mean = new float[hidden];
    for (int t = 0; t < tokens.length(); t++) {
      for (int h = 0; h < hidden && tokens.labels()[t] >= 0; h++) {
        mean[h] += row[t * hidden + h] / tokens.labelled();
      }
    }
    return mean;
  }

  /**
   * What generates text is what it was: logits after a prompt, continuations greedy and sampled,
   * and scores, which are measured on the file's own head. What needs all logits is refused.
   */
  @ParameterizedTest
  @CsvSource({"llama,17,FP32", "llama,23,INT4", "gpt2,17,INT8", "gpt2,23,FP32", "gemma2,23,Q4F16"})
  void logitsOfTheLastPositionAreWhatTheyWere(String name, int opset, Variant variant) {
    Fixture fixture = Fixture.named(name);
    Path all = export(fixture, opset, variant, false, false);
    Path last = export(fixture, opset, variant, true, true);
    List<TokenRow> rows = Fixture.rows(fixture.expected());
    List<int[]> prompts = rows.stream().map(TokenRow::ids).toList();
    Generation how = Generation.greedy(8, Set.of());
    try (OrtModel full = OrtModel.open(all, variant.label(), 1);
        OrtModel cut = OrtModel.open(last, variant.label(), 1)) {
      float[][] due = full.lastLogits(prompts);
      float[][] found = cut.lastLogits(prompts);
      for (int r = 0; r < due.length; r++) {
        assertArrayEquals(due[r], found[r], (float) SAME, "row " + r);
      }
      assertTrue(Math.abs(due[0][0] - due[1][0]) > 100 * SAME, "rows differ, so a mix-up shows");
      List<int[]> spoken = full.generate(prompts, how, (row, token) -> {});
      List<int[]> said = cut.generate(prompts, how, (row, token) -> {});
      for (int r = 0; r < spoken.size(); r++) {
        assertArrayEquals(spoken.get(r), said.get(r), "continuation " + r);
      }
      assertArrayEquals(
          full.samples(prompts.subList(0, 1), 2, how).get(0).get(1),
          cut.samples(prompts.subList(0, 1), 2, how).get(0).get(1));
      for (int r = 0; r < rows.size(); r++) {
        assertEquals(full.score(rows).get(r).nll(), cut.score(rows).get(r).nll(), 1e-4);
      }
      for (Runnable needsAll :
          List.<Runnable>of(() -> cut.logits(rows, 0), () -> cut.openLogits(rows, 0))) {
        String told = assertThrows(UserException.class, needsAll::run).getMessage();
        assertTrue(
            told.endsWith(
                "output logits: found those of the last position only, expected those of all"
                    + " positions (export.logits: all)."),
            told);
      }
    }
    String told = OnnxFile.read(OnnxFile.locate(last, variant.label())).metadata().toString();
    assertTrue(told.contains("unlearn4j.choices=hidden_states=true,logits=last"), told);
    ReadBack.Counts counts = ReadBacks.counts(fixture.folder(), last, variant);
    assertTrue(ReadBacks.clean(counts), counts.toString());
    assertEquals(0, counts.foreign().orElse(-1), "held against our own writer");
  }

  /** Ports by name: nothing else has changed, and nothing is there unasked. */
  @ParameterizedTest
  @CsvSource({"llama,17", "llama,23"})
  void nobodyElseIsDisturbed(String name, int opset) {
    Fixture fixture = Fixture.named(name);
    List<OnnxSummary.Port> usual = ports(export(fixture, opset, Variant.FP32, false, false));
    List<OnnxSummary.Port> hidden = ports(export(fixture, opset, Variant.FP32, true, false));
    assertEquals(usual, hidden.subList(0, usual.size()), "others come after those of old");
    assertEquals(List.of("batch_size", "sequence_length", "32"), hidden.get(usual.size()).shape());
    Map<Boolean, Long> split = Map.of(true, 4L, false, 7L); // 3 layers: 4 states, 1 + 2 * 3 others
    assertEquals(
        split.get(true),
        hidden.stream().filter(p -> p.name().startsWith("hidden_states.")).count());
    assertEquals(split.get(false), (long) usual.size());
    OnnxSummary.Port logits = ports(export(fixture, opset, Variant.FP32, false, true)).get(0);
    assertEquals(List.of("batch_size", "1", "120"), logits.shape());
  }

  private static List<OnnxSummary.Port> ports(Path onnx) {
    return OnnxSummary.of(OnnxFile.locate(onnx, "fp32")).outputs();
  }
}
