package org.unlearn4j.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.unlearn4j.eval.Near;
import org.unlearn4j.eval.Progress;
import org.unlearn4j.lm.Generation;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.Logits;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;

/** A vocabulary of 131,072 tokens: whole logits of these rows would be half a gigabyte a model. */
class LargeVocabularyTest {
  private static final int VOCAB = 1 << 17;

  /** Logits are zero but for one token a position; nobody may ask for all of them at once. */
  private static final class Sparse implements LanguageModel {
    private final float shift;
    private final List<Integer> batches = new ArrayList<>();
    private int open;
    private int mostOpen;

    Sparse(float shift) {
      this.shift = shift;
    }

    @Override
    public Shape shape() {
      return new Shape(VOCAB, 1, 1, 1024);
    }

    @Override
    public String runtime() {
      return "tf";
    }

    @Override
    public Logits openLogits(List<TokenRow> rows, int cachedFrom) {
      batches.add(rows.stream().mapToInt(TokenRow::length).sum());
      mostOpen = Math.max(mostOpen, ++open);
      return new Logits() {
        @Override
        public void read(int row, int time, float[] into) {
          Arrays.fill(into, 0);
          into[rows.get(row).ids()[time] + 1] = 4 + shift;
        }

        @Override
        public void close() {
          open--;
        }
      };
    }

    @Override
    public float[][][] logits(List<TokenRow> rows, int cachedFrom) {
      throw new AssertionError("whole logits in the heap");
    }

    @Override
    public List<int[]> generate(List<int[]> prompts, Generation how, StepListener listener) {
      List<int[]> all = new ArrayList<>();
      for (int[] prompt : prompts) {
        all.add(new int[] {prompt[prompt.length - 1] + 1});
      }
      return all;
    }

    @Override
    public List<TokenScores> score(List<TokenRow> rows) {
      throw new AssertionError();
    }

    @Override
    public float[][][] features(List<TokenRow> rows) {
      throw new AssertionError();
    }

    @Override
    public void close() {
      // holds nothing
    }
  }

  @Test
  void batchesShrinkUntilAPieceHoldsThem() {
    List<TokenRow> rows = new ArrayList<>();
    for (int r = 0; r < 4; r++) {
      int[] prompt = new int[48];
      Arrays.setAll(prompt, t -> t + 1);
      rows.add(TokenRow.answered(prompt, 7, 8));
    }
    int[] longer = new int[150];
    rows.add(TokenRow.answered(longer, 7));
    Sparse trained = new Sparse(0);
    Sparse deployed = new Sparse(0.5f);
    NumericDifference d =
        NumericParity.measure(
                ReferenceLogits.of(trained),
                Optional.empty(),
                deployed,
                rows,
                1024,
                1,
                Progress.NONE)
            .total();
    int piece = NumericParity.PIECE_FLOATS / VOCAB;
    assertEquals(128, piece);
    // The row that is longer than a piece by itself, then two rows of 50 a batch.
    assertEquals(List.of(151, 100, 100), trained.batches);
    assertEquals(0, trained.open + deployed.open, "everything was closed");
    assertTrue(deployed.mostOpen <= 2 && trained.mostOpen <= 1);
    assertEquals(4 * 50 + 151, d.positions());
    Near.absolute(0.5, d.value(NumericMeasure.LOGIT_MAX_ABS), 1e-6, "max");
    Near.absolute(0.5 / VOCAB, d.value(NumericMeasure.LOGIT_MEAN_ABS), 1e-9, "mean");
    // KL when one logit of probability p grows by s: log(1 + p (e^s - 1)) - p s
    double p = Math.exp(4) / (Math.exp(4) + VOCAB - 1);
    Near.absolute(
        Math.log1p(p * Math.expm1(0.5)) - p * 0.5, d.value(NumericMeasure.KL_MEAN), 1e-10, "KL");
    assertEquals(0, d.value(NumericMeasure.CACHED_DECODING));
  }
}
