package org.unlearn4j.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.unlearn4j.lm.Decoding;
import org.unlearn4j.lm.Generation;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;

/**
 * A language model small enough to compute by hand: the next token depends on the last one only.
 * Its logits are the logarithms of a given table of probabilities. Counts what goes through it.
 */
public class BigramModel implements LanguageModel {
  private final String runtime;
  private final double[][] probabilities;

  /** Lengths of the rows of every batch that was scored. */
  public final List<List<Integer>> scoredBatches = new ArrayList<>();

  /** Lengths of the prompts of every batch that was decoded. */
  public final List<List<Integer>> decodedBatches = new ArrayList<>();

  /**
   * A model.
   *
   * @param probabilities {@code [last token][next token]}, rows sum to 1
   */
  public BigramModel(String runtime, double[][] probabilities) {
    this.runtime = runtime;
    this.probabilities = probabilities;
  }

  /** Probabilities drawn from a seed. */
  public static double[][] random(int vocabulary, long seed) {
    Random random = new Random(seed);
    double[][] table = new double[vocabulary][vocabulary];
    for (double[] row : table) {
      Arrays.setAll(row, i -> 0.05 + random.nextDouble());
      double sum = Arrays.stream(row).sum();
      Arrays.setAll(row, i -> row[i] / sum);
    }
    return table;
  }

  /** A logit; overridden where a test wants a fault. */
  protected float logit(int last, int next, boolean cached) {
    return (float) Math.log(probabilities[last][next]);
  }

  @Override
  public Shape shape() {
    return new Shape(probabilities.length, 2, 1, 64);
  }

  @Override
  public String runtime() {
    return runtime;
  }

  @Override
  public List<TokenScores> score(List<TokenRow> rows) {
    scoredBatches.add(rows.stream().map(TokenRow::length).toList());
    return rows.stream().map(this::score).toList();
  }

  private TokenScores score(TokenRow row) {
    int n = row.labelled();
    TokenScores scores =
        new TokenScores(new int[n], new float[n], new int[n], new float[n], new float[n]);
    int k = 0;
    for (int t = 1; t < row.length(); t++) {
      if (row.labels()[t] != TokenRow.IGNORED) {
        float[] logits = logits(row.ids()[t - 1], false);
        scores.labels()[k] = row.labels()[t];
        scores.logProbs()[k] = logits[row.labels()[t]];
        scores.argmax()[k++] = argmax(logits);
      }
    }
    return scores;
  }

  /** Position-independent features: the mean id and the count of labelled tokens. */
  @Override
  public float[][][] features(List<TokenRow> rows) {
    float[][][] features = new float[3][rows.size()][2];
    for (float[][] layer : features) {
      for (int r = 0; r < layer.length; r++) {
        TokenRow row = rows.get(r);
        for (int t = 0; t < row.length(); t++) {
          if (row.labels()[t] != TokenRow.IGNORED) {
            layer[r][0] += (float) row.ids()[t] / row.labelled();
            layer[r][1] += 1;
          }
        }
      }
    }
    return features;
  }

  @Override
  public float[][][] logits(List<TokenRow> rows, int cachedFrom) {
    float[][][] logits = new float[rows.size()][][];
    for (int r = 0; r < logits.length; r++) {
      int[] ids = rows.get(r).ids();
      logits[r] = new float[ids.length][];
      for (int t = 0; t < ids.length; t++) {
        logits[r][t] = logits(ids[t], cachedFrom > 0 && t >= cachedFrom);
      }
    }
    return logits;
  }

  @Override
  public List<int[]> generate(List<int[]> prompts, Generation how, StepListener listener) {
    decodedBatches.add(prompts.stream().map(p -> p.length).toList());
    Decoding decoding = new Decoding(prompts, how, Integer.MAX_VALUE, listener);
    boolean first = true;
    while (!decoding.done()) {
      int width = decoding.width();
      int[] ids = decoding.ids();
      boolean cached = !first;
      decoding.accept(
          (row, into) ->
              System.arraycopy(logits(ids[(row + 1) * width - 1], cached), 0, into, 0, into.length),
          probabilities.length);
      first = false;
    }
    return decoding.continuations();
  }

  private float[] logits(int last, boolean cached) {
    float[] logits = new float[probabilities.length];
    for (int v = 0; v < logits.length; v++) {
      logits[v] = logit(last, v, cached);
    }
    return logits;
  }

  private static int argmax(float[] values) {
    int best = 0;
    for (int i = 1; i < values.length; i++) {
      best = values[i] > values[best] ? i : best;
    }
    return best;
  }

  @Override
  public void close() {
    // holds nothing native
  }
}
