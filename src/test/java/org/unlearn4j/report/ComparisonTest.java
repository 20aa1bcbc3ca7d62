package org.unlearn4j.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;
import org.unlearn4j.eval.MetricInfo;

class ComparisonTest {
  private static final double NONE = Double.NaN;

  @TempDir Path folder;

  private static Set<Integer> best(String metric, List<Double> values, List<Double> references) {
    return Comparison.best(MetricInfo.of(metric).orElseThrow(), values, references);
  }

  @Test
  void theBestOfARowFollowsTheMetricsDirection() {
    List<Double> none = List.of(NONE, NONE, NONE);
    assertEquals(Set.of(1), best("model_utility", List.of(0.5, 0.7, NONE), none), "higher");
    assertEquals(Set.of(0), best("entanglement", List.of(3.0, 4.0, NONE), none), "lower");
    assertEquals(Set.of(0, 2), best("model_utility", List.of(0.7, 0.5, 0.7), none), "a tie");
    assertEquals(Set.of(), best("model_utility", List.of(0.7, 0.7, 0.7), none), "nobody is better");
    assertEquals(Set.of(), best("model_utility", List.of(0.7, NONE, NONE), none), "nothing beside");
    // |0.05 - 0.17| = 0.12, |0.20 - 0.17| = 0.03, |0.30 - 0.29| = 0.01: each its own reference;
    // the lowest value, or the nearest to one common reference, would be another run
    assertEquals(
        Set.of(2), best("forget_prob", List.of(0.05, 0.20, 0.30), List.of(0.17, 0.17, 0.29)));
    assertEquals(Set.of(), best("forget_prob", List.of(0.05, 0.2, 0.3), none), "no reference");
    assertEquals(
        Set.of(1), best("privleak", List.of(50.0, -11.0, 30.0), none), "measured from 0 already");
  }

  /** A run whose pipeline and evaluation say this. */
  private Path run(String name, String settings, double forget, double utility) throws IOException {
    Path run = folder.resolve(name);
    Files.createDirectories(run.resolve("eval"));
    Files.writeString(run.resolve("pipeline.yaml"), "name: same\n" + settings);
    for (String model : List.of("target", "retain", "unlearned")) {
      double prob = model.equals("target") ? 0.9 : model.equals("retain") ? 0.2 : forget;
      double kept = model.equals("unlearned") ? utility : 0.8;
      Files.writeString(
          run.resolve("eval/" + model + ".tf.json"),
          """
          {"model": "%s", "runtime": "tf", "suite": "fable",
           "metrics": {"forget_prob": %s, "model_utility": %s},
           "per_row": {}, "seconds": 1, "tokens_per_second": 1}
          """
              .formatted(model, prob, kept));
    }
    return run;
  }

  private Comparison two() throws IOException {
    run("a", "unlearn: {epochs: 3, objective: {name: NPO}}\ndata: {forget: f}\n", 0.1, 0.75);
    run(
        "b",
        "unlearn: {epochs: 3, objective: {name: RMU, layer: 2}}\ndata: {forget: f}\n",
        0.25,
        0.7);
    return Comparison.read(List.of("a", folder.resolve("b").toString()), folder);
  }

  /** a is 0.1 from the retain-only 0.2, b 0.05; utility 0.75 is above 0.7. */
  @Test
  void theTableAsText() throws IOException {
    String text = two().text();
    List<List<String>> lines = text.lines().map(l -> List.of(l.strip().split(" {2,}"))).toList();
    assertEquals(
        List.of(
            List.of("better", "a", "b"),
            List.of("verdict", "not verified", "not verified"),
            List.of("unlearn.objective.layer", "-", "2"),
            List.of("unlearn.objective.name", "NPO", "RMU"),
            List.of("forget_prob", "retain-only", "0.1000", "0.2500 *"),
            List.of("model_utility", "higher", "0.7500 *", "0.7000")),
        lines);
    assertTrue(text.lines().allMatch(l -> l.equals(l.stripTrailing())), "no blanks at the end");
  }

  @Test
  void aBlockThatARunDoesNotHaveIsOneLine() throws IOException {
    String both = "data: {forget: f}\n";
    run("a", both + "relearn: {share: 0.1, epochs: 1}\n", 0.1, 0.75);
    run("b", both, 0.1, 0.75);
    List<String> lines = Comparison.read(List.of("a", "b"), folder).text().lines().toList();
    List<String> relearn = lines.stream().filter(l -> l.startsWith("relearn")).toList();
    assertEquals(1, relearn.size(), relearn.toString());
    assertEquals(List.of("relearn", "yes", "-"), List.of(relearn.get(0).split(" +")));
  }

  @Test
  void theSameAsJson() throws IOException {
    JsonNode root = new ObjectMapper().readTree(two().json());
    assertEquals("a", root.at("/runs/0/name").asText());
    assertEquals(0.25, root.at("/runs/1/unlearned/forget_prob").doubleValue(), 0);
    assertEquals(0.2, root.at("/runs/1/retain_only/forget_prob").doubleValue(), 0);
    assertEquals(
        "[\"NPO\",\"RMU\"]", root.at("/settings").path("unlearn.objective.name").toString());
    assertTrue(root.at("/settings").path("unlearn.objective.layer").get(0).isNull());
    assertFalse(root.at("/settings").has("unlearn.epochs"), "the same in both");
    assertEquals("[\"b\"]", root.at("/metrics/0/best").toString());
  }

  @Test
  void aPageWithAPicture() throws IOException {
    Path file = folder.resolve("page.html");
    two().write(file);
    String page = Files.readString(file);
    for (String words :
        List.of(
            "2 runs",
            "Settings that differ",
            "<td class=\"number best\" data-value=\"0.25\" title=\"0.25\">0.2500",
            "<td class=\"number best\" data-value=\"0.75\"",
            ">target<",
            "Utility and forgetting")) {
      assertTrue(page.contains(words), words);
    }
    assertFalse(page.contains("http:") || page.contains("https:"), "nothing from elsewhere");
    assertFalse(page.contains("Features at the last block"), "none were measured");
  }

  /** Two runs of one pipeline are told apart by their folders. */
  @Test
  void runsHaveNamesThatDiffer() throws IOException {
    assertEquals(List.of("a", "b"), two().runs().stream().map(Comparison.Run::name).toList());
    Files.writeString(folder.resolve("a/pipeline.yaml"), "name: first\n");
    assertEquals(
        List.of("first", "same"),
        Comparison.read(List.of("a", "b"), folder).runs().stream()
            .map(Comparison.Run::name)
            .toList());
  }

  @Test
  void otherDataIsACaution() throws IOException {
    two();
    run("c", "unlearn: {epochs: 3}\ndata: {forget: other}\n", 0.1, 0.75);
    assertEquals(
        List.of("The runs differ in data.forget."),
        Comparison.read(List.of("a", "c"), folder).cautions());
    assertEquals(List.of(), Comparison.read(List.of("a", "b"), folder).cautions());
  }

  @Test
  void mistakesAreOneSentence() throws IOException {
    two();
    assertMistake("expected at least two", List.of("a"));
    assertMistake("found a twice", List.of("a", "a"));
    assertMistake("found a/../a twice", List.of("a", "a/../a"));
    assertMistake("aa: found no such folder", List.of("a", "aa"));
    Files.createDirectories(folder.resolve("fable"));
    assertMistake("(did you mean fable?)", List.of("a", "fabel"));
    assertMistake("found no evaluation of the unlearned model", List.of("a", "fable"));
  }

  private void assertMistake(String words, List<String> runs) {
    UserException e = assertThrows(UserException.class, () -> Comparison.read(runs, folder));
    assertTrue(e.getMessage().contains(words), e.getMessage());
    assertEquals(1, e.getMessage().lines().count());
  }
}
