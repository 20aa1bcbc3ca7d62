package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.Metric;
import org.unlearn4j.parity.NumericMeasure;
import org.unlearn4j.parity.Verdict;
import org.unlearn4j.report.ReportData.Role;

/** The head of the page: the verdict, the numbers that matter, and what they say. */
final class Overview {
  private Overview() {}

  /** Name of the run, and in a line what was done. */
  static Html header(ReportData data) {
    List<String> parts = new ArrayList<>();
    Map<String, String> asked = data.pipeline();
    if (asked.containsKey("unlearn.objective.name")) {
      boolean regularised = !asked.getOrDefault("unlearn.clreg.weight", "0").matches("0(\\.0*)?");
      parts.add(asked.get("unlearn.objective.name") + (regularised ? " with CLReg" : ""));
    }
    if (asked.containsKey("data.forget")) {
      parts.add("forgets " + asked.get("data.forget"));
    }
    Optional.ofNullable(asked.get("model.path")).ifPresent(path -> parts.add("from " + path));
    if (!data.training().isEmpty()) {
      parts.add(data.training().size() + " steps");
    }
    Html header =
        Html.tag("header")
            .add(Html.tag("p", "Unlearning report").css("kicker"))
            .add(Html.tag("h1", data.name()));
    return parts.isEmpty()
        ? header
        : header.add(Html.tag("p", String.join(" · ", parts)).css("subtitle"));
  }

  /** The verdict and what it rests on. */
  static Html verdict(ReportData data) {
    if (data.verdict().isEmpty()) {
      return Html.tag("div")
          .css("verdict open")
          .add(Html.tag("strong", "Not verified"))
          .add(
              Html.tag(
                  "p",
                  "This run has no verify.json: whether the deployed file is what was trained has"
                      + " not been measured."));
    }
    Verdict verdict = data.verdict().get();
    long gates = verdict.results().stream().mapToLong(r -> r.gates().size()).sum();
    List<String> failures = verdict.failures();
    Html box =
        Html.tag("div")
            .css(verdict.pass() ? "verdict pass" : "verdict fail")
            .add(Html.tag("strong", verdict.pass() ? "Verified" : "Not fit to deploy"));
    if (verdict.pass()) {
      return box.add(
          Html.tag(
              "p",
              "All "
                  + gates
                  + " gates hold: what ONNX Runtime computes is what was trained, within the"
                  + " tolerances of the pipeline."));
    }
    Html list = Html.tag("ul");
    failures.forEach(failure -> list.add(Html.tag("li", failure)));
    return box.add(Html.tag("p", failures.size() + " of " + gates + " gates do not hold."))
        .add(list);
  }

  /** The few numbers to look at first. */
  static Html cards(ReportData data) {
    Html cards = Html.tag("div").css("cards");
    for (Metric metric :
        List.of(
            Metric.FORGET_QUALITY,
            Metric.MODEL_UTILITY,
            Metric.FORGET_PROB,
            Metric.VERBMEM,
            Metric.KNOWMEM_FORGET,
            Metric.PRIVLEAK)) {
      boolean more =
          metric != Metric.PRIVLEAK || data.unlearned().metric(Metric.FORGET_PROB.key()).isEmpty();
      data.unlearned()
          .metric(metric.key())
          .ifPresent(v -> (more ? cards : Html.group()).add(card(data, metric, v)));
    }
    entanglement(data.unlearned()).ifPresent(cards::add);
    data.verdict()
        .flatMap(v -> v.results().stream().findFirst())
        .ifPresent(
            r ->
                cards.add(
                    card(
                        "Largest logit difference",
                        r.numeric().value(NumericMeasure.LOGIT_MAX_ABS),
                        ReportData.runtime(r.trained())
                            + " against "
                            + ReportData.runtime(r.deployed()),
                        Html.group())));
    return cards.isEmpty() ? Html.group() : cards;
  }

  private static Html card(ReportData data, Metric metric, double value) {
    String key = metric.key();
    String name =
        switch (metric) {
          case FORGET_PROB -> "Forget probability";
          case VERBMEM -> "Verbatim memory";
          case KNOWMEM_FORGET -> "Forget knowledge";
          case PRIVLEAK -> "PrivLeak";
          default ->
              key.substring(0, 1).toUpperCase(Locale.ROOT) + key.substring(1).replace('_', ' ');
        };
    return card(name, value, beside(data, key), Strip.of(data, key));
  }

  private static Html card(String name, double value, String below, Html strip) {
    return Html.tag("div")
        .css("card")
        .add(Html.tag("span", name).css("name"))
        .add(Html.tag("span", Numbers.pretty(value)).css("value"))
        .add(strip)
        .add(Html.tag("span", below).css("below"));
  }

  private static String beside(ReportData data, String metric) {
    List<String> words = new ArrayList<>();
    for (Role role : List.of(Role.TARGET, Role.RETAIN_ONLY)) {
      OptionalDouble value =
          data.first(role).map(r -> r.metric(metric)).orElse(OptionalDouble.empty());
      value.ifPresent(v -> words.add(role.label() + " " + Numbers.pretty(v)));
    }
    return String.join(", ", words);
  }

  /** The last block, which CLReg works on by default: the layer before the final norm. */
  static Optional<String> lastBlock(EvaluationResult unlearned) {
    List<String> layers = List.copyOf(unlearned.entanglement().keySet());
    return layers.size() < 2 ? Optional.empty() : Optional.of(layers.get(layers.size() - 2));
  }

  private static Optional<Html> entanglement(EvaluationResult unlearned) {
    Optional<String> layer = lastBlock(unlearned);
    Map<String, Double> measures = layer.map(unlearned.entanglement()::get).orElse(Map.of());
    if (!measures.containsKey(Metric.ENTANGLEMENT.key())) {
      return Optional.empty();
    }
    double value = measures.get(Metric.ENTANGLEMENT.key());
    Double ratio = measures.get(Metric.ENTANGLEMENT_LOG_RATIO.key());
    String below =
        ratio == null
            ? "lower is less entangled"
            : "before " + Numbers.pretty(value / Math.exp(ratio)) + ", lower is less entangled";
    return Optional.of(
        card("Entanglement at layer " + layer.orElseThrow(), value, below, Html.group()));
  }
}
