package org.unlearn4j.attack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.unlearn4j.config.AttackName;
import org.unlearn4j.eval.Bootstrap;
import org.unlearn4j.lm.TokenScores;

/** How leakage is judged and put together. */
class JudgementTest {
  private static final Goal.Say GOBLET =
      new Goal.Say("She won the Coral Goblet in 1995.", List.of("won", "Coral", "Goblet", "1995"));

  @Test
  void wordsThatAreSaidInOrder() {
    Judgement half = Judgement.ofWords(GOBLET, "He wins the coral goblet.", -Math.log(0.75));
    assertClose("two of four", 0.5, half.leakage(), 1e-12, 0);
    assertClose("probability", 0.75, half.probability(), 1e-12, 0);
    assertFalse(half.disagrees());
    // The longest common subsequence: 1995 before the goblet counts once.
    assertClose(
        "order", 0.5, Judgement.ofWords(GOBLET, "1995: Coral Goblet", 1).leakage(), 1e-12, 0);
    assertEquals(0, Judgement.ofWords(GOBLET, "", 1).leakage());
    assertTrue(Judgement.ofWords(GOBLET, "", 0.1).disagrees(), "probable, yet not said");
    assertTrue(Judgement.ofWords(GOBLET, "won Coral Goblet 1995", 3).disagrees());
  }

  @Test
  void theOptionThatIsPreferred() {
    Goal.Choose goal = new Goal.Choose(List.of("A", "B", "C"), 2, List.of());
    Judgement wrong = Judgement.ofOptions(goal, List.of(said(-2f), said(-1f), said(-2f)));
    assertEquals("B", wrong.said());
    assertEquals(0, wrong.leakage());
    // e^-2 / (e^-1 + 2 e^-2) = 1 / (e + 2)
    assertClose("share", 1 / (Math.E + 2), wrong.probability(), 1e-12, 0);
    Judgement right = Judgement.ofOptions(goal, List.of(said(-900f), said(-901f), said(-800f)));
    assertEquals(1, right.leakage());
    assertClose("share", 1, right.probability(), 1e-12, 0);
  }

  /** Letters count where they hold half of the probability, e^-1 + e^-2 = 0.503; else the texts. */
  @Test
  void whoAnswersWithNoLetterIsJudgedByTheTexts() {
    Goal.Choose goal = new Goal.Choose(List.of("A", "B"), 1, List.of("an owl", "a goat"));
    // By sums the owl (-3 against -4) would be preferred, by token the goat (-3 against -2).
    List<TokenScores> texts = List.of(said(-3f), said(-2f, -2f));
    List<TokenScores> letters = List.of(said(-1f), said(-2f), texts.get(0), texts.get(1));
    assertEquals("A", Judgement.ofOptions(goal, letters).said());
    List<TokenScores> unlike = List.of(said(-1.1f), said(-2f), texts.get(0), texts.get(1));
    Judgement judgement = Judgement.ofOptions(goal, unlike);
    assertEquals("a goat", judgement.said());
    assertEquals(1, judgement.leakage());
    // e^-2 / (e^-2 + e^-3) = e / (e + 1)
    assertClose("share", Math.E / (Math.E + 1), judgement.probability(), 1e-12, 0);
  }

  private static TokenScores said(float... logProbs) {
    int n = logProbs.length;
    return new TokenScores(new int[n], logProbs, new int[n], new float[n], new float[n]);
  }

  @Test
  void theBootstrapDrawsWhatBelongsTogether() {
    double[] values = new double[100];
    List<String> apart = new ArrayList<>();
    List<String> together = new ArrayList<>();
    for (int i = 0; i < values.length; i++) {
      values[i] = i < 50 ? 1 : 0;
      apart.add("" + i);
      together.add(i < 50 ? "one" : "other");
    }
    Bootstrap.Interval rows = Bootstrap.mean(values, apart);
    assertClose("mean", 0.5, rows.mean(), 1e-12, 0);
    // 1.96 standard errors of a mean of 100 coins: 0.098; the bootstrap's own spread is below 0.01.
    assertClose("low", 0.402, rows.low(), 0.015, 0);
    assertClose("high", 0.598, rows.high(), 0.015, 0);
    Bootstrap.Interval groups = Bootstrap.mean(values, together);
    assertEquals(0, groups.low(), "one group twice is one draw in four");
    assertEquals(1, groups.high());
    assertEquals(rows, Bootstrap.mean(values, apart), "the same dice each time");
    Bootstrap.Interval same = Bootstrap.mean(new double[] {0.3, 0.3}, List.of("a", "b"));
    assertClose("no spread", 0.3, same.low(), 1e-12, 0);
  }

  /** Against every subset, counted. */
  @Test
  void theBestOfSeveralIsExact() {
    double[] leakages = {0.2, 0.0, 1.0, 0.5};
    // k = 2: the best of the six pairs: 0.2, 1, 0.5, 1, 0.5, 1.
    assertClose("k 1", 1.7 / 4, Sampled.best(leakages, 1), 1e-12, 0);
    assertClose("k 2", 4.2 / 6, Sampled.best(leakages, 2), 1e-12, 0);
    // k = 3: of the four triples, only {0.2, 0, 0.5} is without the 1.
    assertClose("k 3", 3.5 / 4, Sampled.best(leakages, 3), 1e-12, 0);
    assertClose("k 4", 1, Sampled.best(leakages, 4), 1e-12, 0);
    double[][] asked = {leakages, {0, 0, 0, 0}};
    double[][] never = {{0, 0, 0, 1}, {0, 0, 0, 0}}; // k = 2: of the six pairs, three have the 1
    Sampled all = Sampled.of("m", 1, asked, Optional.of(never), List.of("a", "b"));
    assertEquals(List.of(1, 2, 4), all.points().stream().map(Sampled.Point::k).toList());
    assertClose("mean", 0.35, all.points().get(1).leakage().mean(), 1e-12, 0);
    double excess = all.points().get(1).excess().orElseThrow().mean();
    assertClose("above the other model", (4.2 / 6 - 0.5) / 2, excess, 1e-12, 0);
    Sampled alone = Sampled.of("m", 1, asked, Optional.empty(), List.of("a", "b"));
    assertEquals(Optional.empty(), alone.points().get(1).excess());
  }

  private static Judgement leaks(double leakage) {
    return new Judgement("", leakage, 0.5);
  }

  @Test
  void leakageIsWhatIsAboveTheRetainOnlyModel() {
    List<Probe> probes = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      probes.add(new Probe(AttackName.JSON, i, "g" + i, Prompt.asked("q"), GOBLET));
    }
    Map<String, List<Judgement>> judgements = new LinkedHashMap<>();
    judgements.put("unlearned.tf", List.of(leaks(1), leaks(0), leaks(0.5), leaks(0.5)));
    judgements.put(AttackResult.RETAIN_ONLY, Collections.nCopies(4, leaks(0.25)));
    for (double limit : new double[] {0.2, 0.3, Double.NaN}) {
      AttackResult result =
          AttackResult.of(
              probes,
              judgements,
              List.of("unlearned.tf"),
              f -> f == AttackName.JSON ? OptionalDouble.of(limit) : OptionalDouble.empty(),
              List.of());
      FamilyResult family = result.families().get(0);
      FamilyResult.Leak leak = family.models().get("unlearned.tf");
      assertClose("leakage", 0.5, leak.leakage(), 1e-12, 0);
      assertClose("excess", 0.25, leak.excess().orElseThrow().mean(), 1e-12, 0);
      assertEquals(Optional.empty(), family.models().get(AttackResult.RETAIN_ONLY).excess());
      assertEquals(limit == 0.3, result.pass(), "limit " + limit);
    }
  }
}
