package org.unlearn4j.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.Shard;
import org.unlearn4j.base.Standing;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.config.Pipeline;

/** Searches whose runs are made up: the nearer the rate is to 0.4, the better. */
class SweepTest {
  private static final Column UTILITY = new Column("model_utility");
  private static final Column QUALITY = new Column("forget_quality");

  @TempDir Path temp;
  private Path model;
  private final List<String> made = new ArrayList<>();
  private final Set<String> told = new TreeSet<>();
  private final List<String> rounds = new ArrayList<>();

  @BeforeEach
  void aPipeline() throws IOException {
    model = Files.createDirectory(temp.resolve("model"));
    Files.copy(
        Path.of("src/test/resources/fixtures/llama/config.json"), model.resolve("config.json"));
    Files.writeString(
        temp.resolve("base.yaml"),
        """
        name: base
        model: {path: MODEL, tokenizer: MODEL}
        data: {benchmark: fable}
        unlearn: {objective: {name: NPO}, epochs: 8}
        """
            .replace("MODEL", model.toString()));
  }

  private Sweep sweep(String... lines) throws IOException {
    List<String> all =
        new ArrayList<>(
            List.of(
                "name: good",
                "pipeline: " + temp.resolve("base.yaml"),
                "tune: {data.forget: tune10, data.retain: tune90}"));
    all.addAll(List.of(lines));
    Path file = Files.writeString(temp.resolve("sweep.yaml"), String.join("\n", all));
    return Sweep.read(file, List.of());
  }

  private Sweep halving(String budget) throws IOException {
    return sweep(
        "space: {unlearn.learning_rate: {range: [0.0, 1.0]}}",
        "points: 4",
        "rungs: [0.25, 0.5, 1]",
        "seeds: [7, 8]",
        "budget: {" + budget + "}",
        "goals: [model_utility]",
        "constraints: {model_utility: {least: 0.5}}");
  }

  private final class MadeUp implements SweepSearch.Laboratory {
    @Override
    public SweepSearch.Tried unlearn(Pipeline p) {
      made.add(words(p));
      LoopSettings loop = p.unlearn().loop();
      double far = Math.abs(loop.learningRate() - 0.4);
      return new SweepSearch.Tried(new Standing(far, 1, 0.95), 30);
    }

    @Override
    public void ahead(List<Pipeline> runs, boolean evaluated) {
      runs.forEach(p -> told.add(words(p)));
      rounds.add(runs.size() + (evaluated ? " evaluated" : ""));
    }

    @Override
    public Map<Column, Double> evaluate(Pipeline p) {
      return Map.of(UTILITY, p.unlearn().loop().seed() == 7 ? 0.6 : 0.8);
    }
  }

  private static String words(Pipeline p) {
    LoopSettings loop = p.unlearn().loop();
    return loop.learningRate() + " for " + loop.epochs() + " by " + loop.seed();
  }

  private SweepSearch.Found search(Sweep sweep) {
    made.clear();
    told.clear();
    rounds.clear();
    return new SweepSearch(sweep, new MadeUp()).run();
  }

  /**
   * Sobol's numbers 1/2, 3/4 and 1/4 choose the second, the third and the first of three. Parts
   * take the points in turn; a budget of two runs leaves nobody the third.
   */
  @Test
  void aPlanOfAPartHasThePointsThatItBeginsWith() throws IOException {
    List<String> whole =
        List.of(
            "1: unlearn.learning_rate=0.2",
            "2: unlearn.learning_rate=0.3",
            "3: unlearn.learning_rate=0.1");
    SweepRunner free = planned("budget: {runs: 9}");
    assertEquals(whole, free.plan(Shard.WHOLE));
    assertEquals(List.of(whole.get(0), whole.get(2)), free.plan(new Shard(1, 2)));
    assertEquals(List.of(whole.get(1)), free.plan(new Shard(2, 2)));
    assertEquals(List.of(), free.plan(new Shard(4, 4)));
    assertEquals(List.of(whole.get(0)), planned("budget: {runs: 2}").plan(new Shard(1, 2)));
    assertFalse(Files.exists(temp.resolve("out")), "a plan does nothing");
  }

  private SweepRunner planned(String budget) throws IOException {
    Sweep sweep =
        sweep(
            "space: {unlearn.learning_rate: {choices: [0.1, 0.2, 0.3]}}",
            "points: 3",
            "seeds: [7]",
            "goals: [model_utility]",
            budget);
    PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());
    return new SweepRunner(sweep, temp.resolve("out"), nowhere);
  }

  /**
   * Rates 0.5, 0.75, 0.25 and 0.375 for a quarter of 8 epochs. The nearest two to 0.4 are 0.375 and
   * 0.5, of which 0.375 alone reaches the end, where it gets its second seed: 4 + 2 + 1 + 1 runs of
   * half a minute. The median of 0.6 and 0.8 is 0.7.
   */
  @Test
  void theBetterHalfGoesOn() throws IOException {
    SweepSearch.Found found = search(halving("runs: 8"));
    assertEquals(
        List.of(
            "0.5 for 2 by 7",
            "0.75 for 2 by 7",
            "0.25 for 2 by 7",
            "0.375 for 2 by 7",
            "0.375 for 4 by 7",
            "0.5 for 4 by 7",
            "0.375 for 8 by 7",
            "0.375 for 8 by 7", // which is there
            "0.375 for 8 by 8"),
        made);
    assertEquals(8, found.runs());
    assertEquals(4.0, found.minutes(), 1e-12);
    assertFalse(found.spent());
    assertEquals(1, found.finalists().size());
    assertEquals(0.7, found.finalists().get(0).median(UTILITY), 1e-12);
    assertEquals(List.of(), found.finalists().get(0).broken());
  }

  /** Three runs: 0.5, 0.75 and 0.25, of which 0.5 is the best; it is finished with both seeds. */
  @Test
  void theBudgetEndsTheSearchAndTheBestIsFinished() throws IOException {
    for (String budget : List.of("runs: 3", "minutes: 1.5")) {
      SweepSearch.Found found = search(halving(budget));
      assertTrue(found.spent());
      assertEquals(3, found.trials().size());
      assertEquals(
          List.of("0.5 for 8 by 7", "0.5 for 8 by 8"), made.subList(3, made.size()), budget);
    }
  }

  /**
   * What several machines share is what is asked for, no less and, under a budget of runs, no more:
   * 4 + 2 + 1 runs and then both seeds of the last; of six runs the last rung has none left and the
   * best of two is finished; of three the first rung has three.
   */
  @Test
  void whatIsToldAheadIsWhatIsMade() throws IOException {
    SweepSearch.Found ignored = search(halving("runs: 8"));
    assertEquals(List.of("4", "2", "1", "2 evaluated"), rounds);
    assertEquals(new TreeSet<>(made), told);
    for (String budget : List.of("runs: 6", "runs: 3", "runs: 7")) {
      SweepSearch.Found spent = search(halving(budget));
      assertTrue(spent.spent() || budget.equals("runs: 7"), budget);
      assertEquals(new TreeSet<>(made), told, budget);
    }
    SweepSearch.Found all = search(halving("minutes: 60"));
    assertFalse(all.spent());
    assertEquals(new TreeSet<>(made), told);
  }

  private static SweepSearch.Finalist finalist(
      int number, double quality, double utility, String... broken) {
    return new SweepSearch.Finalist(
        new Space.Point(number, List.of("" + number)),
        Map.of(QUALITY, List.of(quality), UTILITY, List.of(utility)),
        List.of(broken));
  }

  /**
   * 1 and 3 are better than each other in one goal; 2 is worse than 3 in both; 4 breaks a limit.
   */
  @Test
  void theFrontIsWhatNothingIsBetterThan() {
    List<SweepSearch.Finalist> all =
        List.of(
            finalist(1, 0.9, 0.5),
            finalist(2, 0.4, 0.6),
            finalist(3, 0.5, 0.7),
            finalist(4, 1.0, 1.0, "forget_prob at most 0.2"));
    SweepChoice choice = new SweepChoice(List.of(UTILITY, QUALITY), Map.of());
    assertEquals(List.of(1, 3), choice.front(all).stream().map(f -> f.point().number()).toList());
    assertEquals(3, choice.best(all).orElseThrow().point().number(), "by the first goal");
    assertEquals(4, choice.best(all.subList(3, 4)).orElseThrow().point().number());
  }

  /** A metric that shall be near the retain-only model's is best there, not at its largest. */
  @Test
  void nearnessToTheReferenceIsMeasuredFromIt() {
    Column prob = new Column("forget_prob");
    SweepSearch.Finalist far =
        new SweepSearch.Finalist(
            new Space.Point(1, List.of()), Map.of(prob, List.of(0.0)), List.of());
    SweepSearch.Finalist near =
        new SweepSearch.Finalist(
            new Space.Point(2, List.of()), Map.of(prob, List.of(0.25)), List.of());
    SweepChoice choice = new SweepChoice(List.of(prob), Map.of(prob, 0.15));
    assertEquals(Optional.of(near), choice.best(List.of(far, near)));
  }

  @Test
  void whatIsFoundIsWrittenAsAPipelineForItsOwnPeople() throws IOException {
    Sweep sweep = halving("runs: 8");
    SweepSearch.Found found = search(sweep);
    new SweepPage(sweep, found, new SweepChoice(sweep.goals(), Map.of())).write(temp);
    Pipeline best = Pipeline.read(temp.resolve("best.yaml"), List.of());
    assertEquals(0.375, best.unlearn().loop().learningRate());
    assertEquals(8, best.unlearn().loop().epochs());
    assertEquals("forget10", best.data().forget());
    assertTrue(best.unlearn().tuning().choose().isPresent());
    JsonNode json = new ObjectMapper().readTree(temp.resolve("sweep.json").toFile());
    assertEquals(7, json.path("trials").size());
    assertEquals(
        List.of(0.6, 0.8),
        new ObjectMapper()
            .convertValue(
                json.path("finalists").path(0).path("values").path("model_utility"), List.class));
    String page = Files.readString(temp.resolve("sweep.md"));
    assertTrue(
        page.contains("| 4 | unlearn.learning_rate=0.375 | 0.7000 (0.6000 to 0.8000) |"), page);
    assertTrue(Files.readString(temp.resolve("sweep-space.svg")).contains("learning_rate"));
  }

  /** The best of an earlier search would pass for that of this one, which found none. */
  @Test
  void whatAnEarlierSearchFoundIsNotLeft() throws IOException {
    Sweep sweep = halving("runs: 8");
    SweepSearch.Found found = search(sweep);
    new SweepPage(sweep, found, new SweepChoice(sweep.goals(), Map.of())).write(temp);
    assertTrue(Files.exists(temp.resolve("best.yaml")));
    SweepSearch.Found none =
        new SweepSearch.Found(found.trials(), List.of(), found.runs(), found.minutes(), false);
    new SweepPage(sweep, none, new SweepChoice(sweep.goals(), Map.of())).write(temp);
    assertFalse(Files.exists(temp.resolve("best.yaml")));
  }

  /** forget05 is eight of the fifteen authors of forget10: 96 questions. */
  @Test
  void peopleThatAreForgottenInBothAreCounted() throws IOException {
    String base = Files.readString(temp.resolve("base.yaml"));
    Files.writeString(
        temp.resolve("base.yaml"),
        base.replace("benchmark: fable", "benchmark: fable, forget: forget05, retain: retain95"));
    Path file =
        Files.writeString(
            temp.resolve("sweep.yaml"),
            """
            name: overlap
            pipeline: BASE
            tune: {data.forget: forget10, data.retain: retain90}
            space: {unlearn.learning_rate: {range: [0.0, 1.0]}}
            points: 1
            seeds: [0]
            goals: [model_utility]
            """
                .replace("BASE", temp.resolve("base.yaml").toString()));
    UserException e = assertThrows(UserException.class, () -> Sweep.read(file, List.of()));
    assertTrue(
        e.getMessage().contains("line 3, tune: found 96 questions of data.forget that the"),
        e.getMessage());
  }

  @Test
  void everyMistakeIsReportedAtOnce() {
    UserException e =
        assertThrows(
            UserException.class,
            () ->
                sweep(
                    "space:",
                    "  unlearn.learning_rate: {log: [0, 1]}",
                    "  unlearn.seed: {choices: [1, 2]}",
                    "  data.forget: {choices: [a]}",
                    "  unlearn.epochs: {range: [5, 3]}",
                    "  unlearn.choose.goal: {range: [0, 1]}",
                    "points: 0",
                    "rungs: [0.5, 0.25, 1]",
                    "seeds: [x]",
                    "goals: [nice]",
                    "constraints: {model_utility: {lest: 1}}"));
    List<String> found = e.getMessage().lines().map(l -> l.replaceFirst(".*, line ", "")).toList();
    List<String> expected =
        List.of(
            "5, space.unlearn.learning_rate: found [0, 1], expected two numbers, the smaller one"
                + " first, both greater than 0.",
            "6, space.unlearn.seed: found this key, expected one under unlearn but what measures"
                + " the runs (seeds, tuning_share, watch, choose).",
            "7, space.data.forget: found this key, expected one under unlearn but what measures the"
                + " runs (seeds, tuning_share, watch, choose).",
            "8, space.unlearn.epochs: found [5, 3], expected two numbers, the smaller one first.",
            "9, space.unlearn.choose.goal: found this key, expected one under unlearn but what"
                + " measures the runs (seeds, tuning_share, watch, choose).",
            "10, points: found 0, expected an integer from 1.",
            "11, rungs: found [0.5, 0.25, 1.0], expected shares of the epochs, rising to 1.",
            "12, seeds: found x, expected a list of integers.",
            "13, goals: found nice, expected a metric of the evaluation that has a better side.",
            "14, constraints.model_utility.lest: found an unknown key, expected one of least, most"
                + " (did you mean least?).");
    expected.forEach(line -> assertTrue(found.contains(line), line + " in\n" + e.getMessage()));
  }
}
