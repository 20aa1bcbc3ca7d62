package org.unlearn4j.eval;

import java.util.LinkedHashMap;
import java.util.Map;

/** Where in a model can a plane tell its features before a change from those after it? */
public final class SwitchProbe {
  private static final int FOLDS = 5;
  private static final long SEED = 0;

  private SwitchProbe() {}

  /**
   * AUC of the linear probe on rows that it was not fitted on, by layer; features are scaled to
   * length 1, and a row is held out with both of its features.
   *
   * @param before of some rows
   * @param after of the same rows in a model of the same shape
   * @return 0.5 where nothing changed, 1 where every row shows it; NaN for fewer than two rows
   * @throws IllegalArgumentException if a layer cannot be compared
   */
  public static Map<String, Double> auc(FeatureMap before, FeatureMap after) {
    Map<String, Double> byLayer = new LinkedHashMap<>();
    for (String layer : before.layers()) {
      if (!after.comparable(layer, before)) {
        throw new IllegalArgumentException("layer " + layer + " of models of other shapes");
      }
      byLayer.put(
          layer,
          LinearProbe.crossValidatedAucOfPairs(
              Vectors.normalised(before.layer(layer)),
              Vectors.normalised(after.layer(layer)),
              FOLDS,
              SEED));
    }
    return byLayer;
  }
}
