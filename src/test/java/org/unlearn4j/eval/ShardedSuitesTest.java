package org.unlearn4j.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.Shard;
import org.unlearn4j.base.UserException;
import org.unlearn4j.lm.RowGradients;
import org.unlearn4j.lm.TokenRow;

/** What parts of an evaluation ask is together what the whole asks, batch by batch. */
class ShardedSuitesTest {
  private static final int PARTS = 3;
  private static final int BUDGET = 9;
  private static final double[][] TABLE = BigramModel.random(8, 3);

  @TempDir Path folder;

  /** Answers that know their company: how many rows a batch had changes what is said of them. */
  private static final class Company extends BigramModel {
    Company() {
      super("onnx:int8-dynamic", TABLE);
    }

    @Override
    public List<org.unlearn4j.lm.TokenScores> score(List<TokenRow> rows) {
      List<org.unlearn4j.lm.TokenScores> scores = super.score(rows);
      scores.forEach(s -> s.logProbs()[0] -= 1e-3f * rows.size());
      return scores;
    }
  }

  private static EvalItem item(int index) {
    int[] answer = IntStream.rangeClosed(0, index % 4).map(i -> 1 + (i + index) % 7).toArray();
    int[] prompt = IntStream.rangeClosed(0, index % 3).map(i -> 1 + (2 * i + index) % 7).toArray();
    return new EvalItem(
        index,
        "q" + index,
        "a" + index,
        TokenRow.answered(prompt, answer),
        Optional.empty(),
        List.of(TokenRow.answered(prompt, 1 + index % 5, 2)),
        prompt);
  }

  private static List<EvalItem> items(int from, int count) {
    return IntStream.range(from, from + count).mapToObj(ShardedSuitesTest::item).toList();
  }

  private static Suite tofu() {
    return new TofuSuite(
        List.of(
            new EvalSet("forget", EvalSet.Role.FORGET, items(0, 7)),
            new EvalSet("retain", EvalSet.Role.RETAIN, items(5, 6)),
            new EvalSet("holdout", EvalSet.Role.HOLDOUT, items(20, 4))),
        new TofuSuite.Settings("tofu", BUDGET, 4, Set.of(0)),
        ids -> TokenRow.unlabelled(ids).toString());
  }

  /** Both sets of questions share prompts: what one has asked the other does not ask again. */
  private static Suite muse() {
    return new MuseSuite(
        new MuseSuite.Parts(
            items(0, 5), items(2, 4), items(4, 5), items(0, 4), items(9, 3), items(30, 4)),
        new MuseSuite.Settings(BUDGET, 5, 3, Set.of(0)),
        ids -> TokenRow.unlabelled(ids).toString());
  }

  private static Suite choices() {
    List<ChoiceItem> items = new ArrayList<>();
    List<int[]> one = List.of(new int[] {1}, new int[] {2}, new int[] {3}, new int[] {4});
    List<int[]> two = List.of(new int[] {1, 2}, new int[] {2}, new int[] {3}, new int[] {4, 1});
    for (int i = 0; i < 9; i++) {
      int[] prompt = IntStream.rangeClosed(0, i % 4).map(k -> 1 + k).toArray();
      items.add(
          new ChoiceItem(i, "q", List.of("a", "b", "c", "d"), 1, prompt, i % 3 == 0 ? two : one));
    }
    return new ChoiceSuite(
        List.of(new ChoiceSuite.ChoiceSet("wmdp_bio", EvalSet.Role.FORGET, items)), BUDGET);
  }

  private static final Map<String, Suite> SUITES =
      Map.of("tofu", tofu(), "muse", muse(), "wmdp", choices());

  /** Norms by the rows' tokens; counts the calls. */
  private static final class Norms implements RowGradients {
    private int asked;

    @Override
    public double[] norms(List<TokenRow> rows) {
      asked += rows.size();
      return rows.stream().mapToDouble(r -> IntStream.of(r.ids()).sum()).toArray();
    }

    @Override
    public void close() {
      // holds nothing
    }
  }

  private static Subject subject(BigramModel model, Norms norms, ScoreJournal journal) {
    return Subject.of("m", model, Progress.NONE)
        .withGradients(Optional.of(norms))
        .withJournal(journal);
  }

  private static EvaluationResult whole(
      Suite suite, BigramModel model, Norms norms, ScoreJournal journal) {
    return suite.evaluate(subject(model, norms, journal), Set.of());
  }

  private List<Path> ask(String name, Suite suite, int parts, List<List<Integer>> batches) {
    List<Path> files = new ArrayList<>();
    for (int i = 1; i <= parts; i++) {
      Path file = folder.resolve(name + i + "-" + parts);
      BigramModel model = new Company();
      try (ScoreJournal journal = ScoreJournal.open(file, name)) {
        Scorer scorer = suite.ask(subject(model, new Norms(), journal), new Shard(i, parts));
        assertTrue(scorer.batches() > 0, "every part has some");
        assertTrue(scorer.batches() <= 1 + scorer.batchesOfAll() / parts, "no part has more");
      }
      batches.addAll(model.scoredBatches);
      batches.addAll(model.decodedBatches);
      files.add(file);
    }
    return files;
  }

  @Test
  void partsTogetherAskWhatTheWholeAsks() {
    SUITES.forEach(
        (name, suite) -> {
          BigramModel once = new Company();
          Norms norms = new Norms();
          EvaluationResult due = whole(suite, once, norms, ScoreJournal.none());
          List<List<Integer>> batches = new ArrayList<>();
          Path joined = folder.resolve(name + ".rows");
          ScoreJournal.join(ask(name, suite, PARTS, batches), joined);
          List<List<Integer>> same = new ArrayList<>(once.scoredBatches);
          same.addAll(once.decodedBatches);
          assertEquals(sorted(same), sorted(batches), name + ": the same batches");
          BigramModel later = new Company();
          Norms none = new Norms();
          try (ScoreJournal journal = ScoreJournal.open(joined, name)) {
            EvaluationResult merged = whole(suite, later, none, journal);
            assertEquals(due.metrics(), merged.metrics(), name);
            assertEquals(due.perRow(), merged.perRow(), name);
          }
          assertEquals(List.of(), later.scoredBatches, name + ": nothing is asked again");
          assertEquals(List.of(), later.decodedBatches, name);
          assertEquals(0, none.asked, name);
          assertTrue(name.equals("wmdp") || norms.asked > 0, name + " has gradients");
        });
  }

  private static List<String> sorted(List<List<Integer>> batches) {
    return batches.stream().map(List::toString).sorted().toList();
  }

  /** The control: a journal of rows that were asked in other company gives other numbers. */
  @Test
  void batchesThatWereCutElsewhereGiveOtherNumbers() {
    Suite suite = tofu();
    EvaluationResult due = whole(suite, new Company(), new Norms(), ScoreJournal.none());
    Path cut = folder.resolve("cut");
    List<TokenRow> rows = suite.rows(EvalSet.Role.FORGET);
    try (ScoreJournal journal = ScoreJournal.open(cut, "k")) {
      Company alone = new Company();
      for (EvalSet set : suite.sets()) {
        for (EvalItem item : set.items()) {
          for (TokenRow row : List.of(item.answerRow(), item.perturbed().get(0))) {
            journal.put(row, alone.score(List.of(row)).get(0));
          }
        }
      }
    }
    assertTrue(rows.size() > 1);
    try (ScoreJournal journal = ScoreJournal.open(cut, "k")) {
      EvaluationResult other = whole(suite, new Company(), new Norms(), journal);
      assertNotEquals(due.metric("forget_prob"), other.metric("forget_prob"));
    }
  }

  @Test
  void journalsOfOtherInputsAreRefusedByName() {
    Suite suite = tofu();
    List<Path> files = new ArrayList<>(ask("a", suite, 2, new ArrayList<>()));
    files.set(1, ask("b", suite, 2, new ArrayList<>()).get(1));
    files.add(folder.resolve("gone"));
    Path to = folder.resolve("to");
    String message =
        assertThrows(UserException.class, () -> ScoreJournal.join(files, to)).getMessage();
    assertEquals(
        files.get(1)
            + ": found scores of other inputs, expected those of "
            + files.get(0)
            + ".\n"
            + files.get(2)
            + ": found no journal of scores, expected those of "
            + files.get(0)
            + ".",
        message);
    assertTrue(!to.toFile().exists());
  }

  @Test
  void aFailureSaysOfWhichRowsItWas() {
    BigramModel broken =
        new BigramModel("tf", TABLE) {
          @Override
          public List<org.unlearn4j.lm.TokenScores> score(List<TokenRow> rows) {
            throw new IllegalStateException("no memory");
          }
        };
    IllegalStateException e =
        assertThrows(
            IllegalStateException.class,
            () ->
                tofu().ask(subject(broken, new Norms(), ScoreJournal.none()), new Shard(1, PARTS)));
    List<TokenRow> rows = FailedRows.of(e).orElseThrow();
    assertTrue(!rows.isEmpty() && rows.size() < 20, "one batch: " + rows.size());
    assertEquals(Optional.empty(), FailedRows.of(new IllegalStateException("another")));
  }
}
