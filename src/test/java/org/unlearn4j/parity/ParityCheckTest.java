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
import org.unlearn4j.config.VerifyLimit;
import org.unlearn4j.eval.BigramModel;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.Evaluations;
import org.unlearn4j.eval.Near;
import org.unlearn4j.eval.Progress;
import org.unlearn4j.eval.RowResult;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;

/** Equal sides pass; every single fault fails the gate that is there for it, and no other kind. */
class ParityCheckTest {
  static final double[][] TABLE = BigramModel.random(12, 7);
  static final ParityGates GATES = ParityNumbers.full(1e-4, 0.95, 0.05, 0.005);
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

  static EvaluationResult evaluation(
      String runtime, Map<String, Double> metrics, String... generations) {
    List<RowResult> rows = new ArrayList<>();
    for (String text : generations) {
      rows.add(new RowResult(rows.size(), "q", "a", text, Map.of("rouge", 0.5)));
    }
    return Evaluations.of(
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

  static EvaluationResult evaluation(String runtime, double forgetProb) {
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

  static ParityResult run(LanguageModel deployed) {
    return run(deployed, evaluation("onnx:fp32", 0.1));
  }

  private static ParityResult run(LanguageModel deployed, EvaluationResult evaluation) {
    return run(GATES, deployed, evaluation, Optional.empty());
  }

  private static ParityResult run(
      ParityGates gates,
      LanguageModel deployed,
      EvaluationResult evaluation,
      Optional<EvaluationResult> before) {
    return new ParityCheck(gates, 20, 5)
        .run(
            ReferenceLogits.of(TRAINED),
            deployed,
            rows(),
            evaluation("tf", 0.1),
            evaluation,
            before,
            Optional.empty(),
            Progress.NONE);
  }

  /** Names of the gates that do not hold. */
  private static List<String> failed(ParityResult result) {
    return result.gates().stream().filter(g -> !g.pass()).map(Gate::name).toList();
  }

  static BigramModel deployed(double[][] table) {
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
    assertEquals(0, d.value(NumericMeasure.LOGIT_MAX_ABS));
    assertEquals(0, d.value(NumericMeasure.KL_P999));
    assertEquals(1, d.value(NumericMeasure.TOP1_AGREEMENT));
    assertEquals(0, d.value(NumericMeasure.CHUNKED_PREFILL));
    assertEquals(0, d.value(NumericMeasure.CACHED_DECODING));
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
    Near.absolute(0.25, result.numeric().value(NumericMeasure.LOGIT_MAX_ABS), 1e-6, "max");
    Near.absolute(0.25 / 12, result.numeric().value(NumericMeasure.LOGIT_MEAN_ABS), 1e-6, "mean");
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
    Near.absolute(sum, result.numeric().value(NumericMeasure.KL_MEAN), 1e-7, "KL");
    Near.absolute(
        largest,
        result.numeric().value(NumericMeasure.KL_P999),
        1e-7,
        "percentile of 27 is the largest");
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
                ReferenceLogits.of(TRAINED),
                deployed(TABLE),
                List.of(),
                evaluation("tf", Map.of()),
                evaluation("onnx:fp32", Map.of()),
                Optional.empty(),
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
    return Evaluations.of(
        "unlearned", "tf", "tofu", Map.of(), rows, Map.of(), Optional.empty(), 1, 1);
  }

  @Test
  void metricsThatNobodyJudgesAreNoGates() {
    ParityGates loose =
        ParityNumbers.reduced(
            Map.of(
                VerifyLimit.LOGIT_MEAN_RTOL, 0.1,
                VerifyLimit.CACHE_RTOL, 0.01,
                VerifyLimit.KL_MAX, 0.02,
                VerifyLimit.TOP1_MIN, 0.97));
    EvaluationResult other =
        evaluation("onnx:int8", evaluation("tf", Double.NaN).metrics(), "one", "three");
    ParityResult result = run(loose, deployed(TABLE), other, Optional.empty());
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
    ParityGates own = ParityNumbers.reduced(Map.of(VerifyLimit.CACHE_RTOL, 0.01));
    BigramModel another = new BigramModel("onnx:int4", BigramModel.random(12, 9));
    EvaluationResult file = evaluation("onnx:int4", 0.1);
    // That it is as forgotten is no evidence.
    ParityResult result = run(own, another, file, Optional.of(evaluation("tf", 0.9)));
    assertEquals(List.of("both_sides"), failed(result));
    // One limit on both sides is enough for a judgement, here that it is another model.
    ParityGates one =
        ParityNumbers.reduced(
            Map.of(VerifyLimit.LOGIT_MEAN_RTOL, 0.2, VerifyLimit.CACHE_RTOL, 0.01));
    assertEquals(List.of("logit_mean_relative"), failed(run(one, another, file, Optional.empty())));
  }

  @Test
  void infiniteTolerancesMeasureOnly() {
    Gate gate =
        Gate.atMost(new GateSubject.Numeric(NumericMeasure.KL_MEAN), 12, Double.POSITIVE_INFINITY);
    assertTrue(gate.pass());
    assertEquals(0, gate.excess());
    assertFalse(
        Gate.atMost(
                new GateSubject.Numeric(NumericMeasure.KL_MEAN),
                Double.NaN,
                Double.POSITIVE_INFINITY)
            .pass());
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

  /** Percent count as shares, perplexities by ln 200 = 5.2983, gradients not at all. */
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
    assertEquals(9.4606e-4, differences.remove("fluency_perplexity"), 1e-7); // 0.0050125 / 5.2983
    assertEquals(Map.of("privleak", 0.005, "verbmem", 0.25), differences);
  }
}
