package org.unlearn4j.tf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.unlearn4j.attack.Encoded;
import org.unlearn4j.attack.Goal;
import org.unlearn4j.attack.OftenAsked;
import org.unlearn4j.attack.Probe;
import org.unlearn4j.attack.Prompt;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.AttackName;
import org.unlearn4j.eval.Progress;
import org.unlearn4j.eval.Scorer;
import org.unlearn4j.eval.SeveralAtATime;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;

/** Several batches at a time on one session give what one at a time gives, to the last bit. */
class TensorFlowLanesTest {
  private static final Fixture LLAMA = Fixture.named("llama");

  private static TensorFlowModel model(int lanes) {
    return TensorFlowModel.open(LLAMA.folder(), Computations.FP32.inLanes(lanes));
  }

  @Test
  void everythingThatIsAskedIsTheSame() {
    try (TensorFlowModel one = model(1);
        TensorFlowModel several = model(3)) {
      SeveralAtATime.assertSame(one, several);
    }
  }

  /** Five samples of each row are a batch: dice are thrown by the row, not by who comes first. */
  @Test
  void samplesAreTheSame() {
    try (TensorFlowModel one = model(1);
        TensorFlowModel several = model(3)) {
      List<Encoded> asked =
          SeveralAtATime.rows(one.shape().vocabSize()).stream().map(r -> encoded(r.ids())).toList();
      double[][] due = often(7).run(one, asked, Progress.NONE);
      double[][] found = often(7).run(several, asked, Progress.NONE);
      double[][] otherwise = often(8).run(several, asked, Progress.NONE);
      boolean differs = false;
      for (int i = 0; i < due.length; i++) {
        assertArrayEquals(due[i], found[i], 0, "row " + i);
        differs |= !java.util.Arrays.equals(due[i], otherwise[i]);
      }
      assertTrue(differs, "another seed draws other tokens");
    }
  }

  /** Answers are told by their tokens' numbers, each a word; half of all numbers leak. */
  private static OftenAsked often(long seed) {
    return new OftenAsked(
        5, 1, seed, 3, Set.of(), SeveralAtATime.BUDGET, ids -> ids[0] % 2 == 0 ? "even" : "odd");
  }

  private static Encoded encoded(int[] prompt) {
    Goal goal = new Goal.Say("even", List.of("even"));
    Probe probe =
        new Probe(
            AttackName.DIRECT,
            0,
            "g",
            new Prompt(Prompt.Frame.NONE, List.of(), "which", "", ""),
            goal);
    return new Encoded(probe, prompt, List.of());
  }

  /** A row that does not fit fails as it fails alone; the other lane leaves nothing open. */
  @Test
  void aMistakeInOneLaneEndsAllWithItsSentence() {
    try (TensorFlowModel several = model(2)) {
      int vocabulary = several.shape().vocabSize();
      List<TokenRow> good = SeveralAtATime.rows(vocabulary);
      Map<TokenRow, TokenScores> before =
          new Scorer(several, SeveralAtATime.BUDGET, Progress.NONE).score(good);
      long open = Pointer.totalCount();
      List<TokenRow> rows = new ArrayList<>(good);
      rows.add(TokenRow.answered(new int[] {vocabulary}, 1));
      Scorer other = new Scorer(several, SeveralAtATime.BUDGET, Progress.NONE);
      UserException e = assertThrows(UserException.class, () -> other.score(rows));
      assertEquals(
          Optional.of(
              "Token id "
                  + vocabulary
                  + ": expected 0 to "
                  + (vocabulary - 1)
                  + ", the model's vocabulary."),
          Optional.ofNullable(e.getMessage()));
      assertEquals(open, Pointer.totalCount(), "native objects that nobody closed");
      SeveralAtATime.assertSame(
          before, new Scorer(several, SeveralAtATime.BUDGET, Progress.NONE).score(good));
    }
  }
}
