package org.unlearn4j.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;
import org.unlearn4j.eval.BigramModel;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.Near;
import org.unlearn4j.eval.Progress;
import org.unlearn4j.eval.RowResult;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;

/** Equal sides pass; every single fault fails the gate that is there for it, and no other kind. */
class ParityCheckTest {
  private static final double[][] TABLE = BigramModel.random(12, 7);
  private static final ParityGates GATES =
      new ParityGates(ParityGates.full(1e-3, 1e-4, 1e-5, 0.999), 0.005, 0.95, 0.05, 0.005);
  private static final BigramModel TRAINED = new BigramModel("tf", TABLE);

  @TempDir Path folder;

  private static List<TokenRow> rows() {
    List<TokenRow> rows = new ArrayList<>();
    for (int r = 0; r < 6; r++) {
      int[] ids = new int[4 + r];
      int[] labels = new int[4 + r];
      for (int t = 0; t < ids.length; t++) {
        ids[t] = (3 * r + 5 * t) % 12;
        labels[t] = t < 2 ? TokenRow.IGNORED : ids[t];
      }
      rows.add(new TokenRow(ids, labels));
    }
    return rows;
  }

  private static EvaluationResult evaluation(
      String runtime, Map<String, Double> metrics, String... generations) {
    List<RowResult> rows = new ArrayList<>();
    for (String text : generations) {
      rows.add(new RowResult(rows.size(), "q", "a", text, Map.of("rouge", 0.5)));
    }
    return new EvaluationResult(
        "unlearned",
        runtime,
        "tofu",
        metrics,
        Map.of("forget", rows),
        Map.of(),
        Optional.empty(),
        1,
        1);
  }

  private static EvaluationResult evaluation(String runtime, double forgetProb) {
    return evaluation(
        runtime,
        Map.of(
            "forget_prob", forgetProb,
            "forget_truth_ratio", 0.6,
            "extraction_strength", 0.2,
            "model_utility", 0.5),
        "one",
        "two");
  }

  private static ParityResult run(LanguageModel deployed) {
    return run(deployed, evaluation("onnx:fp32", 0.1));
  }

  private static ParityResult run(LanguageModel deployed, EvaluationResult evaluation) {
    return new ParityCheck(GATES, 20, 5)
        .run(
            TRAINED,
            deployed,
            rows(),
            evaluation("tf", 0.1),
            evaluation,
            Optional.empty(),
            Progress.NONE);
  }

  /** Names of the gates that do not hold. */
  private static List<String> failed(ParityResult result) {
    return result.gates().stream().filter(g -> !g.pass()).map(Gate::name).toList();
  }

  private static BigramModel deployed(double[][] table) {
    return new BigramModel("onnx:fp32", table);
  }

  @Test
  void equalSidesPass() {
    ParityResult result = run(deployed(TABLE));
    assertEquals(List.of(), failed(result));
    assertTrue(new Verdict(List.of(result)).pass());
    NumericDifference d = result.numeric();
    assertEquals(4 + 5 + 6 + 7 + 8 + 9, d.positions());
    assertEquals(2 + 3 + 4 + 5 + 6 + 7, d.labelledTokens());
    assertEquals(0, d.logitMaxAbs());
    assertEquals(0, d.klP999());
    assertEquals(1, d.top1Agreement());
    assertEquals(0, d.chunkedPrefill());
    assertEquals(0, d.cachedDecoding());
    assertEquals(1, result.generations().identicalShare());
  }

  @Test
  void aShiftedLogitIsMeasuredExactly() {
    ParityResult result =
        run(
            new BigramModel("onnx:fp32", TABLE) {
              @Override
              protected float logit(int last, int next, boolean cached) {
                return super.logit(last, next, cached) + (next == 3 ? 0.25f : 0);
              }
            });
    assertTrue(failed(result).contains("logit_max_abs"), failed(result).toString());
    assertTrue(failed(result).contains("kl_mean"), failed(result).toString());
    Near.absolute(0.25, result.numeric().logitMaxAbs(), 1e-6, "max");
    Near.absolute(0.25 / 12, result.numeric().logitMeanAbs(), 1e-6, "mean");
    // KL when one logit of probability p grows by s: log(1 + p (e^s - 1)) - p s
    double sum = 0;
    double largest = 0;
    for (TokenRow row : rows()) {
      for (int t = 1; t < row.length() - 1; t++) {
        double p = TABLE[row.ids()[t]][3];
        double kl = Math.log1p(p * Math.expm1(0.25)) - p * 0.25;
        sum += kl / 27;
        largest = Math.max(largest, kl);
      }
    }
    Near.absolute(sum, result.numeric().klMean(), 1e-7, "KL");
    Near.absolute(largest, result.numeric().klP999(), 1e-7, "percentile of 27 is the largest");
  }

  @Test
  void aConstantAddedToAllLogitsMovesNoProbability() {
    ParityResult result =
        run(
            new BigramModel("onnx:fp32", TABLE) {
              @Override
              protected float logit(int last, int next, boolean cached) {
                return super.logit(last, next, cached) + 1;
              }
            });
    assertEquals(List.of("logit_max_abs", "logit_mean_relative"), failed(result));
  }

  @Test
  void notANumberFails() {
    ParityResult result =
        run(
            new BigramModel("onnx:fp32", TABLE) {
              @Override
              protected float logit(int last, int next, boolean cached) {
                return last == 7 && next == 2 ? Float.NaN : super.logit(last, next, cached);
              }
            });
    assertTrue(
        failed(result)
            .containsAll(List.of("logit_max_abs", "kl_mean", "kl_p999", "top1_agreement")),
        failed(result).toString());
    String failures = new Verdict(List.of(result)).failures().toString();
    assertTrue(failures.contains("not a number"), failures);
  }

  @Test
  void aWrongCacheFailsItsOwnGates() {
    ParityResult result =
        run(
            new BigramModel("onnx:fp32", TABLE) {
              @Override
              protected float logit(int last, int next, boolean cached) {
                return super.logit(last, next, cached) * (cached ? -1 : 1);
              }
            });
    assertEquals(List.of("chunked_prefill", "cached_decoding"), failed(result));
  }

  @Test
  void anotherMostProbableTokenFails() {
    double[][] other = BigramModel.random(12, 8);
    assertTrue(failed(run(deployed(other))).contains("top1_agreement"));
  }

  @Test
  void anotherVocabularyIsAUsersMistake() {
    BigramModel other = deployed(BigramModel.random(13, 1));
    assertThrows(UserException.class, () -> run(other));
  }

  @Test
  void noRowsAreNoProof() {
    ParityResult result =
        new ParityCheck(GATES, 20, 5)
            .run(
                TRAINED,
                deployed(TABLE),
                List.of(),
                evaluation("tf", Map.of()),
                evaluation("onnx:fp32", Map.of()),
                Optional.empty(),
                Progress.NONE);
    assertTrue(
        failed(result).containsAll(List.of("kl_mean", "chunked_prefill", "identical_generations")),
        failed(result).toString());
    assertFalse(new Verdict(List.of()).pass());
  }

  @Test
  void aMetricBeyondItsToleranceFails() {
    assertEquals(List.of(), failed(run(deployed(TABLE), evaluation("onnx:fp32", 0.104))));
    ParityResult result = run(deployed(TABLE), evaluation("onnx:fp32", 0.11));
    assertEquals(List.of("forget_prob"), failed(result));
    Gate gate = result.gates().stream().filter(g -> !g.pass()).findFirst().orElseThrow();
    Near.absolute(0.005, gate.excess(), 1e-12, "excess");
    assertTrue(gate.sentence().contains("0.005000 beyond"), gate.sentence());
  }

  @Test
  void aMetricThatOneSideLacksFails() {
    EvaluationResult less = evaluation("onnx:fp32", Map.of("forget_prob", 0.1), "one", "two");
    assertTrue(failed(run(deployed(TABLE), less)).contains("model_utility"));
  }

  @Test
  void oneOtherGenerationFails() {
    EvaluationResult other =
        evaluation("onnx:fp32", evaluation("tf", 0.1).metrics(), "one", "twofold");
    ParityResult result = run(deployed(TABLE), other);
    assertEquals(List.of("identical_generations"), failed(result));
    assertEquals(0.5, result.generations().identicalShare());
    assertEquals(
        List.of(new GenerationDifferences.Different("forget", 1, 3, "two", "twofold")),
        result.generations().different());
    EvaluationResult fewer = evaluation("onnx:fp32", Map.of(), "one");
    assertThrows(UserException.class, () -> run(deployed(TABLE), fewer));
  }

  /** Rows that are only scored, for attacks, are no evidence that generations agree. */
  @Test
  void answersThatWereNeverMadeAreNotCounted() {
    RowResult made = new RowResult(0, "q", "a", "x", Map.of("rouge", 1.0));
    RowResult scored = new RowResult(0, "q", "a", "", Map.of("prob", 0.5));
    EvaluationResult both = rows(Map.of("forget", List.of(made), "holdout", List.of(scored)));
    assertEquals(1, GenerationDifferences.between(both, both).rows());
    EvaluationResult none = rows(Map.of("holdout", List.of(scored)));
    assertTrue(Double.isNaN(GenerationDifferences.between(none, none).identicalShare()));
  }

  private static EvaluationResult rows(Map<String, List<RowResult>> rows) {
    return new EvaluationResult(
        "unlearned", "tf", "tofu", Map.of(), rows, Map.of(), Optional.empty(), 1, 1);
  }

  @Test
  void reboundIsAShareOfTheWay() {
    EvaluationResult before = evaluation("tf", 0.9);
    List<Gate> gates =
        Survival.gates(before, evaluation("tf", 0.1), evaluation("onnx:int8", 0.3), GATES);
    // 0.2 of the 0.8 that unlearning had moved it; the other forget metrics never moved
    assertEquals(
        List.of("rebound_forget_prob", "model_utility_fall"),
        gates.stream().map(Gate::name).toList());
    Near.absolute(0.25, gates.get(0).value(), 1e-12, "rebound");
    assertFalse(gates.get(0).pass());
    assertTrue(gates.get(1).pass());
    assertTrue(
        Survival.gates(before, evaluation("tf", 0.1), evaluation("onnx:int8", 0.05), GATES)
            .get(0)
            .pass(),
        "further away from before is no rebound");
    assertTrue(Double.isNaN(Survival.gates(before, before, before, GATES).get(0).value()));
    List<Gate> nothing = Survival.gates(before, before, before, GATES);
    assertEquals("rebound", nothing.get(0).name());
    assertFalse(nothing.get(0).pass(), "unlearning that moved nothing");
  }

  /** 0.25 of the way by probability and, by extraction strength, 0.09 of 0.15. */
  @Test
  void theLargestReboundIsThatOfTheWorstMetric() {
    Map<String, Double> metrics = Map.of("forget_prob", 0.9, "extraction_strength", 0.25);
    EvaluationResult before = evaluation("tf", metrics, "one");
    EvaluationResult trained =
        evaluation("tf", Map.of("forget_prob", 0.1, "extraction_strength", 0.1), "one");
    EvaluationResult file =
        evaluation("onnx:int4", Map.of("forget_prob", 0.3, "extraction_strength", 0.19), "one");
    Near.absolute(0.6, Survival.largestRebound(before, trained, file), 1e-12, "of two");
    Near.absolute(0, Survival.largestRebound(before, trained, trained), 1e-12, "of none");
    EvaluationResult gap = evaluation("onnx:int4", Map.of("forget_prob", 0.3), "one");
    assertTrue(Double.isNaN(Survival.largestRebound(before, trained, gap)), "not passed over");
    assertTrue(Double.isNaN(Survival.largestRebound(before, before, before)), "nothing moved");
  }

  /** The target's own weights, dressed up as the unlearned model's deployed file. */
  @Test
  void theTargetDressedUpGoesAllTheWayBack() {
    EvaluationResult target = evaluation("onnx:int4", 0.9);
    List<Gate> gates = Survival.gates(evaluation("tf", 0.9), evaluation("tf", 0.1), target, GATES);
    assertEquals(1, gates.get(0).value());
    assertFalse(gates.get(0).pass());
  }

  /** A way of 0.019 is none: one row by chance would look like a third of everything. */
  @Test
  void whereUnlearningMovedHardlyAnythingNoShareOfItIsTold() {
    List<Gate> gates =
        Survival.gates(
            evaluation("tf", 0.9), evaluation("tf", 0.881), evaluation("tf", 0.881), GATES);
    assertEquals("rebound", gates.get(0).name());
    assertFalse(gates.get(0).pass());
  }

  @Test
  void theTableHasEveryFileBesideTheModels() {
    EvaluationResult target = evaluation("tf", 0.9);
    EvaluationResult trained = evaluation("tf", 0.1);
    Map<String, EvaluationResult> files = new java.util.LinkedHashMap<>();
    files.put("onnx:fp32", trained);
    files.put("onnx:int4", evaluation("onnx:int4", 0.3));
    List<Survival> table = Survival.table(Optional.of(target), Optional.empty(), trained, files);
    assertEquals(
        List.of("forget_prob", "forget_truth_ratio", "extraction_strength", "model_utility"),
        table.stream().map(Survival::metric).toList());
    Survival prob = table.get(0);
    assertTrue(prob.judged());
    assertFalse(table.get(1).judged(), "it never moved");
    assertTrue(table.get(3).judged());
    assertEquals(0, prob.rebound("onnx:fp32"));
    Near.absolute(0.25, prob.rebound("onnx:int4"), 1e-12, "rebound");
    assertTrue(Double.isNaN(prob.retainOnly()));
    assertTrue(Double.isNaN(table.get(3).rebound("onnx:int4")), "utility has no way back");
    assertFalse(Survival.table(Optional.empty(), Optional.empty(), trained, files).get(0).judged());
    Verdict verdict = new Verdict(List.of(run(deployed(TABLE))), table);
    verdict.write(folder.resolve("survival.json"));
    assertEquals(verdict, Verdict.read(folder.resolve("survival.json")));
  }

  @Test
  void metricsThatNobodyJudgesAreNoGates() {
    ParityGates loose =
        new ParityGates(
            ParityGates.reduced(Double.POSITIVE_INFINITY, 0.1, 0.01, 0.02, 0.97),
            Double.POSITIVE_INFINITY,
            Double.NEGATIVE_INFINITY,
            0.05,
            0.02);
    EvaluationResult other =
        evaluation("onnx:int8", evaluation("tf", Double.NaN).metrics(), "one", "three");
    ParityResult result =
        new ParityCheck(loose, 20, 5)
            .run(
                TRAINED,
                deployed(TABLE),
                rows(),
                evaluation("tf", 0.1),
                other,
                Optional.empty(),
                Progress.NONE);
    // Half of the generations differ, and nobody minds; a metric that is no number fails.
    assertEquals(List.of("forget_prob"), failed(result));
    assertEquals(4, result.metrics().size(), "they are measured all the same");
    assertEquals(
        List.of(
            "logit_max_relative",
            "logit_mean_relative",
            "kl_mean",
            "top1_agreement",
            "chunked_prefill_relative",
            "cached_decoding_relative"),
        result.gates().stream()
            .filter(g -> g.level() == Gate.Level.NUMERIC)
            .map(Gate::name)
            .toList(),
        "a model that cannot be padded on the left has no gate on that");
  }

  /** Another model, held against nothing but itself: its cache is as good as anybody's. */
  @Test
  void limitsThatCompareNothingProveNothing() {
    double any = Double.POSITIVE_INFINITY;
    ParityGates own =
        new ParityGates(ParityGates.reduced(any, any, 0.01, any, -any), any, -any, 0.05, 0.02);
    BigramModel another = new BigramModel("onnx:int4", BigramModel.random(12, 9));
    ParityResult result =
        new ParityCheck(own, 20, 5)
            .run(
                TRAINED,
                another,
                rows(),
                evaluation("tf", 0.1),
                evaluation("onnx:int4", 0.1),
                Optional.of(evaluation("tf", 0.9)), // that it is as forgotten is no evidence
                Progress.NONE);
    assertEquals(List.of("both_sides"), failed(result));
    // One limit on both sides is enough for a judgement, here that it is another model.
    ParityGates one =
        new ParityGates(ParityGates.reduced(any, 0.2, 0.01, any, -any), any, -any, 0.05, 0.02);
    ParityResult judged =
        new ParityCheck(one, 20, 5)
            .run(
                TRAINED,
                another,
                rows(),
                evaluation("tf", 0.1),
                evaluation("onnx:int4", 0.1),
                Optional.empty(),
                Progress.NONE);
    assertEquals(List.of("logit_mean_relative"), failed(judged));
  }

  @Test
  void infiniteTolerancesMeasureOnly() {
    Gate gate = Gate.atMost(Gate.Level.NUMERIC, "kl_mean", 12, Double.POSITIVE_INFINITY);
    assertTrue(gate.pass());
    assertEquals(0, gate.excess());
    assertFalse(
        Gate.atMost(Gate.Level.NUMERIC, "kl_mean", Double.NaN, Double.POSITIVE_INFINITY).pass());
  }

  @Test
  void fileBeginsWithTheVerdictAndReadsBack() throws IOException {
    ParityResult good = run(deployed(TABLE));
    ParityResult bad =
        run(
            new BigramModel("onnx:int8", BigramModel.random(12, 9)),
            evaluation("onnx:int8", evaluation("tf", Double.NaN).metrics(), "one", "<b>"));
    Verdict verdict = new Verdict(List.of(good, bad));
    Path file = folder.resolve("verify.json");
    verdict.write(file);
    assertTrue(Files.readString(file).replaceAll("\\s", "").startsWith("{\"verdict\":\"fail\""));
    assertEquals(verdict, Verdict.read(file));
    assertEquals(
        good.gates().size() + bad.gates().size(),
        new ObjectMapper().readTree(file.toFile()).get("gates").size());
    assertEquals(failed(bad).size(), verdict.failures().size());
    Path broken = Files.writeString(folder.resolve("b.json"), "{\"gates\": [{\"runtime\": 1}]}");
    assertThrows(UserException.class, () -> Verdict.read(broken));
  }

  /** Percent count as shares, what is unbounded by its size, gradients not at all. */
  @Test
  void metricsDifferInTheirOwnUnit() {
    EvaluationResult tf =
        evaluation(
            "tf",
            Map.of(
                "privleak",
                -90.0,
                "fluency_perplexity",
                200.0,
                "mia_gradnorm_auc",
                0.9,
                "verbmem",
                0.5),
            "one");
    EvaluationResult ort =
        evaluation(
            "onnx:fp32",
            Map.of("privleak", -89.5, "fluency_perplexity", 199.0, "verbmem", 0.25),
            "one");
    Map<String, Double> differences = new HashMap<>();
    MetricDifference.between(tf, ort).forEach(d -> differences.put(d.name(), d.difference()));
    assertEquals(
        Map.of("privleak", 0.005, "fluency_perplexity", 0.005, "verbmem", 0.25), differences);
  }

  @Test
  void anotherSuiteIsJudgedByItsOwnMetrics() {
    EvaluationResult before =
        evaluation("tf", Map.of("wmdp_accuracy", 0.6, "model_utility", 0.5), "one");
    EvaluationResult trained =
        evaluation("tf", Map.of("wmdp_accuracy", 0.25, "model_utility", 0.5), "one");
    EvaluationResult deployed =
        evaluation("onnx:int4", Map.of("wmdp_accuracy", 0.53, "model_utility", 0.5), "one");
    List<Gate> gates = Survival.gates(before, trained, deployed, GATES);
    assertEquals(
        List.of("rebound_wmdp_accuracy", "model_utility_fall"),
        gates.stream().map(Gate::name).toList());
    assertEquals(0.8, gates.get(0).value(), 1e-9);
    assertTrue(!gates.get(0).pass());
  }
}
