package org.unlearn4j.eval;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.SingularValueDecomposition;

/**
 * How much forget and retain features share, layer by layer. All measures are of features scaled to
 * length 1, {@code [row][hidden]}, in double precision.
 */
public final class Entanglement {
  /** Measures of one model alone. */
  public static final List<String> ALONE =
      Stream.of(
              Metric.COSINE,
              Metric.COSINE_OF_MEANS,
              Metric.ENTANGLEMENT,
              Metric.PROBE_AUC,
              Metric.PRINCIPAL_ANGLES)
          .map(Metric::key)
          .toList();

  /** Measures of what unlearning did to the features. */
  public static final List<String> OF_CHANGE =
      Stream.of(Metric.ENTANGLEMENT_LOG_RATIO, Metric.RETAIN_DRIFT, Metric.RETAIN_CKA)
          .map(Metric::key)
          .toList();

  /** Ends the name of a measure of the model that unlearning started from. */
  public static final String BEFORE = "_before";

  private static final int SUBSPACE = 8;
  private static final int FOLDS = 5;
  private static final long SEED = 0;

  private Entanglement() {}

  /** One model alone: layer name to measure name to value. */
  public static Map<String, Map<String, Double>> measure(FeatureMap forget, FeatureMap retain) {
    Map<String, Map<String, Double>> byLayer = new LinkedHashMap<>();
    for (String layer : forget.layers()) {
      double[][] f = Vectors.normalised(forget.layer(layer));
      double[][] r = Vectors.normalised(retain.layer(layer));
      byLayer.put(layer, alone(f, r));
    }
    return byLayer;
  }

  /** A model after unlearning: the same, the same of the model before, and what changed. */
  public static Map<String, Map<String, Double>> compare(
      FeatureMap forgetBefore,
      FeatureMap retainBefore,
      FeatureMap forgetAfter,
      FeatureMap retainAfter) {
    return compare(measure(forgetBefore, retainBefore), retainBefore, forgetAfter, retainAfter);
  }

  /**
   * The same for several models after one model before.
   *
   * @param before {@link #measure} of the model before
   * @return by layer: every measure of {@link #ALONE} of the model after; under the same name with
   *     {@link #BEFORE} behind it, of the model before; and the measures of {@link #OF_CHANGE}. A
   *     layer that the model before does not have at the same depth and width has the first alone
   */
  public static Map<String, Map<String, Double>> compare(
      Map<String, Map<String, Double>> before,
      FeatureMap retainBefore,
      FeatureMap forgetAfter,
      FeatureMap retainAfter) {
    Map<String, Map<String, Double>> byLayer = measure(forgetAfter, retainAfter);
    byLayer.forEach(
        (layer, measures) -> {
          if (!retainAfter.comparable(layer, retainBefore)) {
            return; // of a model of another shape, for instance a smaller retain-only one
          }
          Map<String, Double> was = before.get(layer);
          double[][] retain = Vectors.normalised(retainBefore.layer(layer));
          double[][] after = Vectors.normalised(retainAfter.layer(layer));
          ALONE.forEach(name -> measures.put(name + BEFORE, was.get(name)));
          measures.put(
              Metric.ENTANGLEMENT_LOG_RATIO.key(),
              Math.log(
                  measures.get(Metric.ENTANGLEMENT.key()) / was.get(Metric.ENTANGLEMENT.key())));
          measures.put(Metric.RETAIN_DRIFT.key(), drift(retain, after));
          measures.put(Metric.RETAIN_CKA.key(), linearCka(retain, after));
        });
    return byLayer;
  }

  private static Map<String, Double> alone(double[][] f, double[][] r) {
    Map<String, Double> measures = new LinkedHashMap<>();
    measures.put(Metric.COSINE.key(), meanPairCosine(f, r));
    measures.put(Metric.COSINE_OF_MEANS.key(), cosineOfMeans(f, r));
    measures.put(Metric.ENTANGLEMENT.key(), entanglement(f, r));
    measures.put(Metric.PROBE_AUC.key(), LinearProbe.crossValidatedAuc(f, r, FOLDS, SEED));
    measures.put(Metric.PRINCIPAL_ANGLES.key(), principalAngles(f, r, SUBSPACE));
    return measures;
  }

  /** Mean of f . r over all pairs of unit vectors, which is the product of the mean vectors. */
  static double meanPairCosine(double[][] f, double[][] r) {
    return Vectors.dot(Vectors.mean(f), Vectors.mean(r));
  }

  /** Cosine of the angle between the two mean vectors. */
  static double cosineOfMeans(double[][] f, double[][] r) {
    double[] a = Vectors.mean(f);
    double[] b = Vectors.mean(r);
    return Vectors.dot(a, b) / (Vectors.norm(a) * Vectors.norm(b));
  }

  /**
   * Variance within the two sets over variance between them (Goldblum et al., 2020; Zhao et al.,
   * 2024): 4 (V_F + V_R) / |mu_F - mu_R|^2. Lower is less entangled.
   */
  static double entanglement(double[][] f, double[][] r) {
    double between = Vectors.squaredDistance(Vectors.mean(f), Vectors.mean(r));
    return 4 * (variance(f) + variance(r)) / between;
  }

  private static double variance(double[][] rows) {
    double[] mean = Vectors.mean(rows);
    double sum = 0;
    for (double[] row : rows) {
      sum += Vectors.squaredDistance(row, mean);
    }
    return sum / rows.length;
  }

  /** 1 - mean cosine between each row before and after. Lower is a smaller shift. */
  static double drift(double[][] before, double[][] after) {
    double sum = 0;
    for (int i = 0; i < before.length; i++) {
      sum += Vectors.dot(before[i], after[i]);
    }
    return 1 - sum / before.length;
  }

  /**
   * Mean cosine of the principal angles between the subspaces of the top k principal components.
   *
   * @return 1 for the same subspace, 0 for orthogonal ones; NaN where a set does not vary
   */
  static double principalAngles(double[][] f, double[][] r, int k) {
    List<double[]> a = PrincipalComponents.fit(f, k).directions();
    List<double[]> b = PrincipalComponents.fit(r, k).directions();
    int dimensions = Math.min(a.size(), b.size());
    if (dimensions == 0) {
      return Double.NaN;
    }
    double[][] products = new double[dimensions][dimensions];
    for (int i = 0; i < dimensions; i++) {
      for (int j = 0; j < dimensions; j++) {
        products[i][j] = Vectors.dot(a.get(i), b.get(j));
      }
    }
    SingularValueDecomposition svd =
        new SingularValueDecomposition(new Array2DRowRealMatrix(products, false));
    return Statistics.mean(svd.getSingularValues());
  }

  /** Linear centred kernel alignment (Kornblith et al., 2019) of the same rows in two models. */
  static double linearCka(double[][] before, double[][] after) {
    double[][] k = Vectors.gram(Vectors.centred(before));
    double[][] l = Vectors.gram(Vectors.centred(after));
    double kl = 0;
    double kk = 0;
    double ll = 0;
    for (int i = 0; i < k.length; i++) {
      kl += Vectors.dot(k[i], l[i]);
      kk += Vectors.dot(k[i], k[i]);
      ll += Vectors.dot(l[i], l[i]);
    }
    return kl / Math.sqrt(kk * ll);
  }
}
