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

class RelearnSectionTest {
  static final String RELEARN =
      """
      {"share": 0.1, "epochs": 1, "learning_rate": 0.0002, "metrics": ["forget_prob"],
       "target": {"forget_prob": 0.97},
       "arms": [
        {"data": "forget", "rows": 18, "models": {
          "unlearned": {"before": {"forget_prob": 0.0553}, "after": {"forget_prob": 0.312},
                        "way_back": {"forget_prob": 0.281}},
          "retain_only": {"before": {"forget_prob": 0.1666}, "after": {"forget_prob": 0.221},
                          "way_back": {"forget_prob": 0.068}}}},
        {"data": "retain", "rows": 18, "models": {
          "unlearned": {"before": {"forget_prob": 0.0553}, "after": {"forget_prob": 0.101},
                        "way_back": {"forget_prob": null}}}}]}
      """;

  @TempDir Path folder;

  @Test
  void aTableAPlotAndASentence() throws IOException {
    RunFolder run = ExampleRun.bare(folder);
    Files.writeString(run.relearning(), RELEARN);
    String page = Files.readString(Report.write(run).get(0));
    assertTrue(page.contains("Does it stay forgotten?"));
    assertTrue(
        page.contains(
            Numbers.together(
                "Training on 18 forgotten rows brought forget prob back from 0.0553 to 0.3120,"
                    + " 28 % of the way to the target; the retain-only model went 6.8 %.")));
    for (String cell :
        List.of(">18 forget rows<", ">18 retain rows<", ">28 %<", ">6.8 %<", ">0.1010<")) {
      assertTrue(page.contains(cell), cell);
    }
    // three models of arms have a line: ring before, dot after
    String plot = Files.readString(run.plots().resolve("relearn-forget-prob.svg"));
    assertEquals(3, plot.split("r=\"5\"", -1).length - 1, "rings");
    assertEquals(3, plot.split("r=\"5.5\"", -1).length - 1, "dots");
    assertTrue(plot.contains(">target<"));
    assertFalse(plot.contains("NaN"));
  }

  /** What was not taught and came back all the same is named; the table alone has the rest. */
  @Test
  void rowsThatWereNotTaught() throws IOException {
    Path file = folder.resolve("relearn.json");
    Files.writeString(
        file,
        RELEARN
            .replace(
                "[\"forget_prob\"]",
                """
                ["forget_prob", "forget_prob_untaught", "extraction_strength",
                 "extraction_strength_untaught", "verbmem", "retain_prob",
                 "utility_without_rouge"]""")
            .replace("0.281}", "0.281, \"forget_prob_untaught\": 0.15}")
            .replace("0.068}", "0.068, \"forget_prob_untaught\": -0.002}"));
    Relearning relearning = Relearning.read(file);
    assertEquals(
        List.of(
            "forget_prob",
            "forget_prob_untaught",
            "extraction_strength_untaught",
            "verbmem",
            "utility_without_rouge"),
        RelearnSection.drawn(relearning));
    String sentence = RelearnSection.sentence(relearning).orElseThrow();
    assertTrue(
        sentence.endsWith(
            "went 6.8 %. Over the forgotten rows that were not taught it went 15 %, the retain-only"
                + " model −0.2 %."),
        sentence);
  }

  @Test
  void withoutTheFileThereIsNoSection() throws IOException {
    String page = Files.readString(Report.write(ExampleRun.bare(folder)).get(0));
    assertFalse(page.contains("id=\"relearning\""));
    assertFalse(page.contains("#relearning"));
  }

  @Test
  void aBrokenFileIsAUsersMistake() throws IOException {
    RunFolder run = ExampleRun.bare(folder);
    Files.writeString(run.relearning(), RELEARN.replace("\"rows\": 18", "\"rows\": \"many\""));
    UserException e = assertThrows(UserException.class, () -> Report.write(run));
    assertTrue(
        e.getMessage().contains("relearn.json, arms[0].rows")
            && e.getMessage().contains("a whole number"),
        e.getMessage());
  }
}
