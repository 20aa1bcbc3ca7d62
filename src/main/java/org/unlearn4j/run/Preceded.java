package org.unlearn4j.run;

import java.util.List;
import org.unlearn4j.lm.Generation;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;

/**
 * A model that begins every row with vectors of its own, asked as if it had none: ids that it does
 * not read are put before each prompt.
 *
 * @param vectors how many; 0: the model itself
 */
record Preceded(LanguageModel model, int vectors) implements LanguageModel {

  /** The row with ids in front. */
  static TokenRow row(TokenRow row, int vectors) {
    int[] ids = new int[vectors + row.length()];
    int[] labels = new int[ids.length];
    java.util.Arrays.fill(labels, 0, vectors, TokenRow.IGNORED);
    System.arraycopy(row.ids(), 0, ids, vectors, row.length());
    System.arraycopy(row.labels(), 0, labels, vectors, row.length());
    return new TokenRow(ids, labels);
  }

  private List<TokenRow> rows(List<TokenRow> rows) {
    return rows.stream().map(r -> row(r, vectors)).toList();
  }

  @Override
  public Shape shape() {
    Shape s = model.shape();
    return new Shape(s.vocabSize(), s.hiddenSize(), s.layers(), s.maxPositions() - vectors);
  }

  @Override
  public String runtime() {
    return model.runtime();
  }

  @Override
  public List<TokenScores> score(List<TokenRow> rows) {
    return model.score(rows(rows));
  }

  @Override
  public float[][][] features(List<TokenRow> rows) {
    return model.features(rows(rows));
  }

  @Override
  public float[][][] logits(List<TokenRow> rows, int cachedFrom) {
    throw new UnsupportedOperationException("logits behind a prompt of vectors");
  }

  @Override
  public List<int[]> generate(List<int[]> prompts, Generation how, StepListener listener) {
    List<int[]> all =
        prompts.stream().map(p -> row(TokenRow.unlabelled(p), vectors).ids()).toList();
    return model.generate(all, how, listener);
  }

  /** Nothing: who made the model closes it. */
  @Override
  public void close() {}
}
