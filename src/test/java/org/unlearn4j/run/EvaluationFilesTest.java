package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.Evaluations;

/** An evaluation is a file and, with the same numbers, a TensorBoard log. */
class EvaluationFilesTest {
  @TempDir Path folder;

  private static EvaluationResult result(Map<String, Double> metrics) {
    return Evaluations.of(
        "unlearned",
        "tf",
        "tofu",
        metrics,
        Map.of(),
        Map.of("3", Map.of("cosine", 0.25)),
        Optional.empty(),
        1,
        10);
  }

  /** The event file as text: tags are in it as they are. */
  private static String events(Path log) throws IOException {
    try (Stream<Path> files = Files.list(log)) {
      List<Path> all = files.toList();
      assertEquals(1, all.size(), () -> "" + all);
      return Files.readString(all.get(0), StandardCharsets.ISO_8859_1);
    }
  }

  @Test
  void metricsAndFeaturesAreScalarsOfTheRunsLog() throws IOException {
    Path file = folder.resolve("run/eval/unlearned.tf.json");
    EvaluationFiles.write(result(Map.of("gone", 1.0)), file);
    EvaluationFiles.write(result(Map.of("forget_prob", 0.5)), file);
    assertEquals(Map.of("forget_prob", 0.5), EvaluationResult.read(file).metrics());
    String events = events(folder.resolve("run/logs/tensorboard/eval-unlearned.tf"));
    assertTrue(events.contains("forget_prob") && events.contains("entanglement/3/cosine"), events);
    assertFalse(events.contains("gone"), "the older evaluation is replaced");
  }
}
