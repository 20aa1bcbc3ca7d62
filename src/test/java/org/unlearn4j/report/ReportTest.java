package org.unlearn4j.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.parity.Verdict;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

class ReportTest {
  private static final Pattern TAG = Pattern.compile("<(/?)([a-zA-Z][a-zA-Z0-9]*)([^>]*)>");
  private static final Set<String> VOID = Set.of("meta", "br", "hr", "img", "wbr", "input");

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

  /** Without the program's own style and script, whose text is not markup. */
  private static String body(String page) {
    return page.substring(page.indexOf("<body>"), page.lastIndexOf("<script>"));
  }

  @Test
  void everyNumberIsThere() {
    RunFolder run = complete;
    String page = completePage;
    for (Path file : run.evaluations()) {
      EvaluationResult result = EvaluationResult.read(file);
      result
          .metrics()
          .forEach(
              (name, value) ->
                  assertTrue(
                      page.contains(
                          "<td class=\"number\" data-value=\"%s\" title=\"%s\">%s"
                              .formatted(value, value, Numbers.pretty(value))),
                      file + " " + name));
    }
    for (String words :
        List.of(
            "fable &amp; friends",
            ">retain-only",
            "<small>TensorFlow</small>",
            "<small>ONNX fp32</small>",
            "TensorFlow = ONNX fp32",
            "→ retain-only",
            "↑ higher",
            ">NPO</td>",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "parts at character 0",
            "identical_<wbr>generations")) {
      assertTrue(page.contains(words), words);
    }
  }

  @Test
  void theFolderDecidesTheVerdict() throws IOException {
    RunFolder run = ExampleRun.complete(folder);
    assertTrue(page(run).contains("<div class=\"verdict pass\">"));
    String verdict = Files.readString(run.verdict());
    Files.writeString(
        run.verdict(),
        verdict.replaceFirst(
            "\"value\" : 0\\.0,\\s*\"limit\" : 0\\.001", "\"value\":0.5,\"limit\":0.001"));
    String failed = page(run);
    assertTrue(failed.contains("<div class=\"verdict fail\">"));
    int gates = Verdict.read(run.verdict()).results().get(0).gates().size();
    assertTrue(failed.contains("1 of " + gates + " gates do not hold"), "count");
    assertTrue(failed.contains("logit_max_abs: found 0.5000, expected at most 0.001000"), "which");
    assertTrue(failed.contains("✗ 0.4990 beyond"), "by how much");
  }

  @Test
  void whatComesFromFilesIsEscaped() {
    String page = completePage;
    assertTrue(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;quotes&quot;"));
    assertFalse(page.contains("alert(1)</script>"));
    assertFalse(page.contains("<b>"));
    assertFalse(page.contains("\u0007"), "control characters are not HTML");
    assertEquals(1, page.split("<script>", -1).length - 1, "only the program's own script");
  }

  @Test
  void tagsAreBalanced() {
    Deque<String> open = new ArrayDeque<>();
    String page = completePage;
    Matcher tag = TAG.matcher(body(page) + "</body>");
    int tags = 0;
    while (tag.find()) {
      tags++;
      if (tag.group(1).isEmpty()) {
        if (!VOID.contains(tag.group(2)) && !tag.group(3).endsWith("/")) {
          open.push(tag.group(2));
        }
      } else {
        assertEquals(tag.group(2), open.pop(), "closing tag " + tags);
      }
    }
    assertTrue(open.isEmpty(), open.toString());
    assertTrue(tags > 1000);
  }

  @Test
  void nothingIsLoadedFromElsewhere() {
    String page = completePage;
    for (String outside : List.of("http:", "https:", "src=", "url(", "@import", "<link", "//cdn")) {
      String found = page.contains(outside) ? context(page, outside) : "";
      // plots clip to shapes of their own
      assertTrue(found.isEmpty() || found.contains("url(#"), outside + ": " + found);
    }
    Matcher reference = Pattern.compile("url\\(([^)]*)\\)|href=\"([^\"]*)\"").matcher(page);
    while (reference.find()) {
      String target = reference.group(1) == null ? reference.group(2) : reference.group(1);
      assertTrue(target.startsWith("#"), target);
      assertTrue(page.contains("id=\"" + target.substring(1) + "\""), target + " leads nowhere");
    }
    assertTrue(page.contains("default-src &#39;none&#39;"));
  }

  private static String context(String page, String word) {
    int at = page.indexOf(word);
    return page.substring(Math.max(0, at - 40), Math.min(page.length(), at + 40));
  }

  @Test
  void plotsAreFilesToo() throws IOException {
    Assumptions.assumeTrue(Charts.available(), "this Java has no fonts, so there are no plots");
    RunFolder run = complete;
    String page = completePage;
    try (Stream<Path> files = Files.list(run.plots())) {
      List<String> names = files.map(p -> p.getFileName().toString()).sorted().toList();
      assertEquals(
          List.of(
              "features.svg",
              "layers-cosine-of-means.svg",
              "layers-cosine.svg",
              "layers-entanglement-log-ratio.svg",
              "layers-entanglement.svg",
              "layers-principal-angles.svg",
              "layers-probe-auc.svg",
              "layers-retain-cka.svg",
              "layers-retain-drift.svg",
              "roc-loss.svg",
              "roc-min-k-20.svg",
              "roc-min-k-40.svg",
              "roc-min-k-pp-20.svg",
              "roc-min-k-pp-40.svg",
              "roc-reference.svg",
              "roc-zlib.svg",
              "train-clreg.svg",
              "train-forget.svg",
              "train-grad-norm.svg",
              "train-lr.svg",
              "train-retain.svg",
              "train-total.svg",
              "truth-ratios-cumulative.svg",
              "truth-ratios-retain-only.svg",
              "truth-ratios-target.svg",
              "truth-ratios-unlearned.svg"),
          names);
      for (String name : names) {
        String svg = Files.readString(run.plots().resolve(name));
        wellFormed(svg, name);
        assertFalse(svg.contains("var("), name + " stands alone");
      }
      assertEquals(names.size(), page.split("<figure", -1).length - 1);
    }
    assertTrue(page.contains("var(--forget)"), "plots take the page's colours");
    for (Ink ink : Ink.values()) {
      assertFalse(page.contains(ink.placeholder()), ink + " is a placeholder only");
    }
  }

  private static void wellFormed(String svg, String name) throws IOException {
    try {
      DocumentBuilderFactory.newInstance()
          .newDocumentBuilder()
          .parse(new InputSource(new StringReader(svg)));
    } catch (SAXException | ParserConfigurationException e) {
      throw new AssertionError(name, e);
    }
  }

  /** An evaluation from before the values before were kept: the target's own stand in for them. */
  @Test
  void everyMeasureHasItsValueBefore() throws IOException {
    assertTrue(completePage.contains("<small>before 0.8200</small>"), "cosine of the embeddings");
    assertTrue(completePage.contains("entanglement, ↓ lower is better"));
    assertTrue(completePage.contains("probe AUC, ↑ higher is better"));
    Assumptions.assumeTrue(Charts.available(), "this Java has no fonts, so there are no plots");
    String panel = Files.readString(complete.plots().resolve("layers-entanglement.svg"));
    assertTrue(panel.contains(Ink.TARGET.standalone()), "before");
    assertTrue(panel.contains(Ink.RETAIN.standalone()), "retain-only");
    String change = Files.readString(complete.plots().resolve("layers-retain-drift.svg"));
    assertFalse(change.contains(Ink.TARGET.standalone()), "a change has no before");
    RunFolder run = ExampleRun.complete(folder);
    Path file = run.evaluation("unlearned", "tf");
    Files.writeString(
        file, Files.readString(file).replaceAll(",\\s*\"[a-z_]+_before\" : [-0-9.E]+", ""));
    assertFalse(page(run).contains("<small>before "), "not in the table");
    String old = Files.readString(run.plots().resolve("layers-entanglement.svg"));
    assertTrue(old.contains(Ink.TARGET.standalone()), "but the target was measured");
    Files.delete(run.evaluation("target", "tf"));
    page(run);
    String without = Files.readString(run.plots().resolve("layers-entanglement.svg"));
    assertFalse(without.contains(Ink.TARGET.standalone()), "nothing is made up");
  }

  @Test
  void theSameFolderGivesTheSamePage() throws IOException {
    assertEquals(completePage, page(complete));
  }

  /** What a run has not is one sentence at the end, and no heading without anything below it. */
  @Test
  void absentPartsAreLeftOut() throws IOException {
    String page = page(ExampleRun.bare(folder));
    for (String sentence :
        List.of(
            "This run does not have the following, so this page does not show it: an evaluation of"
                + " the target model; an evaluation of the retain-only model; an evaluation of a deployed file; a"
                + " verdict (verify.json); a training log (logs/train.jsonl); measures of"
                + " features; settings (pipeline.yaml); hashes of weights and data"
                + " (unlearning.json); relearning (relearn.json); attacks (attacks.json).",
            "This run has no verify.json")) {
      assertTrue(page.contains(sentence), sentence);
    }
    assertTrue(page.contains("Not verified"));
    Matcher section = Pattern.compile("<section id=\"([a-z-]+)\"><h2>").matcher(page);
    List<String> sections = section.results().map(m -> m.group(1)).toList();
    assertEquals(List.of("metrics", "truth-ratios", "attacks", "answers", "asked"), sections);
    Matcher link = Pattern.compile("<a href=\"#([a-z-]+)\">").matcher(page);
    assertEquals(sections, link.results().map(m -> m.group(1)).toList(), "contents");
    for (String empty : List.of("<tbody></tbody>", "<dl></dl>", "</h2></section>", "<nav></nav>")) {
      assertFalse(page.contains(empty), empty);
    }
  }

  @Test
  void numbersThatAreNoneAreSaidToBeSo() throws IOException {
    RunFolder run = ExampleRun.bare(folder);
    Path file = run.evaluation("unlearned", "tf");
    Files.writeString(
        file,
        Files.readString(file)
            .replaceFirst("\"forget_prob\" : [0-9.]+", "\"forget_prob\": \"NaN\""));
    assertTrue(page(run).contains("not a number"));
  }

  @Test
  void noEvaluationIsAUsersMistake() {
    UserException e = assertThrows(UserException.class, () -> Report.write(new RunFolder(folder)));
    assertTrue(e.getMessage().contains("unlearned.tf.json"), e.getMessage());
    assertFalse(Files.exists(folder.resolve("report.html")));
  }

  @Test
  void brokenFilesNameTheirLine() throws IOException {
    RunFolder run = ExampleRun.bare(folder);
    Files.createDirectories(run.trainLog().getParent());
    Files.writeString(run.trainLog(), "{\"step\": 1}\n{\"step\": \n");
    complaint(run, "train.jsonl, line 2");
    Files.delete(run.trainLog());
    Files.writeString(run.pipeline(), "name: x\nmodel: [\n");
    complaint(run, "pipeline.yaml, line 3");
    assertFalse(Files.exists(run.report()), "nothing half-written");
  }

  private static void complaint(RunFolder run, String place) {
    UserException e = assertThrows(UserException.class, () -> Report.write(run));
    assertTrue(e.getMessage().contains(place), e.getMessage());
  }
}
