package org.unlearn4j.job;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import org.unlearn4j.eval.RelearnMetrics;
import org.unlearn4j.eval.RelearnResult;

/** What a little training brings back, in a few lines for a terminal. */
final class RelearnText {
  private RelearnText() {}

  static List<String> lines(RelearnResult result) {
    List<String> lines = new ArrayList<>();
    for (RelearnResult.Arm arm : result.arms()) {
      arm.models()
          .forEach(
              (name, course) -> {
                lines.add(
                    String.format(
                        Locale.ROOT, "%s, taught %d rows of %s:", name, arm.rows(), arm.data()));
                RelearnMetrics.told(course.after().keySet())
                    .forEach(metric -> lines.add(sentence(metric, course)));
              });
    }
    for (RelearnResult.Share share : result.shares()) {
      share.models().forEach((name, points) -> lines.add(sentence(share, name, points)));
    }
    result.gain().ifPresent(gain -> lines.add(judged(result, gain)));
    return lines;
  }

  private static String sentence(
      RelearnResult.Share share, String name, List<RelearnResult.Point> points) {
    return String.format(
        Locale.ROOT,
        "%s, taught %d rows of forget (share %s): what was not taught %.4f -> %.4f",
        name,
        share.rows(),
        share.share(),
        points.get(0).untaught().orElse(Double.NaN),
        points.get(points.size() - 1).untaught().orElse(Double.NaN));
  }

  private static String judged(RelearnResult result, double gain) {
    String limit =
        result.gainMax().isEmpty()
            ? ""
            : String.format(
                Locale.ROOT,
                ", at most %s: %s",
                result.gainMax().getAsDouble(),
                result.pass() ? "pass" : "fail");
    return String.format(
        Locale.ROOT,
        "relearn: what was not taught became likelier by %.4f more than for the retain-only"
            + " model%s",
        gain,
        limit);
  }

  private static String sentence(String metric, RelearnResult.Course course) {
    OptionalDouble back = course.wayBack().getOrDefault(metric, OptionalDouble.empty());
    return String.format(
        Locale.ROOT,
        "  %-30s %.4f -> %.4f%s",
        metric,
        course.before().get(metric),
        course.after().get(metric),
        back.isEmpty() ? "" : "  " + Math.round(100 * back.getAsDouble()) + " % of the way back");
  }
}
