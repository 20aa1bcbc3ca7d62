package org.unlearn4j.check;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;
import org.unlearn4j.run.BatchJson;
import org.unlearn4j.run.FixtureSettings;
import org.unlearn4j.run.ProbeStage;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.unlearn.ControlVector;
import org.unlearn4j.unlearn.StepProbe;

/**
 * One folder of reference numbers held against what the device computes: logits and
 * log-likelihoods, and where the folder has them, every loss with its gradient, and CLReg.
 */
public record FixtureChecks(Path folder, Computation computation) {
  /**
   * Rounding to 16 bits sends a token whose router nearly ties to another expert, and its logits
   * jump: one position in ten may. What a row sums to is held all the same.
   */
  private static final int OTHERWISE_ROUTED = 10;

  private FixtureTolerance tolerance() {
    return FixtureTolerance.of(computation.precision());
  }

  private JsonInput json(String file) {
    return JsonInput.read(folder.resolve(file), "a file of reference numbers");
  }

  /** Logits at every position and the summed negative log-likelihood of every row. */
  public FixtureComparison forward() {
    JsonInput expected = json("expected.json");
    List<TokenRow> rows = BatchJson.rows(expected);
    FixtureComparison found = new FixtureComparison();
    try (TensorFlowModel model = TensorFlowModel.open(folder, computation)) {
      float[][][] logits = model.logits(rows, 0);
      double largest = 0;
      for (float[][] row : logits) {
        for (float[] at : row) {
          for (float v : at) {
            largest = Math.max(largest, Math.abs(v)); // NaN stays out and fails below
          }
        }
      }
      List<FixtureComparison> positions = new ArrayList<>();
      for (int r = 0; r < logits.length; r++) {
        for (int t = 0; t < logits[r].length; t++) {
          FixtureComparison at = new FixtureComparison();
          List<JsonInput> due = expected.get("logits").get(r).get(t).elements();
          for (int v = 0; v < due.size(); v++) {
            at.add(
                "logits",
                "row " + r + ", position " + t + ", token " + v,
                due.get(v).number(),
                logits[r][t][v],
                tolerance().logitAllowed(largest));
          }
          positions.add(at);
        }
      }
      boolean routes = model.routed() && tolerance().relative();
      found.addAllBut(routes ? positions.size() / OTHERWISE_ROUTED : 0, positions);
      List<TokenScores> scores = model.score(rows);
      for (int r = 0; r < rows.size(); r++) {
        double due = expected.get("nll_sum").get(r).number();
        found.add("nll", "row " + r, due, scores.get(r).nll(), tolerance().lossAllowed(due));
      }
    }
    return found;
  }

  /** Whether the folder has losses. */
  public boolean hasLosses() {
    return folder.resolve("losses.json").toFile().isFile();
  }

  /** Every loss that {@code wanted} names, and the norms of its gradient. */
  public FixtureComparison losses(Predicate<String> wanted) {
    Map<String, JsonInput> methods = json("losses.json").get("methods").fields();
    FixtureComparison found = new FixtureComparison();
    methods.forEach(
        (name, expected) -> {
          // What has a second entry is there in another implementation's reduction too.
          boolean others =
              methods.containsKey(name + "_labelled") || methods.containsKey(name + "_rows");
          if (wanted.test(name) && !others) {
            StepProbe.Seen seen =
                probe(
                    name.replaceAll("_.*", ""),
                    FixtureSettings.of(expected.node()),
                    BatchJson.controlVector(expected.get("control_vector")),
                    List.of());
            for (String term : List.of("forget", "retain")) {
              JsonInput due = expected.get(term);
              if (due.present()) {
                loss(found, name + ", " + term, due, seen.terms().get(term).value());
              }
            }
            double total = expected.get("total").number();
            double allowed =
                tolerance()
                    .totalAllowed(
                        part(expected, "forget", "gamma"), part(expected, "retain", "alpha"));
            found.add("losses", name + ", total", total, seen.total(), allowed);
            gradient(found, name, expected.get("gradient"), seen);
          }
        });
    return found;
  }

  /** The regulariser alone, and the norms of its gradient. */
  public FixtureComparison clReg(Predicate<String> wanted) {
    JsonInput all = json("clreg.json");
    FixtureComparison found = new FixtureComparison();
    all.get("cases")
        .fields()
        .forEach(
            (name, expected) -> {
              if (wanted.test(name)) {
                boolean queued = name.contains("queue");
                List<float[]> queue = queued ? BatchJson.queue(all.get("queue")) : List.of();
                StepProbe.Seen seen =
                    probe("GradDiff", clRegSets(name, expected, queue), Optional.empty(), queue);
                loss(found, name, expected.get("value"), seen.total());
                gradient(found, name, expected.get("gradient"), seen);
              }
            });
    return found;
  }

  private static List<String> clRegSets(String name, JsonInput expected, List<float[]> queue) {
    return List.of(
        "unlearn.objective.gamma=0",
        "unlearn.objective.alpha=0",
        "unlearn.clreg.weight=1",
        "unlearn.clreg.temperature=" + expected.get("tau").number(),
        "unlearn.clreg.layers=[" + expected.get("layer").integer() + "]",
        "unlearn.clreg.queue=" + queue.size(),
        "unlearn.clreg.stop_gradient=" + !name.contains("full_gradient"));
  }

  /** A part of the total: the term with its weight, 1 unless stated; 0 where there is none. */
  private static double part(JsonInput expected, String term, String weight) {
    JsonInput value = expected.get(term);
    JsonInput by = expected.get("hyperparameters").get(weight);
    return value.present() ? value.number() * (by.present() ? by.number() : 1) : 0;
  }

  private void loss(FixtureComparison found, String where, JsonInput expected, double value) {
    double due = expected.number();
    found.add("losses", where, due, value, tolerance().lossAllowed(due));
  }

  private void gradient(
      FixtureComparison found, String where, JsonInput expected, StepProbe.Seen seen) {
    double whole = expected.get("global_l2").number();
    found.add("gradients", where, whole, seen.gradNorm(), tolerance().normAllowed(whole));
    expected
        .get("l2_of_every_parameter")
        .numbers()
        .forEach(
            (parameter, due) -> {
              StepProbe.Gradient g = seen.parameters().get(parameter);
              found.add(
                  "gradients of parameters",
                  where + ", " + parameter,
                  due,
                  g == null ? 0 : g.norm(), // what a loss does not reach has no gradient
                  tolerance().parameterAllowed(due, whole));
            });
  }

  private StepProbe.Seen probe(
      String objective,
      List<String> hyperparameters,
      Optional<ControlVector> control,
      List<float[]> queue) {
    String precision = computation.precision().name().toLowerCase(Locale.ROOT);
    List<String> all = new ArrayList<>(List.of("model.precision=" + precision));
    all.addAll(hyperparameters);
    return ProbeStage.run(
        new ProbeStage.Request(
            folder,
            Optional.of(folder.resolve("reference.safetensors")),
            Pipeline.defaults(objective, all),
            BatchJson.segments(json("batches.json")),
            control,
            queue,
            computation.device(),
            parameter -> true));
  }
}
