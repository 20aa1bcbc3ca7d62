package org.unlearn4j.eval;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/**
 * Published per-row numbers of four real models (TOFU's evaluation logs) give the published model
 * utility and forget quality, in both forms of the truth ratio. The paper's code has no guard in
 * its denominators.
 */
class TofuLogsTest {
  private static final Path LOGS = Path.of("..", "shared", "data", "tofu", "eval_logs");
  private static final Map<String, String> FILES =
      Map.of(
          "retain", "eval_log.json",
          "real_authors", "eval_real_author_wo_options.json",
          "world_facts", "eval_real_world_wo_options.json",
          "forget", "eval_log_forget.json");
  private static final double GUARD = TruthRatio.NO_GUARD;

  @Test
  void utilityInBothForms() throws IOException {
    JsonNode expected = read("expected.json").get("model_utility");
    for (Map.Entry<String, JsonNode> model : expected.properties()) {
      JsonNode logs = read(model.getKey() + ".json");
      for (TruthRatio.Form form : TruthRatio.Form.values()) {
        JsonNode due = model.getValue().get(form.name().toLowerCase(Locale.ROOT));
        List<Double> parts = new ArrayList<>();
        for (String set : FILES.keySet()) {
          JsonNode rows = logs.get(FILES.get(set));
          String what = model.getKey() + " " + form + " " + set;
          double[] ratios = ratios(rows, form);
          double probability = probability(rows, set);
          double rouge = Statistics.mean(doubles(rows.get("rougeL_recall")));
          double ratio =
              set.equals("forget")
                  ? TruthRatio.closerToOneBetter(ratios, GUARD)
                  : TruthRatio.trueBetter(ratios);
          near(due.get(set).get("probability"), probability, what + " probability");
          near(due.get(set).get("rougeL_recall"), rouge, what + " ROUGE");
          near(due.get(set).get("truth_ratio"), ratio, what + " truth ratio");
          if (!set.equals("forget")) {
            parts.addAll(List.of(probability, rouge, ratio));
          }
        }
        double utility =
            Statistics.harmonicMean(parts.stream().mapToDouble(Double::doubleValue).toArray());
        near(due.get("model_utility"), utility, model.getKey() + " " + form + " utility");
      }
    }
  }

  @Test
  void forgetQuality() throws IOException {
    JsonNode expected = read("expected.json").get("forget_quality");
    for (Map.Entry<String, String> pair :
        Map.of(
                "phi_full", "phi_retain90",
                "llama2_7b_full", "llama2_7b_retain90",
                "phi_retain90", "phi_retain90")
            .entrySet()) {
      JsonNode due =
          expected.get(
              pair.getKey().equals(pair.getValue())
                  ? pair.getKey() + "_vs_itself"
                  : pair.getKey() + "_vs_" + pair.getValue());
      KolmogorovSmirnov.Result result =
          KolmogorovSmirnov.twoSample(forgetRatios(pair.getKey()), forgetRatios(pair.getValue()));
      near(due.get("statistic"), result.statistic(), pair + " statistic");
      Near.relative(due.get("pvalue").asDouble(), result.pValue(), 1e-6, pair + " p-value");
    }
    assertTrue(expected.size() >= 3);
  }

  private static double[] forgetRatios(String model) throws IOException {
    JsonNode rows = read(model + ".json").get(FILES.get("forget"));
    return ratios(rows, TruthRatio.Form.GEOMETRIC);
  }

  private static double[] ratios(JsonNode rows, TruthRatio.Form form) {
    double[] paraphrased = doubles(rows.get("avg_paraphrased_loss"));
    double[] ratios = new double[paraphrased.length];
    for (int i = 0; i < ratios.length; i++) {
      double[] wrong = doubles(rows.get("average_perturb_loss").get(i));
      ratios[i] = TruthRatio.of(paraphrased[i], wrong, form, GUARD);
    }
    return ratios;
  }

  private static double probability(JsonNode rows, String set) {
    double[] loss = doubles(rows.get("avg_gt_loss"));
    double[] probabilities = new double[loss.length];
    for (int i = 0; i < loss.length; i++) {
      double[] wrong = doubles(rows.get("average_perturb_loss").get(i));
      for (int j = 0; j < wrong.length; j++) {
        wrong[j] = Probability.of(wrong[j], 1);
      }
      double own = Probability.of(loss[i], 1);
      boolean options = set.equals("real_authors") || set.equals("world_facts");
      probabilities[i] = options ? Probability.withOptions(own, wrong, GUARD) : own;
    }
    return Statistics.mean(probabilities);
  }

  private static JsonNode read(String name) throws IOException {
    Assumptions.assumeTrue(
        Files.isDirectory(LOGS), "TOFU's evaluation logs are not beside this checkout: " + LOGS);
    return new ObjectMapper().readTree(LOGS.resolve(name).toFile());
  }

  private static double[] doubles(JsonNode array) {
    double[] values = new double[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).asDouble();
    }
    return values;
  }

  private static void near(JsonNode expected, double actual, String what) {
    Near.relative(expected.asDouble(), actual, 1e-9, what);
  }
}
