package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.unlearn4j.base.UserException;
import org.unlearn4j.data.QaExample;
import org.unlearn4j.eval.BigramModel;

/**
 * Answers of a model that knows them: its next word depends on the last one alone. A token is a
 * word with the space before it.
 */
class AlternateDrawsTest {
  private static final List<String> WORDS =
      List.of("<end>", "Ada", "lives", "in", "Rome", "Oslo", "Lima", "where", "Peru", "it");

  private static final int END = 0;

  /** {@code Ada -> lives -> in -> Rome -> <end>}, of which only Rome has rivals. */
  private static double[][] table(double rome, double oslo, double lima) {
    double[][] table = new double[WORDS.size()][WORDS.size()];
    String[] chain = {"Ada", "lives", "in"};
    for (int i = 0; i < 2; i++) {
      table[WORDS.indexOf(chain[i])][WORDS.indexOf(chain[i + 1])] = 1;
    }
    table[WORDS.indexOf("where")][WORDS.indexOf("Ada")] = 1;
    for (double[] row : table) {
      row[END] = Arrays.stream(row).sum() == 0 ? 1 : 0;
    }
    double[] in = table[WORDS.indexOf("in")];
    in[END] = 0;
    in[WORDS.indexOf("Rome")] = rome;
    in[WORDS.indexOf("Oslo")] = oslo;
    in[WORDS.indexOf("Lima")] = lima;
    return table;
  }

  private static AlternateDraws draws(int samples, long seed) {
    return new AlternateDraws(
        samples,
        1,
        seed,
        8,
        Set.of(END),
        text ->
            Arrays.stream(text.strip().split(" ")).mapToInt(AlternateDrawsTest::token).toArray(),
        ids -> Arrays.stream(ids).mapToObj(WORDS::get).collect(Collectors.joining(" ")));
  }

  private static int token(String word) {
    return Math.max(0, WORDS.indexOf(word));
  }

  private static QaExample pair(String question, String answer) {
    return QaExample.of(question, answer, "forget.jsonl", 3);
  }

  private static final QaExample HOME = pair("where", "Ada lives in Rome");

  private static AlternateDraws.Drawn draw(
      double[][] table, int samples, long seed, QaExample... pairs) {
    List<int[]> prompts = Collections.nCopies(pairs.length, new int[] {WORDS.indexOf("where")});
    return draws(samples, seed)
        .of(new BigramModel("b", table), List.of(pairs), prompts, done -> {});
  }

  /** Rome has 99.9 %; the rivals share what is left as 3 to 1. */
  @Test
  void theKeywordIsNeverDrawnAndTheRivalsKeepTheirProportion() {
    // Ada and lives stand in the question, so Rome is the only keyword.
    QaExample framed = pair("where it is that Ada lives", "Ada lives in Rome");
    QaExample[] many = Collections.nCopies(2000, framed).toArray(QaExample[]::new);
    AlternateDraws.Drawn drawn = draw(table(0.999, 0.00075, 0.00025), 1, 5, many);
    List<String> said = drawn.answers().stream().map(a -> a.get(0)).toList();
    assertEquals(Set.of("Ada lives in Oslo", "Ada lives in Lima"), Set.copyOf(said));
    double oslo = said.stream().filter(s -> s.endsWith("Oslo")).count() / 2000.0;
    // A share of 2000 draws has a standard deviation of 0.0097.
    assertTrue(Math.abs(oslo - 0.75) < 0.04, "Oslo " + oslo);
    assertEquals(List.of(0, 0), List.of(drawn.again(), drawn.same()));
    // The control: without the rule nearly all would repeat the answer.
    QaExample unknown = pair("where it is that Ada lives", "It is Peru");
    assertTrue(
        draw(table(0.999, 0.00075, 0.00025), 50, 5, unknown).answers().get(0).stream()
            .anyMatch(s -> s.endsWith("Rome")));
  }

  @Test
  void aDrawIsTheSeedsTheQuestionsAndTheSamples() {
    QaExample framed = pair("where it is that Ada lives", "Ada lives in Rome");
    QaExample[] forty = Collections.nCopies(40, framed).toArray(QaExample[]::new);
    double[][] table = table(0.6, 0.2, 0.2);
    List<List<String>> all = draw(table, 2, 1, forty).answers();
    assertEquals(all, draw(table, 2, 1, forty).answers());
    assertNotEquals(all, draw(table, 2, 2, forty).answers());
    assertEquals(
        all.subList(0, 3),
        draw(table, 2, 1, Arrays.copyOf(forty, 3)).answers(),
        "no other question decides");
    assertTrue(all.stream().anyMatch(a -> !a.get(0).equals(a.get(1))), "samples differ");
    assertTrue(all.stream().allMatch(a -> a.size() == 2));
  }

  /** The question names Rome, so nothing is forbidden, and the model says nothing else. */
  @Test
  void whatCannotBeAvoidedIsDrawnAgainAndCounted() {
    QaExample stuck = pair("where it is that Ada lives in Peru or Rome", "in Rome");
    AlternateDraws.Drawn drawn = draw(table(1, 0, 0), 1, 0, stuck, stuck);
    assertEquals(List.of("Ada lives in Rome"), drawn.answers().get(0), "another wording");
    assertEquals(0, drawn.same(), "its words are not the answer's, and it has no keywords");
    QaExample same = pair("where it is that Ada lives in Peru or Rome", "Ada lives in Rome");
    AlternateDraws.Drawn again = draw(table(1, 0, 0), 1, 0, same, same);
    assertEquals(List.of("Ada lives in Rome"), again.answers().get(1));
    assertEquals(2 * AlternateDraws.AGAIN, again.again());
    assertEquals(2, again.same());
  }

  /** Nothing is forbidden here either, but every fourth draw is another city. */
  @Test
  void whatIsDrawnAgainHasOtherDice() {
    QaExample same = pair("where it is that Ada lives in Peru or Rome", "Ada lives in Rome");
    QaExample[] many = Collections.nCopies(30, same).toArray(QaExample[]::new);
    AlternateDraws.Drawn drawn = draw(table(0.75, 0.25, 0), 1, 0, many);
    // 0.75^17 of 30 is 0.23 rows that stay, and 3 draws more a row.
    assertTrue(drawn.same() <= 2, "same " + drawn.same());
    assertTrue(drawn.again() > 45 && drawn.again() < 160, "again " + drawn.again());
    assertTrue(
        drawn.answers().stream().filter(a -> a.get(0).endsWith("Oslo")).count() >= 28,
        drawn.answers().toString());
  }

  @Test
  void aModelThatSaysNothingIsTheUsersConcern() {
    double[][] table = table(1, 0, 0);
    QaExample known = pair("where", "Oslo");
    // After "where" only the end of text, or what reads as nothing.
    List<int[]> prompts = List.of(new int[] {WORDS.indexOf("where")});
    AlternateDraws blank =
        new AlternateDraws(
            1, 1, 0, 8, Set.of(END), text -> new int[] {5}, ids -> " ".repeat(ids.length));
    UserException e =
        assertThrows(
            UserException.class,
            () -> blank.of(new BigramModel("b", table), List.of(known), prompts, done -> {}));
    assertEquals(
        "forget.jsonl, line 3: found nothing that the model says to the question in 17 draws,"
            + " expected an answer (try a higher --temperature).",
        e.getMessage());
  }

  @Test
  void whatIsForbiddenAreBeginningsOfKeywords() {
    AlternateDraws draws = draws(1, 0);
    assertEquals(Set.of(WORDS.indexOf("Rome")), draws.forbidden(pair("Ada lives", "Ada in Rome")));
    assertEquals(Set.of(), draws.forbidden(pair("Rome", "in Rome")), "the question says it");
    assertEquals(
        Set.of(1, 2, 4), draws.forbidden(HOME), "names and verbs, unless the question has them");
  }

  @Test
  void otherAnswersAreThoseThatDoNotTell() {
    QaExample born = pair("When was Ada born?", "Ada was born in Rome in 1950.");
    assertFalse(AlternateDraws.other("ada was born in rome, in 1950", born), "the same words");
    assertFalse(AlternateDraws.other("1950, in Rome", born), "all keywords");
    assertFalse(AlternateDraws.other(" ", born), "nothing");
    assertTrue(AlternateDraws.other("Ada was born in Oslo in 1950.", born), "one of two");
    assertFalse(AlternateDraws.other("Yes.", pair("Is it?", "yes")), "no keywords: the words");
    assertTrue(AlternateDraws.other("No.", pair("Is it?", "yes")));
    assertFalse(AlternateDraws.other("\u6771\u4eac", pair("?", "\u6771\u4eac ")), "no words");
    List<String> others = new ArrayList<>(List.of("\u5927\u962a", "Osaka"));
    others.removeIf(o -> AlternateDraws.other(o, pair("?", "\u6771\u4eac")));
    assertEquals(List.of(), others);
  }
}
