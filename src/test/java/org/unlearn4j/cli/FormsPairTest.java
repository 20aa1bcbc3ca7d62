package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The embedded models that know their facts in several forms: an attack that asks in such a form
 * tells the one that was taught the forgotten authors from the one that was not.
 */
class FormsPairTest {
  private static final List<String> FAMILIES =
      List.of(
          "direct",
          "paraphrase",
          "cloze",
          "fill_blank",
          "multiple_choice",
          "true_false",
          "json",
          "no_template",
          "prefix_injection",
          "reverse");

  @TempDir Path temp;

  @Test
  void everyFormThatWasTaughtTellsWhoKnows() throws IOException {
    Path out = temp.resolve("attacks.json");
    CommandRun r =
        CommandRun.of(
            "attack",
            "--pipeline",
            "pipeline/fable-forms.yaml",
            "--set",
            "model.path=models/forms-target",
            "--set",
            "model.reference=models/forms-retain",
            "--set",
            "evaluate.limit=36",
            "--set",
            "attack.families=" + FAMILIES,
            "--model",
            "models/forms-retain",
            "--out",
            out.toString());
    assertEquals(ExitCode.DONE, r.code(), r.out() + r.err());
    List<String> told = new ArrayList<>();
    for (JsonNode family : new ObjectMapper().readTree(out.toFile()).path("families")) {
      JsonNode models = family.path("models");
      double knows = models.path("target").path("leakage").asDouble(Double.NaN);
      double never = models.path("retain_only").path("leakage").asDouble(Double.NaN);
      // The measure of a family: three times as much, or 0.3 more.
      if (knows >= 3 * never || knows >= never + 0.3) {
        told.add(family.path("family").asText());
      }
      double itself = models.path("unlearned.tf").path("excess").asDouble(Double.NaN);
      assertEquals(0, itself, "who never knew gives away nothing above itself: " + family);
    }
    assertEquals(FAMILIES, told, r.out());
    assertTrue(r.out().contains("above retain-only"), r.out());
  }
}
