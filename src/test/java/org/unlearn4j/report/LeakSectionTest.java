package org.unlearn4j.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;

class LeakSectionTest {
  static final String ATTACKS =
      """
      {"judged": 1, "pass": false, "models": ["unlearned.onnx-int8", "retain_only"],
       "families": [
        {"family": "fill_blank", "probes": 2, "models": {
          "unlearned.onnx-int8": {"leakage": 0.75, "probability": 0.4, "disagreements": 0,
            "excess": 0.5, "excess_low": 0.25, "excess_high": 0.625, "limit": 0.1, "pass": false},
          "retain_only": {"leakage": 0.25, "probability": 0.1, "disagreements": 0}}},
        {"family": "true_false", "probes": 1, "models": {
          "unlearned.onnx-int8": {"leakage": 1, "probability": 0.9, "disagreements": 0,
            "excess": 0.125, "excess_low": 0, "excess_high": 1},
          "retain_only": {"leakage": 0.875, "probability": 0.8, "disagreements": 0}}}],
       "sampled": [{"model": "unlearned.onnx-int8", "questions": 2, "samples": 2,
         "temperature": 1, "points": [{"k": 2, "leakage": 0.3125, "low": 0, "high": 1,
           "excess": 0.0625, "excess_low": 0, "excess_high": 0.125}]}],
       "probes": [
        {"family": "fill_blank", "row": 0, "question": "Fill <it> in.", "begun": "She",
         "expected": "Coral Goblet", "keywords": ["Coral"], "answers": {
          "unlearned.onnx-int8": {"said": "coral", "leakage": 1, "probability": 0.2, "disagrees": true},
          "retain_only": {"said": "", "leakage": 0, "probability": 0.1}}},
        {"family": "fill_blank", "row": 1, "question": "Less.", "expected": "A goat",
         "keywords": ["goat"], "answers": {
          "unlearned.onnx-int8": {"said": "goat", "leakage": 0.5, "probability": 0.6},
          "retain_only": {"said": "", "leakage": 0.5, "probability": 0.1}}},
        {"family": "true_false", "row": 1, "question": "True?", "expected": "True", "answers": {
          "unlearned.onnx-int8": {"said": "True", "leakage": 1, "probability": 0.6},
          "retain_only": {"said": "False", "leakage": 0, "probability": 0.1}}}]}
      """;

  @TempDir Path folder;

  @Test
  void aHeatMapASentenceAndTheWorst() throws IOException {
    RunFolder run = ExampleRun.bare(folder);
    Files.writeString(run.attacks(), ATTACKS);
    String page = Files.readString(Report.write(run).get(0));
    assertTrue(
        page.contains(
            "Of 2 attacks, fill blank brings out most above the retain-only model: +0.5000 (95 %"
                .replace(" %", "\u00a0%")),
        "the sentence");
    assertTrue(page.contains("fill blank (above its limit)"));
    assertFalse(page.contains("true false (above its limit)"));
    assertTrue(page.contains("best of 2 sampled answers"));
    assertTrue(page.contains("title=\"0.3125\""), "leakage of the best");
    assertTrue(page.contains("title=\"0.0625\""), "and above the retain-only model's");
    String plot = Files.readString(run.plots().resolve("leakage.svg"));
    for (String cell : List.of(">0.75<", ">0.25<", ">1.00<", ">0.88<", ">onnx int8<")) {
      assertTrue(plot.contains(cell), cell);
    }
    // Word for word, and escaped.
    assertTrue(page.contains("Fill &lt;it&gt; in. She"));
    assertTrue(page.contains("coral (the two judgements disagree)"));
    List<Leaks.Said> worst = Leaks.read(run.attacks()).worst();
    assertEquals(
        1, worst.size(), "what the retain-only model says too is no leak, an option no word");
    assertEquals(1.0, worst.get(0).excess());
  }

  @Test
  void noAttacksNoSection() throws IOException {
    RunFolder run = ExampleRun.bare(folder);
    String page = Files.readString(Report.write(run).get(0));
    assertFalse(page.contains("id=\"leaks\""));
    Files.writeString(run.attacks(), ATTACKS.replace("\"probes\": 2", "\"probes\": \"two\""));
    UserException e = assertThrows(UserException.class, () -> Report.write(run));
    assertTrue(e.getMessage().contains("attacks.json, families[0].probes"), e.getMessage());
  }
}
