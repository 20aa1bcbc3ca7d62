package org.unlearn4j.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.parity.Gate;
import org.unlearn4j.parity.GateSubject;
import org.unlearn4j.parity.GenerationDifferences;
import org.unlearn4j.parity.NumericDifference;
import org.unlearn4j.parity.ParityNumbers;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.parity.Survival;
import org.unlearn4j.parity.Verdict;

/** What single sections of the page say, on the example run and on made-up ones. */
class ReportSectionsTest {
  /** A whole run and its page, made once: nothing here changes it. */
  @TempDir static Path shared;

  private static RunFolder complete;
  private static String completePage;

  @TempDir Path folder;

  @BeforeAll
  static void makeReport() throws IOException {
    complete = ExampleRun.complete(shared);
    completePage = page(complete);
  }

  private static String page(RunFolder run) throws IOException {
    return Files.readString(Report.write(run).get(0));
  }

  @Test
  void prettyNumbers() {
    assertEquals("0.1235", Numbers.pretty(0.12345678));
    assertEquals("1.80 · 10⁻²¹", Numbers.pretty(1.8e-21));
    assertEquals("−0.5000", Numbers.pretty(-0.5));
    assertEquals("+0.5000", Numbers.signed(0.5));
    assertEquals("3", Numbers.pretty(3));
    assertEquals("12.35", Numbers.pretty(12.3456));
    assertEquals("not a number", Numbers.pretty(Double.NaN));
    assertEquals("∞", Numbers.pretty(Double.POSITIVE_INFINITY));
  }

  /** The largest change first, whichever way; nothing picked by hand. */
  @Test
  void answersAreInTheOrderOfTheirChange() {
    ReportData data = ReportData.read(complete);
    EvaluationResult target = EvaluationResult.read(complete.evaluation("target", "tf"));
    for (String set : List.of("forget", "retain")) {
      List<AnswerSection.Row> rows = AnswerSection.rows(data, set);
      assertEquals(target.rows(set).size(), rows.size());
      double last = Double.POSITIVE_INFINITY;
      boolean up = false;
      for (AnswerSection.Row row : rows) {
        double before = target.rows(set).get(row.after().index()).value("prob").orElseThrow();
        double change = row.after().value("prob").orElseThrow() - before;
        assertEquals(change, row.change(), 0, set + " " + row.after().index());
        assertTrue(Math.abs(change) <= last, set + " " + row.after().index());
        up |= change > 0;
        last = Math.abs(change);
      }
      assertTrue(up, "the example has rows that changed upwards, which must be ranked by size");
      String page = completePage.substring(completePage.indexOf("data-set=\"" + set + "\""));
      int first = page.indexOf(set + " question " + rows.get(0).after().index() + ":");
      int second = page.indexOf(set + " question " + rows.get(1).after().index() + ":");
      assertTrue(first > 0 && first < second, set);
    }
    String said = completePage.substring(completePage.indexOf("id=\"answers\""));
    for (String model : List.of("target", "retain-only", "unlearned")) {
      assertTrue(
          said.contains("<span class=\"model " + model.replace("-only", "") + "\">" + model),
          model);
    }
    assertTrue(said.contains("true answer"));
  }

  /** Without a target nothing has changed, and the file's order stays. */
  @Test
  void withoutATargetAnswersAreInTheOrderOfTheFile() throws IOException {
    ReportData data = ReportData.read(ExampleRun.bare(folder));
    List<Integer> order =
        AnswerSection.rows(data, "forget").stream().map(r -> r.after().index()).toList();
    assertEquals(order.stream().sorted().toList(), order);
  }

  /** The page names the p-value of the test that the metric is. */
  @Test
  void theHistogramsCaptionIsForgetQuality() {
    EvaluationResult after = EvaluationResult.read(complete.evaluation("unlearned", "tf"));
    String p = Numbers.pretty(after.metric("forget_quality").orElseThrow());
    assertTrue(completePage.contains(Numbers.together(", p = " + p)), p);
  }

  /** Every heading can be asked how it sorts; cells with numbers sort by the whole number. */
  @Test
  void tablesSayHowTheySort() {
    Matcher table =
        Pattern.compile("<table class=\"sortable\">(.*?)</table>", Pattern.DOTALL)
            .matcher(completePage);
    int tables = 0;
    while (table.find()) {
      tables++;
      String markup = table.group(1);
      int headings = markup.split("<th scope=\"col\" aria-sort=\"none\">", -1).length - 1;
      assertTrue(headings > 1, "table " + tables);
      for (String row : markup.substring(markup.indexOf("<tbody>")).split("<tr", -1)) {
        if (row.contains("</tr>")) {
          int cells = row.split("<t[dh][ >]", -1).length - 1;
          assertEquals(headings, cells, row);
        }
      }
      for (String cell : markup.split("<td class=\"number", -1)) {
        assertTrue(cell.startsWith("<") || cell.contains("data-value=\""), cell);
      }
    }
    assertTrue(tables >= 8, tables + " tables");
  }

  /** Rebound and utility of each deployed file, with the numbers they come from. */
  @Test
  void survivalOfDeployment() {
    String page = completePage.substring(completePage.indexOf("id=\"survival\""));
    assertTrue(page.contains("rebound_<wbr>forget_<wbr>truth_<wbr>ratio"));
    assertTrue(page.contains("model_<wbr>utility_<wbr>fall"));
  }

  /** A dot a file and metric on the way from unlearned to target, and a sentence a file. */
  @Test
  void survivalIsDrawn() {
    Survival row =
        new Survival(
            "forget_prob",
            true,
            0.9,
            0.2,
            0.1,
            Map.of("onnx:int8", 0.108, "onnx:int4", 0.5)); // 1 % and 50 % of the way
    Gate holds = Gate.atMost(GateSubject.Rebound.of("forget_prob"), 0.01, 0.05);
    Gate fails = Gate.atMost(GateSubject.Rebound.of("forget_prob"), 0.5, 0.05);
    Verdict verdict =
        new Verdict(List.of(file("onnx:int8", holds), file("onnx:int4", fails)), List.of(row));
    String svg = SurvivalPlot.of(verdict).orElseThrow().inline();
    assertEquals(1, svg.split("<circle fill=\"var", -1).length - 1, "one holds: " + svg);
    assertEquals(1, svg.split("<circle fill=\"none", -1).length - 1, "one does not");
    assertTrue(svg.contains("+50 %") && svg.contains("+1 %") && svg.contains("ONNX int4"), svg);
    assertTrue(SurvivalPlot.of(new Verdict(List.of())).isEmpty());
    assertTrue(
        SurvivalSection.outcome(file("onnx:int8", holds))
            .orElseThrow()
            .markup()
            .contains("✓ ONNX int8 is still unlearned."));
    assertTrue(
        SurvivalSection.outcome(file("onnx:int4", fails))
            .orElseThrow()
            .markup()
            .contains("50 % where at most 5 % is allowed"));
  }

  private static ParityResult file(String runtime, Gate gate) {
    NumericDifference same = ParityNumbers.same(1, 0);
    return new ParityResult(
        runtime,
        "tf",
        same,
        List.of(),
        new GenerationDifferences(1, List.of()),
        List.of(gate),
        Map.of());
  }

  @Test
  void plainWordsFollowTheNumbers() {
    // from 0.9 to 0.1 on the way to 0.2 is 0.8 of 0.7: beyond; to 0.21: 0.69 / 0.7 = 98.6 %
    assertEquals(" That is further than it had to go.", Findings.way(0.9, 0.1, 0.2));
    assertEquals(" That is where it should be.", Findings.way(0.9, 0.21, 0.2));
    // 0.35 of 0.7
    assertEquals(" That is 50 % of the way.", Findings.way(0.9, 0.55, 0.2));
    assertEquals("", Findings.way(0.9, 0.5, 0.9));
    assertTrue(completePage.contains("Forgotten?") && completePage.contains("Kept the rest?"));
  }

  /** A run of the suite muse, deployed only: other sets, no truth ratios, no features. */
  @Test
  void otherSuitesHaveTheirOwnSections() throws IOException {
    RunFolder run = new RunFolder(folder);
    Path file = run.evaluation("unlearned", "onnx:int8");
    Files.createDirectories(file.getParent());
    Files.writeString(
        file,
        """
        {"model": "unlearned", "runtime": "onnx:int8", "suite": "muse",
         "metrics": {"verbmem": 0.125, "knowmem_forget": 0.25, "knowmem_retain": 0.5,
                     "privleak": -12.5, "wmdp_accuracy": 0.375, "invented": 0.0625},
         "per_row": {
           "verbmem": [{"index": 0, "question": "It was", "answer": "a harbour", "rouge": 0.5,
                        "generation": "a ship"}],
           "wmdp": [{"index": 0, "question": "Which?", "answer": "A", "correct": 1,
                     "generation": "A"}],
           "holdout": [{"index": 0, "question": "", "answer": "unseen", "prob": 0.5}]},
         "seconds": 1, "tokens_per_second": 1}
        """);
    String page = page(run);
    Matcher section = Pattern.compile("<section id=\"([a-z-]+)\"><h2>").matcher(page);
    assertEquals(
        List.of("metrics", "attacks", "answers", "asked"),
        section.results().map(m -> m.group(1)).toList());
    for (String words :
        List.of(
            "Verbatim recall is 0.1250.",
            "Verbmem (1)",
            "ONNX int8",
            ">0.3750</td>",
            ">0.0625</td>",
            "Wmdp (1)",
            "<mark>a</mark> ship",
            "−12.50")) {
      assertTrue(page.contains(words), words);
    }
    assertFalse(page.contains("unseen<"), "a set without answers is not shown");
    assertFalse(page.contains("NaN →"), "nothing before, no change");
  }
}
