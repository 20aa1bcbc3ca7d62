package org.unlearn4j.report;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.unlearn4j.base.JsonInput;

/**
 * What a little training brings back; {@code relearn.json} of a run folder.
 *
 * @param share share of the rows that were taught again
 * @param epochs passes over them
 * @param learningRate of those passes
 * @param gain of rows that were not taught, over the retain-only model's
 * @param gainMax its limit, where it is judged
 * @param pass whether that held
 * @param target metrics of the model before unlearning, measured as the others here; may be empty
 * @param metrics names, in order
 * @param lines what was not taught, over the steps; none where that was not measured
 */
record Relearning(
    double share,
    double epochs,
    double learningRate,
    Optional<Double> gain,
    Optional<Double> gainMax,
    boolean pass,
    Map<String, Double> target,
    List<Arm> arms,
    List<String> metrics,
    List<Line> lines) {

  /**
   * One kind of rows.
   *
   * @param data {@code forget}: some of what was forgotten; {@code retain}: as much of the rest, to
   *     tell remembering from being trained at all
   * @param rows how many
   */
  record Arm(String data, int rows, Map<String, Model> models) {}

  /**
   * A model's metrics.
   *
   * @param wayBack share of the way from before to the target, by metric; a metric without a way is
   *     not there
   */
  record Model(
      Map<String, Double> before, Map<String, Double> after, Map<String, Double> wayBack) {}

  /**
   * The probability of forget rows that are not taught, over the steps of a relearning.
   *
   * @param model its name
   * @param taught what it is taught, in words
   * @param untaught by step
   */
  record Line(String model, String taught, SortedMap<Integer, Double> untaught) {}

  /**
   * Reads relearn.json.
   *
   * @throws org.unlearn4j.base.UserException if the file is not of this form
   */
  static Relearning read(Path file) {
    JsonInput root = JsonInput.read(file, "relearning results");
    List<Arm> arms = new ArrayList<>();
    List<Line> lines = new ArrayList<>();
    for (JsonInput arm : root.get("arms").required("an array").elements()) {
      Map<String, Model> models = new LinkedHashMap<>();
      arm.get("models")
          .fields()
          .forEach(
              (name, model) -> {
                models.put(
                    name,
                    new Model(
                        model.get("before").numbers(),
                        model.get("after").numbers(),
                        wayBack(model.get("way_back"))));
                line(name, arm.get("data").text() + " rows", model.get("curve"))
                    .ifPresent(lines::add);
              });
      arms.add(new Arm(arm.get("data").text(), arm.get("rows").integer(), models));
    }
    for (JsonInput share : root.get("shares").elements()) {
      String taught = Numbers.percent(share.get("share").number()) + " of forget rows";
      share
          .get("models")
          .fields()
          .forEach((name, curve) -> line(name, taught, curve).ifPresent(lines::add));
    }
    return new Relearning(
        root.get("share").number(),
        root.get("epochs").number(),
        root.get("learning_rate").number(),
        number(root.get("gain")),
        number(root.get("gain_max")),
        root.get("pass").node().asBoolean(true),
        root.get("target").numbers(),
        arms,
        root.get("metrics").elements().stream().map(JsonInput::text).toList(),
        lines);
  }

  private static Optional<Line> line(String model, String taught, JsonInput curve) {
    SortedMap<Integer, Double> untaught = new TreeMap<>();
    for (JsonInput point : curve.elements()) {
      JsonInput value = point.get("untaught");
      if (value.present() && Double.isFinite(value.number())) {
        untaught.put(point.get("step").integer(), value.number());
      }
    }
    return untaught.size() < 2 ? Optional.empty() : Optional.of(new Line(model, taught, untaught));
  }

  private static Optional<Double> number(JsonInput field) {
    return field.present() ? Optional.of(field.number()) : Optional.empty();
  }

  /** Null and not a number both say that there was no way to go back. */
  private static Map<String, Double> wayBack(JsonInput shares) {
    Map<String, Double> there = new LinkedHashMap<>();
    shares
        .fields()
        .forEach(
            (metric, share) -> {
              if (share.present() && Double.isFinite(share.number())) {
                there.put(metric, share.number());
              }
            });
    return there;
  }
}
