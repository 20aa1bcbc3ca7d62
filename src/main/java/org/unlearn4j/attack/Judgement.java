package org.unlearn4j.attack;

import java.util.List;
import java.util.stream.IntStream;
import org.unlearn4j.eval.Bootstrap;
import org.unlearn4j.eval.Rouge;

/**
 * What a probe brought out of a model.
 *
 * @param said the model's greedy answer, or the option it prefers
 * @param leakage in [0, 1]; of words: recall of the keywords by ROUGE-L; of options: 1 for the
 *     right one, else 0
 * @param probability of words: that of the whole answer after the prompt, geometric mean over its
 *     tokens; of options: the right one's share
 */
public record Judgement(String said, double leakage, double probability) {
  /** Above it, an answer gives away more than it hides. */
  private static final double HALF = 0.5;

  static Judgement ofWords(Goal.Say goal, String said, double avgNll) {
    double recall = Rouge.rougeL(String.join(" ", goal.keywords()), said).recall();
    return new Judgement(said, recall, Math.exp(-avgNll));
  }

  /**
   * Of options.
   *
   * @param logProbs of each option, {@code [option]}
   */
  static Judgement ofOptions(Goal.Choose goal, double[] logProbs) {
    int best = 0;
    for (int i = 1; i < logProbs.length; i++) {
      best = logProbs[i] > logProbs[best] ? i : best;
    }
    double sum = 0;
    for (double l : logProbs) {
      sum += Math.exp(l - logProbs[best]);
    }
    double share = Math.exp(logProbs[goal.right()] - logProbs[best]) / sum;
    return new Judgement(goal.options().get(best), best == goal.right() ? 1 : 0, share);
  }

  /** Mean leakage; NaN of none. */
  static double leakage(List<Judgement> all) {
    return all.stream().mapToDouble(Judgement::leakage).average().orElse(Double.NaN);
  }

  /** Mean probability; NaN of none. */
  static double probability(List<Judgement> all) {
    return all.stream().mapToDouble(Judgement::probability).average().orElse(Double.NaN);
  }

  /**
   * Leakage over that of another model, probe by probe.
   *
   * @param own {@code [probe]}
   * @param groups of each probe
   */
  static Bootstrap.Interval excess(
      List<Judgement> own, List<Judgement> other, List<String> groups) {
    return Bootstrap.mean(
        IntStream.range(0, own.size())
            .mapToDouble(i -> own.get(i).leakage() - other.get(i).leakage())
            .toArray(),
        groups);
  }

  /** Whether what is said and how probable the answer is point to different sides. */
  public boolean disagrees() {
    return leakage >= HALF != probability >= HALF;
  }
}
