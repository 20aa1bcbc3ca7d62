package org.unlearn4j.parity;

import java.util.List;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.Logits;
import org.unlearn4j.lm.TokenRow;

/** Logits that a deployed file is held against, of rows that are known before. */
public interface ReferenceLogits {
  /** Whose they are, as in reports. */
  String runtime();

  /** Logits at a position. */
  int vocabSize();

  /** How many threads may ask for logits at a time. */
  int lanes();

  /**
   * Logits of some of the rows.
   *
   * @param numbers of the rows, by their places in the whole list
   * @param rows those rows
   * @return to be closed by the caller
   */
  Logits open(int[] numbers, List<TokenRow> rows);

  /** Computed when they are asked for. */
  static ReferenceLogits of(LanguageModel model) {
    return new ReferenceLogits() {
      @Override
      public String runtime() {
        return model.runtime();
      }

      @Override
      public int vocabSize() {
        return model.shape().vocabSize();
      }

      @Override
      public int lanes() {
        return model.lanes();
      }

      @Override
      public Logits open(int[] numbers, List<TokenRow> rows) {
        return model.openLogits(rows, 0);
      }
    };
  }
}
