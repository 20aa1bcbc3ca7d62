package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.parity.Gate;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.run.PairCheck;
import org.unlearn4j.run.PairData;
import org.unlearn4j.weights.Variant;

/** {@code verify} on files in the operator set for older runtimes, whole models, every variant. */
class OlderOperatorSetTest {
  @TempDir Path temp;

  /**
   * Against the file in the newer operator set, which has the same weights or codes: where all
   * arithmetic is float32, within the limits of float32. The other two round activations, to
   * float16 or to 255 steps, and where the last bit of a sum differs, now and then the other way.
   */
  @ParameterizedTest
  @CsvSource({
    "llama, FP32, FP32",
    "llama, FP16, FP16",
    "llama, INT8, FP32",
    "llama, INT4, FP32",
    "llama, INT8_DYNAMIC, INT8_DYNAMIC",
    "gpt2, INT8, FP32",
    "gpt2, INT4, FP32",
    "gemma2, INT8, FP32",
    "gemma2, INT4, FP32"
  })
  void computesWhatTheNewerOneDoes(String name, Variant variant, Variant limits) {
    Path older = export(name, variant, GraphForm.OLDER);
    Path newer = export(name, variant, GraphForm.LATEST);
    ParityResult result =
        compare(name, new PairCheck.Side(newer, true), new PairCheck.Side(older, true), limits);
    assertEquals(List.of(), failed(result), result.numeric().toString());
    assertTrue(result.gates().stream().anyMatch(g -> g.name().startsWith("cached_decoding")));
  }

  @Test
  void computesWhatTheTrainedWeightsDo() {
    Path older = export("llama", Variant.FP32, GraphForm.OLDER);
    PairCheck.Side trained = new PairCheck.Side(Fixture.named("llama").folder(), false);
    ParityResult result = compare("llama", trained, new PairCheck.Side(older, true), Variant.FP32);
    assertEquals(List.of(), failed(result), result.numeric().toString());
  }

  /** The limits tell variants apart, so that a file mistaken for another does not pass. */
  @Test
  void negativeControlOtherCodesFail() {
    Path codes = export("llama", Variant.INT8, GraphForm.OLDER);
    Path floats = export("llama", Variant.FP32, GraphForm.LATEST);
    ParityResult result =
        compare(
            "llama",
            new PairCheck.Side(floats, true),
            new PairCheck.Side(codes, true),
            Variant.FP32);
    assertTrue(failed(result).contains("logit_max_abs"), result.numeric().toString());
  }

  /** So that the comparison is one: the two spell attention and norms differently. */
  @Test
  void theTwoAreDifferentGraphs() {
    OnnxSummary of17 = OnnxSummary.of(export("llama", Variant.INT4, GraphForm.OLDER));
    OnnxSummary of23 = OnnxSummary.of(export("llama", Variant.INT4, GraphForm.LATEST));
    Set<String> older = of17.operators().keySet();
    Set<String> newer = of23.operators().keySet();
    assertEquals(17, of17.opsets().get("ai.onnx"));
    assertTrue(newer.contains("Attention") && newer.contains("RMSNormalization"), newer + "");
    assertTrue(!older.contains("Attention") && !older.contains("RMSNormalization"), older + "");
    assertTrue(older.contains("MatMulNBits") && newer.contains("MatMulNBits"), older + "");
  }

  private static ParityResult compare(
      String name, PairCheck.Side a, PairCheck.Side b, Variant limits) {
    Fixture fixture = Fixture.named(name);
    PairCheck check = new PairCheck(Pipeline.defaults("NPO", List.of("evaluate.max_new_tokens=4")));
    PairCheck.Rows rows =
        shape -> PairData.ofIds(Fixture.rows(fixture.expected()), fixture.folder());
    return check.run(a, b, rows, limits).results().get(0);
  }

  private static List<String> failed(ParityResult result) {
    return result.gates().stream().filter(g -> !g.pass()).map(Gate::name).toList();
  }

  private Path export(String name, Variant variant, int opset) {
    Path folder = temp.resolve(name + "-" + variant.label() + "-" + opset);
    OnnxExporter.export(
        Fixture.named(name).folder(),
        folder,
        ExportOptions.of(List.of(variant.label())).opset(opset));
    return folder.resolve("onnx").resolve(variant.fileName());
  }
}
