package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The embedded models that know their facts in several forms: an attack that asks in such a form
 * tells the one that was taught the forgotten authors from the one that was not.
 */
class FormsPairTest {
  /** What the models were taught, but for true or false, which tells less than is asked of all. */
  private static final List<String> FAMILIES =
      List.of(
          "direct",
          "paraphrase",
          "cloze",
          "fill_blank",
          "multiple_choice",
          "json",
          "no_template",
          "prefix_injection",
          "reverse");

  @TempDir Path temp;

  @Test
  void someFormsTellWhoKnowsOnAFewAuthors() throws IOException {
    List<String> some = List.of("cloze", "json", "reverse");
    assertEquals(some, told(some, 24));
  }

  /** All 180 questions: on 36 of them, the few choices of multiple_choice are decided by chance. */
  @Test
  @Tag("slow")
  void everyFormThatWasTaughtTellsWhoKnows() throws IOException {
    assertEquals(FAMILIES, told(FAMILIES, 180));
  }

  /**
   * A negative control: the same attacks on a model that was taught no other form than the first.
   */
  @Test
  void aModelOfOneFormIsNotToldByOthers() throws IOException {
    assertEquals(
        List.of(),
        told(List.of("reverse", "no_template"), 24, "models/fable-target", "models/fable-retain"));
  }

  private List<String> told(List<String> families, int rows) throws IOException {
    return told(families, rows, "models/forms-target", "models/forms-retain");
  }

  /** The families under which the target gives away three times as much, or 0.3 more. */
  private List<String> told(List<String> families, int rows, String target, String twin)
      throws IOException {
    Path out = temp.resolve("attacks.json");
    CommandRun r =
        CommandRun.of(
            "attack",
            "--pipeline",
            "pipeline/fable-forms.yaml",
            "--set",
            "model.path=" + target,
            "--set",
            "model.reference=" + twin,
            "--set",
            "evaluate.limit=" + rows,
            "--set",
            "attack.families=" + families,
            "--model",
            twin,
            "--out",
            out.toString());
    assertEquals(ExitCode.DONE, r.code(), r.out() + r.err());
    assertTrue(r.out().contains("above retain-only"), r.out());
    List<String> told = new ArrayList<>();
    for (JsonNode family : new ObjectMapper().readTree(out.toFile()).path("families")) {
      JsonNode models = family.path("models");
      double knows = models.path("target").path("leakage").asDouble(Double.NaN);
      double never = models.path("retain_only").path("leakage").asDouble(Double.NaN);
      if ((knows > 0 && knows >= 3 * never) || knows >= never + 0.3) {
        told.add(family.path("family").asText());
      }
      double itself = models.path("unlearned.tf").path("excess").asDouble(Double.NaN);
      assertEquals(0, itself, "who never knew gives away nothing above itself: " + family);
    }
    return told;
  }
}
