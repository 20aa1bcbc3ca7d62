package org.unlearn4j.job;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.unlearn4j.attack.AttackResult;
import org.unlearn4j.attack.FamilyResult;
import org.unlearn4j.attack.Learned;
import org.unlearn4j.attack.Pushed;
import org.unlearn4j.attack.Sampled;
import org.unlearn4j.eval.Bootstrap;

/** What attacks brought out, in a few lines for a terminal. */
final class AttackText {
  private AttackText() {}

  static List<String> lines(AttackResult result) {
    List<String> lines = new ArrayList<>();
    for (String model : result.models().subList(0, result.judged())) {
      lines.add(
          String.format(
              Locale.ROOT,
              "%-24s %7s %8s %8s  above retain-only",
              model,
              "leakage",
              "retain",
              "target"));
      for (FamilyResult family : result.families()) {
        lines.add(line(family, model));
      }
    }
    for (Sampled sampled : result.sampled()) {
      lines.add(sampled.model() + ", best of sampled answers:");
      for (Sampled.Point p : sampled.points()) {
        lines.add(
            String.format(
                Locale.ROOT,
                "  k %-4d %.3f [%.3f, %.3f]%s",
                p.k(),
                p.leakage().mean(),
                p.leakage().low(),
                p.leakage().high(),
                p.excess().map(e -> ", above retain-only " + interval(e)).orElse("")));
      }
    }
    result
        .lens()
        .forEach(
            (model, all) -> {
              lines.add(model + ", probability of the answer read off each layer:");
              all.forEach(
                  (layer, p) -> lines.add(String.format(Locale.ROOT, "  %-22s %7.3f", layer, p)));
            });
    for (Learned l : result.learned()) {
      lines.add(
          String.format(
              Locale.ROOT,
              "%s, %s: %d answers learned in %d steps, NLL of a token %.3f, then %.3f",
              l.model(),
              l.attack(),
              l.rows(),
              l.steps(),
              l.before(),
              l.after()));
    }
    for (Pushed pushed : result.pushed()) {
      lines.add(pushed.model() + ", pushed by " + pushed.push() + ":");
      for (Pushed.Point p : pushed.points()) {
        lines.add(
            String.format(
                Locale.ROOT,
                "  %-22s %7.3f %8.3f %8s  %s",
                p.amount(),
                p.leakage(),
                p.retainOnly(),
                "",
                p.excess().map(AttackText::interval).orElse("")));
      }
    }
    return lines;
  }

  private static String line(FamilyResult family, String model) {
    FamilyResult.Leak leak = family.models().get(model);
    String line =
        String.format(
            Locale.ROOT,
            "  %-22s %7.3f %8s %8s  %s",
            family.family(),
            leak.leakage(),
            leakage(family, AttackResult.RETAIN_ONLY),
            leakage(family, AttackResult.TARGET),
            leak.excess().map(AttackText::interval).orElse(""));
    return leak.pass()
        ? line.stripTrailing()
        : line
            + String.format(
                Locale.ROOT, ": expected at most %.3f", leak.limit().orElse(Double.NaN));
  }

  private static String leakage(FamilyResult family, String model) {
    return Optional.ofNullable(family.models().get(model))
        .map(l -> String.format(Locale.ROOT, "%.3f", l.leakage()))
        .orElse("");
  }

  private static String interval(Bootstrap.Interval e) {
    return String.format(Locale.ROOT, "%+.3f [%+.3f, %+.3f]", e.mean(), e.low(), e.high());
  }
}
