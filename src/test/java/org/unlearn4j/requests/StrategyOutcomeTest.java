package org.unlearn4j.requests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.Evaluations;
import org.unlearn4j.ledger.Entry;
import org.unlearn4j.ledger.Ledger;
import org.unlearn4j.ledger.Unlearned;

class StrategyOutcomeTest {
  @TempDir Path temp;

  /** A run that unlearns some requests; probabilities and extraction (a tenth) of all so far. */
  private static Ledger run(Ledger ledger, List<String> fresh, Map<String, Double> probabilities) {
    Map<String, Map<String, String>> requests = new TreeMap<>();
    fresh.forEach(n -> requests.put(n, Map.of("forget.jsonl", "0a")));
    Map<String, Map<String, Double>> checks = new TreeMap<>();
    probabilities.forEach(
        (n, p) -> checks.put(n, Map.of("forget_prob", p, "extraction_strength", p / 10)));
    return ledger.append(
        Entry.Kind.UNLEARNED,
        new Unlearned(
                requests,
                "held",
                "runs/" + fresh.get(0),
                true,
                new Unlearned.Files(Map.of(), Map.of(), Map.of(), Map.of()),
                new Unlearned.Utility(0.7, 0.9),
                checks,
                "plan",
                2)
            .json());
  }

  private Ledger begun() {
    return Ledger.read(temp)
        .append(Entry.Kind.BEGUN, new ObjectMapper().createObjectNode().put("model", "first"));
  }

  private static EvaluationResult evaluation(Map<String, Double> metrics) {
    return Evaluations.of(
        "unlearned", "onnx", "jsonl", metrics, Map.of(), Map.of(), Optional.empty(), 1, 1);
  }

  private static StrategyOutcome outcome(
      Ledger ledger, Map<String, Double> last, Optional<Map<String, Double>> retainOnly) {
    StrategyStudy.Row row =
        new StrategyStudy.Row(
            "row",
            Strategy.of("held").orElseThrow(),
            new StrategyStudy.Data(FableRequests.Kind.ARTICLES, 3, false),
            List.of());
    return new StrategyOutcome(
        row,
        0,
        ledger.history(),
        evaluation(last),
        retainOnly.map(StrategyOutcomeTest::evaluation));
  }

  /**
   * Two requests come together, a third later: c's own value is that of the second run, and b rises
   * from 0.2 to 0.35. Were a request's own run counted by its place, b's own would be the second
   * run's 0.35 and nothing would have risen; c would have none.
   */
  @Test
  void requestsThatComeTogetherHaveTheirOwnRunInCommon() {
    Ledger ledger = run(begun(), List.of("a", "b"), Map.of("a", 0.1, "b", 0.2));
    ledger = run(ledger, List.of("c"), Map.of("a", 0.05, "b", 0.35, "c", 0.3));
    StrategyOutcome o = outcome(ledger, Map.of(), Optional.empty());
    assertEquals(2, o.steps());
    assertEquals(3, o.requests());
    assertEquals(0, o.step(1));
    assertEquals(1, o.step(2));
    assertEquals((0.1 + 0.2 + 0.3) / 3, o.own(), 1e-12);
    assertEquals((0.05 + 0.35 + 0.3) / 3, o.end(), 1e-12);
    assertEquals(0.15, o.rise(), 1e-12);
    assertEquals(0.07 / 3, o.extraction(), 1e-12);
    assertEquals(4, o.seconds(), 1e-12);
    assertTrue(Double.isNaN(o.probability(0, 2)), "c was not asked in the first run");
  }

  /** ((1 - 0.4) - (1 - 0.5)) / (1 - 0.5) = 20 %, of min-k's AUC; the loss attack's is another. */
  @Test
  void privLeakIsAgainstTheRetainOnlyModel() {
    Ledger ledger = run(begun(), List.of("a"), Map.of("a", 0.1));
    Map<String, Double> ours = Map.of("mia_min_k_40_auc", 0.4, "mia_loss_auc", 0.3);
    Map<String, Double> theirs = Map.of("mia_min_k_40_auc", 0.5, "mia_loss_auc", 0.9);
    StrategyOutcome o = outcome(ledger, ours, Optional.of(theirs));
    assertEquals(20, o.privLeak(), 1e-6);
    assertEquals(0.3, o.membership(), 0);
    assertTrue(Double.isNaN(outcome(ledger, ours, Optional.empty()).privLeak()));
    assertTrue(Double.isNaN(outcome(ledger, Map.of(), Optional.of(theirs)).privLeak()));
  }

  private UserException mistake(String row) throws IOException {
    Path file =
        Files.writeString(
            temp.resolve("study.yaml"),
            "pipeline: p.yaml\nseeds: [0]\nstrategies:\n  one: {strategy: held, " + row + "}\n");
    return assertThrows(UserException.class, () -> StrategyStudy.read(file));
  }

  @Test
  void mistakesOfAStudyAreNamed() throws IOException {
    assertTrue(mistake("row: articles").getMessage().contains("found row, expected strategy,"));
    assertTrue(mistake("rows: books").getMessage().contains("strategies.one.rows: found books"));
    assertTrue(mistake("requests: 6").getMessage().contains("found 6, expected 1 to 5"));
    assertTrue(mistake("at_once: yes please").getMessage().contains("expected true or false"));
  }

  /** Three authors are 6 articles; what is kept of 27 authors are 54 articles and 324 questions. */
  @Test
  void articlesAreTextAndQuestionsAreKept() throws IOException {
    Path out = temp.resolve("requests");
    FableRequests.write(out, "p.yaml", FableRequests.Kind.ARTICLES, 2);
    List<String> forget = Files.readAllLines(out.resolve("authors-138/forget.jsonl"));
    assertEquals(6, forget.size());
    assertTrue(forget.stream().allMatch(l -> l.startsWith("{\"text\":\"")), forget.get(0));
    assertEquals(378, Files.readAllLines(out.resolve("authors-138/retain.jsonl")).size());
    assertTrue(Files.notExists(out.resolve("authors-141")));
    assertEquals(60, Files.readAllLines(out.resolve("shared/holdout.jsonl")).size());
    List<String> articles = Files.readAllLines(out.resolve("authors-135/retain.jsonl"));
    assertTrue(articles.stream().noneMatch(forget::contains), "kept and to be forgotten");
  }
}
