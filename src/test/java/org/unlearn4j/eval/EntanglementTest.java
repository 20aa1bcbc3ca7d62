package org.unlearn4j.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.unlearn4j.lm.TokenRow;

class EntanglementTest {
  private static final double[][] F = {{1, 0}, {0.6, 0.8}};
  private static final double[][] R = {{0, 1}, {0, 1}};

  /** mu_F = (0.8, 0.4), mu_R = (0, 1); V_F = 0.2, V_R = 0; |mu_F - mu_R|^2 = 1. */
  @Test
  void byHand() {
    Near.absolute(0.4, Entanglement.meanPairCosine(F, R), 1e-12, "cosine");
    Near.absolute(0.4 / Math.sqrt(0.8), Entanglement.cosineOfMeans(F, R), 1e-12, "of means");
    Near.absolute(0.8, Entanglement.entanglement(F, R), 1e-12, "entanglement");
    Near.absolute(0, Entanglement.drift(F, F), 1e-12, "no drift");
    Near.absolute(1 - (0 + 0.8) / 2, Entanglement.drift(F, R), 1e-12, "drift");
  }

  @Test
  void pairCosineIsTheMeanOverPairs() {
    double[][] f = Vectors.normalised(gaussian(5, 7, 1));
    double[][] r = Vectors.normalised(gaussian(4, 7, 2));
    double sum = 0;
    for (double[] a : f) {
      for (double[] b : r) {
        sum += Vectors.dot(a, b) / 20;
      }
    }
    Near.absolute(sum, Entanglement.meanPairCosine(f, r), 1e-12, "pairs");
  }

  @Test
  void ckaIsOneForARotationAndLessForNoise() {
    double[][] rows = gaussian(12, 3, 3);
    double[][] rotated = new double[12][];
    double[][] scaled = new double[12][];
    for (int i = 0; i < 12; i++) {
      rotated[i] = new double[] {-rows[i][1], rows[i][0], rows[i][2]};
      scaled[i] = new double[] {3 * rows[i][0], 3 * rows[i][1] + 5, 3 * rows[i][2]};
    }
    Near.absolute(1, Entanglement.linearCka(rows, rotated), 1e-12, "rotation");
    Near.absolute(1, Entanglement.linearCka(rows, scaled), 1e-12, "scale and shift");
    assertTrue(Entanglement.linearCka(rows, gaussian(12, 3, 4)) < 0.7);
  }

  @Test
  void principalAnglesOfKnownSubspaces() {
    double[][] a = {{1, 0, 0, 0}, {-1, 0, 0, 0}, {0, 2, 0, 0}, {0, -2, 0, 0}};
    double[][] b = {{0, 0, 1, 0}, {0, 0, -1, 0}, {0, 0, 0, 2}, {0, 0, 0, -2}};
    double[][] half = {{1, 0, 0, 0}, {-1, 0, 0, 0}, {0, 0, 2, 0}, {0, 0, -2, 0}};
    Near.absolute(1, Entanglement.principalAngles(a, a, 8), 1e-9, "itself");
    Near.absolute(0, Entanglement.principalAngles(a, b, 8), 1e-9, "orthogonal");
    Near.absolute(0.5, Entanglement.principalAngles(a, half, 8), 1e-9, "one axis shared");
    assertTrue(Double.isNaN(Entanglement.principalAngles(R, F, 8)), "R does not vary");
  }

  @Test
  void probeTellsApartOnlyWhatDiffers() {
    double[][] a = gaussian(60, 4, 5);
    double[][] b = gaussian(60, 4, 6);
    double[][] shifted = gaussian(60, 4, 7);
    for (double[] row : shifted) {
      row[2] += 6;
    }
    Near.absolute(1, LinearProbe.crossValidatedAuc(a, shifted, 5, 0), 1e-9, "apart");
    Near.absolute(0.5, LinearProbe.crossValidatedAuc(a, b, 5, 0), 0.15, "alike");
    assertEquals(
        LinearProbe.crossValidatedAuc(a, b, 5, 0), LinearProbe.crossValidatedAuc(a, b, 5, 0));
    assertTrue(Double.isNaN(LinearProbe.crossValidatedAuc(a, new double[][] {{1, 2, 3, 4}}, 5, 0)));
  }

  /** Rows on the line through (1, 2) along (3, -4): the entry of largest magnitude is positive. */
  @Test
  void principalComponentsHaveAFixedSign() {
    double[][] line = {{1 + 3, 2 - 4}, {1 - 3, 2 + 4}, {1, 2}};
    PrincipalComponents fit = PrincipalComponents.fit(line, 2);
    assertEquals(1, fit.directions().size(), "a line has one direction");
    Near.absolute(-0.6, fit.directions().get(0)[0], 1e-12, "x");
    Near.absolute(0.8, fit.directions().get(0)[1], 1e-12, "y");
    Near.absolute(1, fit.explained().get(0), 1e-12, "explained");
    Near.absolute(-5, fit.project(line[0])[0], 1e-12, "projection");
  }

  /** More columns than rows and more rows than columns take different ways to one answer. */
  @Test
  void principalComponentsOfWideAndTallRows() {
    double[][] tall = gaussian(9, 4, 8);
    double[][] wide = new double[9][20];
    for (int r = 0; r < 9; r++) {
      System.arraycopy(tall[r], 0, wide[r], 3, 4);
    }
    PrincipalComponents a = PrincipalComponents.fit(tall, 2);
    PrincipalComponents b = PrincipalComponents.fit(wide, 2);
    for (int r = 0; r < 9; r++) {
      for (int k = 0; k < 2; k++) {
        Near.absolute(a.project(tall[r])[k], b.project(wide[r])[k], 1e-9, "row " + r);
      }
    }
  }

  @Test
  void everyLayerIsMeasured() {
    FeatureMap forget = features(11);
    FeatureMap retain = features(12);
    assertEquals(List.of("embeddings", "0", "1", "final_norm"), forget.layers());
    assertEquals("1", forget.lastBlock());
    Map<String, Map<String, Double>> same = Entanglement.compare(forget, retain, forget, retain);
    assertEquals(forget.layers(), List.copyOf(same.keySet()));
    Near.absolute(0, same.get("1").get("entanglement_log_ratio"), 1e-12, "log ratio");
    Near.absolute(0, same.get("1").get("retain_drift"), 1e-12, "drift");
    Near.absolute(1, same.get("1").get("retain_cka"), 1e-12, "CKA");
    assertTrue(same.get("1").keySet().stream().allMatch(m -> MetricInfo.of(m).isPresent()));
    Map<String, Map<String, Double>> other =
        Entanglement.compare(forget, retain, features(13), features(14));
    double ratio =
        other.get("0").get("entanglement")
            / Entanglement.measure(forget, retain).get("0").get("entanglement");
    Near.absolute(Math.log(ratio), other.get("0").get("entanglement_log_ratio"), 1e-12, "ratio");
    assertThrows(IllegalArgumentException.class, () -> forget.layer("2"));
  }

  /**
   * Block 1 and the final norm of a deeper model have nothing at their depth to be held against.
   */
  @Test
  void onlyLayersOfEqualDepthAndWidthAreCompared() {
    FeatureMap before = ofOneLayer(new float[][] {{3, 0}, {0.3f, 0.4f}});
    float[][] deep = {{1, 0}, {3, -4}};
    FeatureMap after = FeatureMap.of(new float[][][] {deep, deep, deep, deep});
    Map<String, Map<String, Double>> seen = Entanglement.compare(before, before, after, after);
    assertEquals(List.of("embeddings", "0", "1", "final_norm"), List.copyOf(seen.keySet()));
    for (String layer : List.of("embeddings", "0")) {
      assertTrue(seen.get(layer).containsKey("retain_drift"), layer);
    }
    for (String layer : List.of("1", "final_norm")) {
      assertEquals(Entanglement.ALONE, List.copyOf(seen.get(layer).keySet()), layer);
    }
    float[][] wide = {{1, 0, 0}, {3, -4, 1}};
    FeatureMap wider = FeatureMap.of(new float[][][] {wide, deep, wide});
    Map<String, Map<String, Double>> other = Entanglement.compare(before, before, wider, wider);
    assertTrue(!other.get("embeddings").containsKey("retain_drift"));
    assertTrue(other.get("0").containsKey("retain_drift"));
  }

  /**
   * Before: the rows of {@link #byHand}, at other lengths, which must not matter: 0.8. After: f =
   * (1, 0), (0.6, -0.8), so mu_F = (0.8, -0.4), V_F = 0.2 and |mu_F - mu_R|^2 = 0.64 + 1.96 = 2.6;
   * 4 * 0.2 / 2.6. Without scaling to length 1 lengths would count.
   */
  @Test
  void beforeAndAfterByHand() {
    FeatureMap before = ofOneLayer(new float[][] {{3, 0}, {0.3f, 0.4f}});
    FeatureMap retain = ofOneLayer(new float[][] {{0, 7}, {0, 0.5f}});
    FeatureMap after = ofOneLayer(new float[][] {{1, 0}, {3, -4}});
    Map<String, Double> seen = Entanglement.compare(before, retain, after, retain).get("0");
    Near.absolute(0.8, seen.get("entanglement_before"), 1e-7, "before");
    Near.absolute(0.8 / 2.6, seen.get("entanglement"), 1e-7, "after");
    Near.absolute(-Math.log(2.6), seen.get("entanglement_log_ratio"), 1e-7, "log ratio");
    Near.absolute(0.4, seen.get("cosine_before"), 1e-7, "cosine before");
    Near.absolute(-0.4, seen.get("cosine"), 1e-7, "cosine after");
    Map<String, Double> swapped = Entanglement.compare(after, retain, before, retain).get("0");
    Near.absolute(Math.log(2.6), swapped.get("entanglement_log_ratio"), 1e-7, "the other way");
    double unscaled =
        Entanglement.entanglement(
            new double[][] {{3, 0}, {0.3, 0.4}}, new double[][] {{0, 7}, {0, 0.5}});
    assertTrue(Math.abs(unscaled - 0.8) > 0.1, "lengths would matter: " + unscaled);
    assertTrue(
        Entanglement.measure(before, retain).get("0").keySet().stream()
            .noneMatch(name -> name.endsWith(Entanglement.BEFORE)),
        "one model alone has no before");
  }

  /** The same features at the embeddings, block 0 and the final norm. */
  private static FeatureMap ofOneLayer(float[][] rows) {
    return FeatureMap.of(new float[][][] {rows, rows, rows});
  }

  @Test
  void pictureUsesTheAxesOfTheModelBefore() {
    FeatureMap forget = features(15);
    FeatureMap retain = features(16);
    FeaturePicture picture = FeaturePicture.of("0", forget, retain, forget, features(17));
    assertEquals(picture.forgetBefore(), picture.forgetAfter());
    assertTrue(!picture.retainBefore().equals(picture.retainAfter()));
    double sum = 0;
    for (FeaturePicture.Point p : picture.forgetBefore()) {
      sum += p.x();
    }
    for (FeaturePicture.Point p : picture.retainBefore()) {
      sum += p.x();
    }
    Near.absolute(0, sum, 1e-9, "the model before is centred");
  }

  @Test
  void featuresAreMeasuredInTheOrderOfTheRows() {
    List<TokenRow> rows =
        List.of(
            new TokenRow(new int[] {1, 2, 3}, new int[] {-100, 2, 3}),
            new TokenRow(new int[] {1, 4}, new int[] {-100, 4}),
            new TokenRow(new int[] {1, 5, 5, 5}, new int[] {-100, -100, -100, 5}));
    FeatureMap map =
        FeatureMap.measure(new BigramModel("tf", BigramModel.random(6, 1)), rows, 3, Progress.NONE);
    double[][] layer = map.layer("final_norm");
    assertEquals(2.5, layer[0][0]);
    assertEquals(4, layer[1][0]);
    assertEquals(5, layer[2][0]);
  }

  private static FeatureMap features(long seed) {
    float[][][] all = new float[4][6][5];
    Random random = new Random(seed);
    for (float[][] layer : all) {
      for (float[] row : layer) {
        for (int i = 0; i < row.length; i++) {
          row[i] = (float) random.nextGaussian();
        }
      }
    }
    return FeatureMap.of(all);
  }

  private static double[][] gaussian(int rows, int columns, long seed) {
    Random random = new Random(seed);
    double[][] values = new double[rows][columns];
    for (double[] row : values) {
      for (int i = 0; i < columns; i++) {
        row[i] = random.nextGaussian();
      }
    }
    return values;
  }
}
