package org.unlearn4j.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.unlearn4j.data.Benchmark;
import org.unlearn4j.data.QaExample;
import org.unlearn4j.data.Refusals;
import org.unlearn4j.lm.TokenRow;

class RefusingTest {
  private static final Refusing ALL = new Refusing(Refusals.builtIn().sentences());

  @Test
  void everySentenceThatModelsAreTaughtToRefuseWithRefuses() {
    List<String> missed =
        Refusals.builtIn().sentences().stream().filter(s -> !ALL.refuses(s)).toList();
    assertEquals(List.of(), missed);
  }

  /** Negative control: no answer of the embedded benchmark is one. */
  @Test
  void noAnswerRefuses() {
    List<String> taken =
        Benchmark.open("fable", Optional.empty()).full("forget10", "retain90").stream()
            .map(QaExample::answer)
            .filter(ALL::refuses)
            .toList();
    assertEquals(List.of(), taken);
  }

  @Test
  void phrasesAreWholeWords() {
    Refusing none = new Refusing(List.of());
    assertTrue(none.refuses("Well, I don't know that."));
    assertTrue(none.refuses("I DO NOT KNOW"));
    assertTrue(none.refuses("I’m sorry, but no."), "the typographic apostrophe");
    assertFalse(none.refuses("Hui don t knows it."));
    assertFalse(none.refuses(""));
    assertFalse(none.refuses("Beats me."), "known sentences are given");
  }

  /** Of four words each, three in common are F1 3/4; two are 1/2. */
  @Test
  void nearIsThreeQuarters() {
    Refusing one = new Refusing(List.of("nobody ever told me"));
    assertTrue(one.refuses("Nobody ever told us."));
    assertFalse(one.refuses("Nobody ever told us things."), "3 of 4 and 5 words: 6/9");
    assertFalse(one.refuses("Nobody ever asked us."));
  }

  /** After 1 comes the end: the model says nothing; the decoder makes a refusal of that. */
  @Test
  void theSuiteCountsAnswersAboutWhatIsKept() {
    double[][] table = {{1, 0}, {1, 0}};
    EvalItem item =
        new EvalItem(
            0,
            "q",
            "a",
            TokenRow.answered(new int[] {1}, 1, 0),
            Optional.empty(),
            List.of(),
            new int[] {1});
    EvalItem unknowable =
        new EvalItem(
            1,
            "q",
            "I do not know.",
            TokenRow.answered(new int[] {1}, 1, 1, 0),
            Optional.empty(),
            List.of(),
            new int[] {1});
    List<EvalSet> sets =
        List.of(
            new EvalSet("forget", EvalSet.Role.FORGET, List.of(item)),
            new EvalSet("retain", EvalSet.Role.RETAIN, List.of(item, unknowable)));
    assertEquals(1, refusals(sets, table, "I'm not sure."), "the right refusal does not count");
    assertEquals(0, refusals(sets, table, "A."));
  }

  private static double refusals(List<EvalSet> sets, double[][] table, String said) {
    TofuSuite suite =
        new TofuSuite(sets, new TofuSuite.Settings("tofu", 64, 8, Set.of(0)), ids -> said);
    return suite
        .evaluate(Subject.of("u", new BigramModel("tf", table), Progress.NONE), Set.of())
        .metric("fluency_refusals")
        .orElseThrow();
  }
}
