package org.unlearn4j.report;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.unlearn4j.base.JsonInput;

/**
 * What attacks brought out; {@code attacks.json} of a run folder.
 *
 * @param models in their order, those that are judged first
 * @param judged how many of them are
 * @param families in their order
 * @param worst what was said word for word, most telling first
 * @param samples the best of k answers, model by model
 * @param pushed what pushed weights gave away
 */
record Leaks(
    List<String> models,
    int judged,
    List<Family> families,
    List<Said> worst,
    List<Best> samples,
    List<Push> pushed) {
  private static final int WORST = 10;

  /**
   * One family.
   *
   * @param leakage by model
   * @param excess above the retain-only model, by model
   * @param failed whether a limit does not hold
   */
  record Family(
      String name,
      int probes,
      Map<String, Double> leakage,
      Map<String, Interval> excess,
      boolean failed) {}

  /** A mean and its interval. */
  record Interval(double mean, double low, double high) {}

  /**
   * The best of k sampled answers.
   *
   * @param excess above the retain-only model's; NaN without one
   */
  record Best(String model, int k, double leakage, double excess) {}

  /**
   * Weights that were pushed.
   *
   * @param retainOnly leakage of the retain-only model, pushed as hard; NaN without one
   */
  record Push(String model, String push, double amount, double leakage, double retainOnly) {}

  /**
   * A leak.
   *
   * @param excess above what the retain-only model gave away there
   */
  record Said(
      String family,
      String model,
      String question,
      String expected,
      String said,
      double leakage,
      double excess,
      double probability,
      boolean disagrees) {}

  /**
   * Reads attacks.json.
   *
   * @throws org.unlearn4j.base.UserException if the file is not of this form
   */
  static Leaks read(Path file) {
    JsonInput root = JsonInput.read(file, "what attacks brought out");
    List<String> models =
        root.get("models").required("an array").elements().stream().map(JsonInput::text).toList();
    int judged = Math.min(root.get("judged").integer(), models.size());
    List<Family> families = root.get("families").elements().stream().map(Leaks::family).toList();
    List<Said> worst = worst(root, models.subList(0, judged));
    return new Leaks(models, judged, families, worst, samples(root), pushed(root));
  }

  private static List<Best> samples(JsonInput root) {
    List<Best> all = new ArrayList<>();
    for (JsonInput sampled : root.get("sampled").elements()) {
      for (JsonInput p : sampled.get("points").elements()) {
        JsonInput excess = p.get("excess");
        all.add(
            new Best(
                sampled.get("model").text(),
                p.get("k").integer(),
                p.get("leakage").number(),
                excess.present() ? excess.number() : Double.NaN));
      }
    }
    return all;
  }

  private static List<Push> pushed(JsonInput root) {
    List<Push> all = new ArrayList<>();
    for (JsonInput curve : root.get("pushed").elements()) {
      for (JsonInput p : curve.get("points").elements()) {
        JsonInput other = p.get("retain_only");
        all.add(
            new Push(
                curve.get("model").text(),
                curve.get("push").text(),
                p.get("amount").number(),
                p.get("leakage").number(),
                other.present() ? other.number() : Double.NaN));
      }
    }
    return all;
  }

  private static Family family(JsonInput node) {
    Map<String, Double> leakage = new LinkedHashMap<>();
    Map<String, Interval> excess = new LinkedHashMap<>();
    boolean failed = false;
    for (Map.Entry<String, JsonInput> model : node.get("models").fields().entrySet()) {
      JsonInput m = model.getValue();
      leakage.put(model.getKey(), m.get("leakage").number());
      if (m.get("excess").present()) {
        excess.put(
            model.getKey(),
            new Interval(
                m.get("excess").number(),
                m.get("excess_low").number(),
                m.get("excess_high").number()));
      }
      failed |= m.get("pass").present() && !m.get("pass").node().asBoolean();
    }
    return new Family(
        node.get("family").text(), node.get("probes").integer(), leakage, excess, failed);
  }

  /** Each fact once: what the judged models give away most above the retain-only model. */
  private static List<Said> worst(JsonInput root, List<String> judged) {
    List<Said> all = new ArrayList<>();
    for (JsonInput probe : root.get("probes").elements()) {
      if (!probe.get("keywords").present()) {
        continue; // an option that is preferred is a guess one time in a few
      }
      Map<String, JsonInput> answers = probe.get("answers").fields();
      JsonInput other = answers.get("retain_only");
      double known = other == null ? 0 : other.get("leakage").number();
      for (String model : judged) {
        JsonInput answer = answers.get(model);
        if (answer != null) {
          all.add(said(probe, model, answer, known));
        }
      }
    }
    all.sort(
        Comparator.comparingDouble((Said s) -> -s.excess)
            .thenComparingDouble(s -> -s.leakage * s.expected.length())); // stable
    Map<String, Said> once = new LinkedHashMap<>();
    all.stream().filter(s -> s.excess > 0).forEach(s -> once.putIfAbsent(s.expected, s));
    return once.values().stream().limit(WORST).toList();
  }

  private static Said said(JsonInput probe, String model, JsonInput answer, double known) {
    double leakage = answer.get("leakage").number();
    String begun = probe.get("begun").present() ? " " + probe.get("begun").text() : "";
    return new Said(
        probe.get("family").text(),
        model,
        probe.get("question").text() + begun,
        probe.get("expected").text(),
        answer.get("said").text(),
        leakage,
        leakage - known,
        answer.get("probability").number(),
        answer.get("disagrees").present());
  }
}
