package org.unlearn4j.run;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.eval.Entanglement;
import org.unlearn4j.eval.EvalSet;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.FeatureMap;
import org.unlearn4j.eval.FeaturePicture;
import org.unlearn4j.eval.Progress;
import org.unlearn4j.eval.Routing;
import org.unlearn4j.eval.Suite;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.Routes;
import org.unlearn4j.lm.TokenRow;

/**
 * What is measured inside a model: its features, and where its routers send tokens. Those of the
 * model before unlearning are measured once and kept, for all models that a stage measures. Safe
 * for several threads.
 */
final class InnerMeasures {
  private final int tokenBudget;
  private final Object measuringBefore = new Object();
  private Optional<Before> before = Optional.empty();

  /**
   * Nothing is measured yet.
   *
   * @param tokenBudget most tokens of a batch, padding included
   */
  InnerMeasures(int tokenBudget) {
    this.tokenBudget = tokenBudget;
  }

  /** Of one model; {@code routes} by set, empty where it sends tokens to no experts. */
  private record Inner(FeatureMap forget, FeatureMap retain, Map<String, Routes> routes) {}

  /** What the model that unlearning started from had. */
  private record Before(
      Inner inner,
      Map<String, Map<String, Double>> measures,
      List<TokenRow> forget,
      List<TokenRow> retain) {

    /** Rows are in the tokens of the model that is measured, which another one may not have. */
    boolean of(Suite suite) {
      return forget.equals(suite.rows(EvalSet.Role.FORGET))
          && retain.equals(suite.rows(EvalSet.Role.RETAIN));
    }
  }

  /** The result with them, compared with the model before where that is another one. */
  EvaluationResult added(
      EvaluationResult result,
      LanguageModel model,
      Optional<LanguageModel> original,
      Suite suite,
      Progress progress) {
    if (suite.rows(EvalSet.Role.FORGET).isEmpty() || suite.rows(EvalSet.Role.RETAIN).isEmpty()) {
      return result; // nothing that could be entangled
    }
    Inner after = inner(model, suite, progress);
    if (original.isEmpty()) {
      return result
          .withFeatures(Entanglement.measure(after.forget, after.retain), Optional.empty())
          .withRouting(routing(Map.of(), after.routes));
    }
    Before start = before(original.get(), suite, progress);
    Inner was = start.inner;
    String last = after.forget.lastBlock();
    return result
        .withFeatures(
            Entanglement.compare(start.measures, was.retain, after.forget, after.retain),
            after.forget.comparable(last, was.forget)
                ? Optional.of(
                    FeaturePicture.of(last, was.forget, was.retain, after.forget, after.retain))
                : Optional.empty())
        .withRouting(routing(was.routes, after.routes));
  }

  private static Map<String, Routing> routing(
      Map<String, Routes> before, Map<String, Routes> after) {
    Map<String, Routing> bySet = new LinkedHashMap<>();
    after.forEach(
        (set, routes) ->
            bySet.put(set, Routing.compare(Optional.ofNullable(before.get(set)), routes)));
    return bySet;
  }

  private Before before(LanguageModel original, Suite suite, Progress progress) {
    synchronized (measuringBefore) {
      if (before.filter(b -> b.of(suite)).isEmpty()) {
        Inner inner = inner(original, suite, progress);
        before =
            Optional.of(
                new Before(
                    inner,
                    Entanglement.measure(inner.forget, inner.retain),
                    suite.rows(EvalSet.Role.FORGET),
                    suite.rows(EvalSet.Role.RETAIN)));
      }
      return before.get();
    }
  }

  private Inner inner(LanguageModel model, Suite suite, Progress progress) {
    List<TokenRow> forget = suite.rows(EvalSet.Role.FORGET);
    List<TokenRow> retain = suite.rows(EvalSet.Role.RETAIN);
    Map<String, Routes> routes = new LinkedHashMap<>();
    if (model.routed()) {
      routes.put("forget", Routing.measure(model, forget, tokenBudget, progress));
      routes.put("retain", Routing.measure(model, retain, tokenBudget, progress));
    }
    return new Inner(
        FeatureMap.measure(model, forget, tokenBudget, progress),
        FeatureMap.measure(model, retain, tokenBudget, progress),
        routes);
  }
}
