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
    String page = Files.readString(Report.write(run));
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

  @Test
  void withoutTheFileThereIsNoSection() throws IOException {
    String page = Files.readString(Report.write(ExampleRun.bare(folder)));
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
