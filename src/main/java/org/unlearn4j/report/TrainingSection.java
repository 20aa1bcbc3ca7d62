package org.unlearn4j.report;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Losses, gradient norm and learning rate over the steps. */
final class TrainingSection {
  /** A number of the training log that gets a plot. */
  private record Curve(String key, String caption, Ink ink) {}

  private static final List<Curve> CURVES =
      List.of(
          new Curve("total", "Total loss", Ink.TEXT),
          new Curve("forget", "Forget loss", Ink.FORGET),
          new Curve("retain", "Retain loss", Ink.RETAIN),
          new Curve("clreg", "CLReg", Ink.UNLEARNED),
          new Curve("router", "Balance of experts", Ink.UNLEARNED),
          new Curve("floor", "Below the floor, nats a token", Ink.FORGET),
          new Curve("watch_forget_prob", "Probability of forget rows, a sample", Ink.FORGET),
          new Curve("watch_retain_prob", "Probability of retain rows, a sample", Ink.RETAIN),
          new Curve(
              "watch_mia_loss_auc", "AUC, forget rows against strangers, a sample", Ink.UNLEARNED),
          new Curve("grad_norm", "Gradient norm before clipping", Ink.TEXT),
          new Curve("lr", "Learning rate", Ink.TEXT));

  private TrainingSection() {}

  static Optional<Section> section(ReportData data, Figures figures) {
    if (data.training().isEmpty()) {
      return Optional.empty();
    }
    Html grid = Html.tag("div").css("grid plots");
    for (Curve curve : figures.canChart() ? CURVES : List.<Curve>of()) {
      Plots.training(data, curve.key, curve.ink)
          .ifPresent(plot -> grid.add(figures.figure(plot, curve.caption + unit(data, curve.key))));
    }
    return Optional.of(
        Section.of("training", "Training", "Training")
            .add(Html.tag("p", steps(data)), grid.isEmpty() ? Figures.undrawn() : grid));
  }

  private static String unit(ReportData data, String key) {
    int power = Plots.power(data, key);
    return power == 0 ? "" : ", in 10" + Numbers.raised(Integer.toString(power));
  }

  private static String steps(ReportData data) {
    Map<String, Double> last = data.training().get(data.training().size() - 1);
    StringBuilder words = new StringBuilder();
    words.append(data.training().size()).append(" steps");
    Optional.ofNullable(last.get("tokens_per_second"))
        .ifPresent(
            v ->
                words.append(", at the end ").append(Numbers.pretty(v)).append(" tokens a second"));
    List<String> losses =
        List.of("total", "forget", "floor", "retain", "clreg", "router").stream()
            .filter(last::containsKey)
            .map(key -> key + " " + Numbers.pretty(last.get(key)))
            .toList();
    return words
        .append(losses.isEmpty() ? "." : "; last step: " + String.join(", ", losses) + ".")
        .toString();
  }
}
