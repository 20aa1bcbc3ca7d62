package org.unlearn4j.eval;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Features of forget and retain rows before and after unlearning, projected onto two axes.
 *
 * <p>The axes are the first two principal components of the model <em>before</em> and serve both
 * models, so that what moves in the picture moved in the model.
 *
 * @param layer where the features were taken, for instance {@code 2}
 * @param explained share of the variance before that each axis carries
 */
public record FeaturePicture(
    String layer,
    List<Double> explained,
    List<Point> forgetBefore,
    List<Point> retainBefore,
    List<Point> forgetAfter,
    List<Point> retainAfter) {

  /** A row's place in the picture. */
  public record Point(double x, double y) {}

  public FeaturePicture {
    explained = List.copyOf(explained);
    forgetBefore = List.copyOf(forgetBefore);
    retainBefore = List.copyOf(retainBefore);
    forgetAfter = List.copyOf(forgetAfter);
    retainAfter = List.copyOf(retainAfter);
  }

  /** Projects one layer; the features are scaled to length 1 first, as for {@link Entanglement}. */
  public static FeaturePicture of(
      String layer,
      FeatureMap forgetBefore,
      FeatureMap retainBefore,
      FeatureMap forgetAfter,
      FeatureMap retainAfter) {
    double[][] forget = Vectors.normalised(forgetBefore.layer(layer));
    double[][] retain = Vectors.normalised(retainBefore.layer(layer));
    List<double[]> both = new ArrayList<>(List.of(forget));
    Collections.addAll(both, retain);
    PrincipalComponents axes = PrincipalComponents.fit(both.toArray(double[][]::new), 2);
    return new FeaturePicture(
        layer,
        axes.explained(),
        project(axes, forget),
        project(axes, retain),
        project(axes, Vectors.normalised(forgetAfter.layer(layer))),
        project(axes, Vectors.normalised(retainAfter.layer(layer))));
  }

  private static List<Point> project(PrincipalComponents axes, double[][] rows) {
    List<Point> points = new ArrayList<>();
    for (double[] row : rows) {
      double[] p = axes.project(row);
      // fewer than two rows, or all alike, span fewer than two axes
      points.add(new Point(p.length > 0 ? p[0] : 0, p.length > 1 ? p[1] : 0));
    }
    return points;
  }
}
