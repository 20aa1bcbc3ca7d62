package org.unlearn4j.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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

  /** A line a model and share; what has one point only is no line. */
  @Test
  void curvesOverTheSteps() throws IOException {
    RunFolder run = ExampleRun.bare(folder);
    String curve =
        """
        "curve": [{"step": 0, "taught": 0.1, "untaught": 0.05}, {"step": 4, "untaught": 0.3}]""";
    Files.writeString(
        run.relearning(),
        RELEARN
            .replace("{\"forget_prob\": 0.281}", "{\"forget_prob\": 0.281}, " + curve)
            .replace(
                "\"metrics\"",
                """
                "shares": [{"share": 0.05, "rows": 9, "models": {"retain_only": [
                  {"step": 0, "untaught": 0.1}, {"step": 2, "untaught": 0.2}]}},
                 {"share": 1.0, "rows": 180, "models": {"unlearned": [
                  {"step": 0, "taught": 0.1}, {"step": 45, "taught": 0.9}]}}], "metrics\""""));
    List<Relearning.Line> lines = Relearning.read(run.relearning()).lines();
    assertEquals(2, lines.size(), "all rows taught: nothing is left that was not");
    assertEquals(Map.of(0, 0.05, 4, 0.3), lines.get(0).untaught());
    assertEquals("5 % of forget rows", lines.get(1).taught());
    String page = Files.readString(Report.write(run).get(0));
    if (Charts.available()) {
      assertTrue(page.contains("fainter for smaller shares"));
      assertFalse(Files.readString(run.plots().resolve("relearn-curves.svg")).contains("NaN"));
    }
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
