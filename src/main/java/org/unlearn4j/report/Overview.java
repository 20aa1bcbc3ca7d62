package org.unlearn4j.report;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.parity.Verdict;
import org.unlearn4j.report.ReportData.Role;

/** The head of the page: the verdict, the numbers that matter, and what was asked. */
final class Overview {
  private Overview() {}

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
    EvaluationResult unlearned = data.unlearned();
    unlearned
        .metric("forget_quality")
        .ifPresent(
            v ->
                cards.add(
                    card("Forget quality", v, beside(data, "forget_quality", "higher is better"))));
    unlearned
        .metric("model_utility")
        .ifPresent(v -> cards.add(card("Model utility", v, utility(data, v))));
    unlearned
        .metric("forget_prob")
        .ifPresent(v -> cards.add(card("Forget probability", v, beside(data, "forget_prob", ""))));
    entanglement(unlearned).ifPresent(cards::add);
    data.verdict()
        .flatMap(v -> v.results().stream().findFirst())
        .ifPresent(
            r ->
                cards.add(
                    card(
                        "Largest logit difference",
                        r.numeric().logitMaxAbs(),
                        r.trained() + " against " + r.deployed())));
    return cards;
  }

  private static Html card(String name, double value, String below) {
    return Html.tag("div")
        .css("card")
        .add(Html.tag("span", name).css("name"))
        .add(Html.tag("span", Numbers.pretty(value)).css("value"))
        .add(Html.tag("span", below).css("below"));
  }

  private static String beside(ReportData data, String metric, String otherwise) {
    StringBuilder words = new StringBuilder();
    for (Role role : List.of(Role.TARGET, Role.RETAIN_ONLY)) {
      OptionalDouble value =
          data.first(role).map(r -> r.metric(metric)).orElse(OptionalDouble.empty());
      if (value.isPresent()) {
        words
            .append(words.isEmpty() ? "" : ", ")
            .append(role.label())
            .append(' ')
            .append(Numbers.pretty(value.getAsDouble()));
      }
    }
    return words.isEmpty() ? otherwise : words.toString();
  }

  private static String utility(ReportData data, double value) {
    OptionalDouble target =
        data.first(Role.TARGET).map(r -> r.metric("model_utility")).orElse(OptionalDouble.empty());
    return target.isPresent()
        ? String.format(
            Locale.ROOT,
            "%.1f %% of the target’s %s",
            100 * value / target.getAsDouble(),
            Numbers.pretty(target.getAsDouble()))
        : "higher is better";
  }

  /** The last block, which CLReg works on by default: the layer before the final norm. */
  private static Optional<Html> entanglement(EvaluationResult unlearned) {
    List<String> layers = List.copyOf(unlearned.entanglement().keySet());
    if (layers.size() < 2) {
      return Optional.empty();
    }
    String layer = layers.get(layers.size() - 2);
    Map<String, Double> measures = unlearned.entanglement().get(layer);
    if (!measures.containsKey("entanglement")) {
      return Optional.empty();
    }
    double value = measures.get("entanglement");
    Double ratio = measures.get("entanglement_log_ratio");
    String below =
        ratio == null
            ? "lower is less entangled"
            : "before " + Numbers.pretty(value / Math.exp(ratio)) + ", lower is less entangled";
    return Optional.of(card("Entanglement at layer " + layer, value, below));
  }

  /** Objective, regulariser, data and model; the rest folded away. */
  static Html asked(ReportData data) {
    Html section = Html.tag("section").attr("id", "asked").add(Html.tag("h2", "What was asked"));
    if (data.pipeline().isEmpty()) {
      section.add(
          Html.tag("p", "This run has no pipeline.yaml, so its settings are not known.")
              .css("absent"));
    } else {
      Html grid = Html.tag("div").css("grid");
      Map<String, String> rest = new LinkedHashMap<>(data.pipeline());
      for (String[] part :
          List.of(
              new String[] {"Objective", "unlearn.objective."},
              new String[] {"CLReg", "unlearn.clreg."},
              new String[] {"Data", "data."},
              new String[] {"Model", "model."})) {
        Map<String, String> some = take(rest, part[1]);
        Html box = Html.tag("div").add(Html.tag("h3", part[0]));
        grid.add(
            box.add(some.isEmpty() ? Html.tag("p", "Not set.").css("absent") : Tables.pairs(some)));
      }
      section.add(grid).add(folded("All other settings", rest));
    }
    return data.provenance().isEmpty()
        ? section.add(
            Html.tag(
                    "p",
                    "This run has no unlearning.json, so the hashes of weights and data are not"
                        + " known.")
                .css("absent"))
        : section.add(folded("Provenance: weights, data, seed, losses", data.provenance()));
  }

  private static Map<String, String> take(Map<String, String> from, String prefix) {
    Map<String, String> taken = new LinkedHashMap<>();
    from.forEach(
        (name, value) -> {
          if (name.startsWith(prefix)) {
            taken.put(name.substring(prefix.length()), value);
          }
        });
    from.keySet().removeIf(name -> name.startsWith(prefix));
    return taken;
  }

  private static Html folded(String title, Map<String, String> pairs) {
    return pairs.isEmpty()
        ? Html.group()
        : Html.tag("details").add(Html.tag("summary", title)).add(Tables.pairs(pairs));
  }
}
