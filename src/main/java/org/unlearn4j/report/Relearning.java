package org.unlearn4j.report;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.unlearn4j.base.JsonInput;

/**
 * What a little training brings back; {@code relearn.json} of a run folder.
 *
 * @param share share of the rows that were taught again
 * @param epochs passes over them
 * @param learningRate of those passes
 * @param metrics names, in order
 */
record Relearning(
    double share, double epochs, double learningRate, List<Arm> arms, List<String> metrics) {

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
   * @param wayBack share of the way from the unlearned model back to the target, by metric
   */
  record Model(
      Map<String, Double> before, Map<String, Double> after, Map<String, Double> wayBack) {}

  /**
   * Reads relearn.json.
   *
   * @throws org.unlearn4j.base.UserException if the file is not of this form
   */
  static Relearning read(Path file) {
    JsonInput root = JsonInput.read(file, "relearning results");
    List<Arm> arms = new ArrayList<>();
    for (JsonInput arm : root.get("arms").required("an array").elements()) {
      Map<String, Model> models = new LinkedHashMap<>();
      arm.get("models")
          .fields()
          .forEach(
              (name, model) ->
                  models.put(
                      name,
                      new Model(
                          model.get("before").numbers(),
                          model.get("after").numbers(),
                          model.get("way_back").numbers())));
      arms.add(new Arm(arm.get("data").text(), arm.get("rows").integer(), models));
    }
    return new Relearning(
        root.get("share").number(),
        root.get("epochs").number(),
        root.get("learning_rate").number(),
        arms,
        root.get("metrics").elements().stream().map(JsonInput::text).toList());
  }
}
