package org.unlearn4j.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;

class EvaluationJsonTest {
  @TempDir Path folder;

  private static EvaluationResult example() {
    RowResult row =
        new RowResult(
            4,
            "who?",
            "\"she\"",
            "nobody",
            Map.of("prob", 0.1 + 0.2, "truth_ratio", Double.NaN, "rouge", 0.0));
    RowResult scored = new RowResult(5, "who?", "he", "", Map.of("prob", 0.5));
    FeaturePicture.Point p = new FeaturePicture.Point(0.25, -1.5);
    return Evaluations.of(
        "unlearned",
        "onnx:fp32",
        "tofu",
        Map.of("forget_quality", 1.8e-21, "model_utility", Double.POSITIVE_INFINITY),
        Map.of("forget", List.of(row, scored)),
        Map.of("final_norm", Map.of("cosine", 0.5)),
        Optional.of(
            new FeaturePicture(
                "2", List.of(0.6, 0.2), List.of(p), List.of(p, p), List.of(p), List.of())),
        12.5,
        1000);
  }

  @Test
  void roundTripIsExact() {
    Path file = folder.resolve("eval").resolve("unlearned.onnx-fp32.json");
    example().write(file);
    assertEquals(example(), EvaluationResult.read(file));
    EvaluationResult plain = example().withFeatures(Map.of(), Optional.empty());
    plain.write(file);
    assertEquals(plain, EvaluationResult.read(file));
    assertEquals(Map.of(), EvaluationResult.read(file).weights(), "nobody said");
    EvaluationResult named = plain.withWeights(Map.of("model.safetensors", "abc"));
    named.write(file);
    assertEquals(named, EvaluationResult.read(file));
    assertEquals(named.weights(), named.withFeatures(Map.of(), Optional.empty()).weights());
  }

  @Test
  void shapeIsTheDocumentedOne() throws IOException {
    Path file = folder.resolve("e.json");
    example().write(file);
    JsonNode root = new ObjectMapper().readTree(file.toFile());
    assertEquals(1.8e-21, root.at("/metrics/forget_quality").doubleValue());
    assertEquals(4, root.at("/per_row/forget/0/index").intValue());
    assertEquals(0.1 + 0.2, root.at("/per_row/forget/0/prob").doubleValue());
    assertEquals("nobody", root.at("/per_row/forget/0/generation").asText());
    assertTrue(root.at("/per_row/forget/1/generation").isMissingNode(), "none was made");
    assertEquals(0.5, root.at("/entanglement/final_norm/cosine").doubleValue());
    assertEquals(-1.5, root.at("/pca/before/forget/0/1").doubleValue());
    assertEquals(12.5, root.at("/seconds").doubleValue());
    assertEquals(1000, root.at("/tokens_per_second").doubleValue());
  }

  @Test
  void mistakesNameFileAndPlace() throws IOException {
    complaint("{\"model\": \"m\",\n \"runtime\": }", "line 2");
    complaint("{\"model\": \"m\"}", "per_row");
    complaint(
        "{\"model\": \"m\", \"runtime\": \"tf\", \"suite\": \"s\", \"per_row\": {},"
            + " \"metrics\": {\"a\": \"high\"}, \"seconds\": 1, \"tokens_per_second\": 1}",
        "metrics.a: found \"high\", expected a number");
    UserException e =
        assertThrows(
            UserException.class, () -> EvaluationResult.read(folder.resolve("absent.json")));
    assertTrue(e.getMessage().contains("absent.json"));
  }

  private void complaint(String json, String place) throws IOException {
    Path file = Files.writeString(folder.resolve("bad.json"), json);
    UserException e = assertThrows(UserException.class, () -> EvaluationResult.read(file));
    assertTrue(e.getMessage().contains("bad.json"), e.getMessage());
    assertTrue(e.getMessage().contains(place), e.getMessage());
  }
}
