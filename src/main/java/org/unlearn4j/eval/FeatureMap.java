package org.unlearn4j.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.unlearn4j.base.Lanes;
import org.unlearn4j.lm.BatchPlan;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;

/**
 * Pooled hidden states of some rows at every layer of a model, by layer name: {@code embeddings},
 * {@code 0} to {@code L-1} (the residual stream after that block) and {@code final_norm}.
 */
public final class FeatureMap {
  private final List<String> layers;
  private final float[][][] features;

  private FeatureMap(List<String> layers, float[][][] features) {
    this.layers = layers;
    this.features = features;
  }

  /**
   * Wraps what {@link LanguageModel#features} gave.
   *
   * @param features {@code [layers + 2][row][hidden]}
   */
  public static FeatureMap of(float[][][] features) {
    List<String> names = new ArrayList<>();
    names.add("embeddings");
    IntStream.range(0, features.length - 2).mapToObj(Integer::toString).forEach(names::add);
    names.add("final_norm");
    return new FeatureMap(List.copyOf(names), features);
  }

  /**
   * Runs rows through a model, rows of like length together.
   *
   * @param tokenBudget most tokens in a batch, padding included
   */
  public static FeatureMap measure(
      LanguageModel model, List<TokenRow> rows, int tokenBudget, Progress progress) {
    float[][][] all = new float[model.shape().layers() + 2][rows.size()][];
    AtomicInteger done = new AtomicInteger();
    progress.begin("features", 0, rows.size());
    Lanes.inOrder(
        model.lanes(),
        BatchPlan.byLength(rows.size(), i -> rows.get(i).length(), tokenBudget),
        batch ->
            new Pooled(batch, model.features(IntStream.of(batch).mapToObj(rows::get).toList())),
        pooled -> {
          int[] batch = pooled.rows;
          for (int layer = 0; layer < all.length; layer++) {
            for (int i = 0; i < batch.length; i++) {
              all[layer][batch[i]] = pooled.features[layer][i];
            }
          }
          progress.update("features", done.addAndGet(batch.length), rows.size());
        });
    return of(all);
  }

  /** Features of a batch, {@code [layer][row][hidden]}, and which rows it has. */
  @SuppressWarnings("ArrayRecordComponent") // handed from one thread to another once
  private record Pooled(int[] rows, float[][][] features) {}

  /** Names of the layers, from the embeddings up. */
  public List<String> layers() {
    return layers;
  }

  /** The last block, CLReg's default. */
  public String lastBlock() {
    return layers.get(layers.size() - 2);
  }

  /**
   * Whether a layer can be held against another model's: the same number of blocks lies below it
   * there, and it is as wide. The final norm of a deeper model is another layer of the same name.
   */
  public boolean comparable(String layer, FeatureMap other) {
    int index = layers.indexOf(layer);
    return index >= 0 && index == other.layers.indexOf(layer) && width(index) == other.width(index);
  }

  private int width(int layer) {
    return features[layer].length == 0 ? 0 : features[layer][0].length;
  }

  /**
   * Features {@code [row][hidden]} of a layer, in double precision.
   *
   * @throws IllegalArgumentException if there is no layer of that name
   */
  public double[][] layer(String name) {
    int index = layers.indexOf(name);
    if (index < 0) {
      throw new IllegalArgumentException("no layer " + name + " among " + layers);
    }
    float[][] rows = features[index];
    double[][] wide = new double[rows.length][];
    for (int r = 0; r < rows.length; r++) {
      wide[r] = new double[rows[r].length];
      for (int i = 0; i < wide[r].length; i++) {
        wide[r][i] = rows[r][i];
      }
    }
    return wide;
  }
}
