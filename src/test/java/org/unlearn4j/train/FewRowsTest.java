package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.OwnHead;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.WeightSource;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.tf.Values;
import org.unlearn4j.weights.SafeTensors;

/** Vectors before a prompt, and a head, that learn beside a model that does not. */
class FewRowsTest {
  private static final Fixture LLAMA = Fixture.named("llama");
  private static final List<TokenRow> ROWS =
      List.of(
          TokenRow.answered(new int[] {3, 1, 4}, 1, 5, 9), TokenRow.answered(new int[] {2}, 6, 5));

  private static List<TokenRow> behind(int[] front, List<TokenRow> rows) {
    List<TokenRow> longer = new ArrayList<>();
    for (TokenRow row : rows) {
      int[] prompt = Arrays.copyOf(front, front.length + row.prompt());
      System.arraycopy(row.ids(), 0, prompt, front.length, row.prompt());
      int[] answer = Arrays.copyOfRange(row.ids(), row.prompt(), row.length());
      longer.add(TokenRow.answered(prompt, answer));
    }
    return longer;
  }

  /** Rows of the token table. */
  private static float[] rows(WeightSource weights, Parameter table, int... ids) {
    float[] all = weights.all(table);
    int hidden = table.dim(1);
    float[] some = new float[ids.length * hidden];
    for (int i = 0; i < ids.length; i++) {
      System.arraycopy(all, ids[i] * hidden, some, i * hidden, hidden);
    }
    return some;
  }

  private interface Body {
    void with(OwnHead model, WeightSource weights);
  }

  private static void llama(Body body) {
    try (SafeTensors stored = SafeTensors.open(LLAMA.folder())) {
      OwnHead model = OwnHead.of(ModelConfig.read(LLAMA.folder()));
      body.with(model, (p, from, to) -> stored.read(model.stored(p), from, to));
    }
  }

  private static FewRows softPrompt(OwnHead model, WeightSource weights, float[] start) {
    return FewRows.softPrompt(model.decoder(), weights, start, Computations.FP32);
  }

  /** Vectors that are the table's rows of tokens are those tokens, whatever ids stand there. */
  @Test
  void vectorsOfTokensAreTheseTokens() {
    int[] tokens = {7, 8};
    llama(
        (model, weights) -> {
          float[] start = rows(weights, model.table(), tokens);
          try (FewRows few = softPrompt(model, weights, start);
              TensorFlowModel plain = TensorFlowModel.open(LLAMA.folder(), Computations.FP32)) {
            List<TokenRow> masked = behind(new int[] {0, 0}, ROWS);
            List<TokenRow> spelled = behind(tokens, ROWS);
            for (int r = 0; r < ROWS.size(); r++) {
              double expected = plain.score(spelled).get(r).nll();
              assertClose("row " + r, expected, few.model().score(masked).get(r).nll(), 1e-5, 0);
              double without = plain.score(masked).get(r).nll();
              assertTrue(Math.abs(without - expected) > 1e-3, "the ids in front are not read");
            }
            List<int[]> asked = masked.stream().map(t -> Arrays.copyOf(t.ids(), 3)).toList();
            List<int[]> told = spelled.stream().map(t -> Arrays.copyOf(t.ids(), 3)).toList();
            List<int[]> expected = plain.generate(told, 4, Set.of());
            List<int[]> said = few.model().generate(asked, 4, Set.of());
            for (int r = 0; r < said.size(); r++) {
              assertArrayEquals(expected.get(r), said.get(r));
            }
          }
        });
  }

  /**
   * Central differences of the float32 loss: with a step of 1e-2 rounding leaves about 1e-5 of a
   * slope, and curvature as much.
   */
  @Test
  void theGradientIsThatOfFiniteDifferences() {
    llama(
        (model, weights) -> {
          float[] start = rows(weights, model.table(), 7, 8);
          List<TokenRow> rows = behind(new int[] {0, 0}, ROWS);
          try (FewRows few = softPrompt(model, weights, start)) {
            float[] gradient = few.gradient(rows);
            assertEquals(start.length, gradient.length);
            double largest = 0;
            for (int i = 0; i < start.length; i += 5) {
              double up = loss(few, start, i, 1e-2f, rows);
              double down = loss(few, start, i, -1e-2f, rows);
              assertClose("value " + i, (up - down) / 2e-2, gradient[i], 2e-3, 0.02);
              largest = Math.max(largest, Math.abs(gradient[i]));
            }
            assertTrue(largest > 2e-2, "there is a slope: " + largest);
          }
        });
  }

  private static double loss(FewRows few, float[] start, int i, float by, List<TokenRow> rows) {
    float[] moved = start.clone();
    moved[i] += by;
    few.assign(moved);
    return few.learn(List.of(rows), 0, 1).before();
  }

  private static float[] now(FewRows few, Parameter p) {
    try (Values values = few.model().variables().values()) {
      return values.of(p).array();
    }
  }

  @Test
  void bothLearnAndNothingElseMoves() {
    llama(
        (model, weights) -> {
          float[] start = rows(weights, model.table(), 7, 8);
          List<TokenRow> rows = behind(new int[] {0, 0}, ROWS);
          try (FewRows few = softPrompt(model, weights, start)) {
            FewRows.Lowered none = few.learn(List.of(rows), 0, 0.1);
            assertEquals(none.before(), none.after(), "no step, nothing learned");
            FewRows.Lowered lowered = few.learn(List.of(rows), 60, 0.05);
            assertTrue(lowered.after() < 0.7 * lowered.before(), lowered.toString());
            for (Parameter p : model.parameters()) {
              assertArrayEquals(weights.all(p), now(few, p), p.name());
            }
          }
          try (FewRows few = FewRows.head(model, weights, Computations.FP32)) {
            FewRows.Lowered lowered =
                few.learn(List.of(ROWS.subList(0, 1), ROWS.subList(1, 2)), 60, 0.02);
            assertTrue(lowered.after() < 0.7 * lowered.before(), lowered.toString());
            for (Parameter p : model.parameters()) {
              float[] now = now(few, p);
              boolean same = Arrays.equals(weights.all(p), now);
              assertEquals(!p.equals(model.head()), same, p.name());
            }
          }
        });
  }

  @Test
  void nothingNativeStaysOpen() {
    llama(
        (model, weights) -> {
          float[] start = rows(weights, model.table(), 7, 8);
          List<TokenRow> rows = behind(new int[] {0, 0}, ROWS);
          try (FewRows few = softPrompt(model, weights, start)) {
            few.learn(List.of(rows), 1, 0.1);
            few.gradient(rows);
            long open = Pointer.totalCount();
            for (int i = 0; i < 3; i++) {
              few.learn(List.of(rows), 2, 0.1);
              few.gradient(rows);
            }
            assertEquals(open, Pointer.totalCount(), "native objects that nobody closed");
          }
        });
  }
}
