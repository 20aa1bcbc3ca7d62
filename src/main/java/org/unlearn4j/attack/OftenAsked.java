package org.unlearn4j.attack;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.unlearn4j.base.Lanes;
import org.unlearn4j.eval.Progress;
import org.unlearn4j.lm.BatchPlan;
import org.unlearn4j.lm.Generation;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.Sampling;

/**
 * Asks the same question often, with dice: what the best of several answers gives away.
 *
 * @param samples of each question
 * @param maxNewTokens longest answer
 * @param stop tokens that end one
 * @param tokenBudget most tokens of a batch, of one question at least
 * @param decoder text of generated tokens
 */
public record OftenAsked(
    int samples,
    double temperature,
    long seed,
    int maxNewTokens,
    Set<Integer> stop,
    int tokenBudget,
    Function<int[], String> decoder) {

  /**
   * Asks a model.
   *
   * @param probes for words, each asked so often
   * @return leakage of each answer, {@code [probe][sample]}, for {@link Sampled#of}
   */
  public double[][] run(LanguageModel model, List<Encoded> probes, Progress progress) {
    Generation how = new Generation(maxNewTokens, stop, new Sampling(temperature, 1, seed), 0);
    List<int[]> batches =
        BatchPlan.byLength(
            probes.size(),
            i -> samples * (probes.get(i).prompt().length + maxNewTokens),
            tokenBudget);
    double[][] leakages = new double[probes.size()][];
    progress.begin("sample", 0, probes.size());
    int[] done = {0};
    Lanes.inOrder(
        model.lanes(),
        numbered(batches),
        batch -> asked(model, probes, batch, how),
        batch -> {
          for (int i = 0; i < batch.leakages().size(); i++) {
            leakages[batch.rows()[i]] = batch.leakages().get(i);
          }
          done[0] += batch.rows().length;
          progress.update("sample", done[0], probes.size());
        });
    return leakages;
  }

  /**
   * Questions that are asked together.
   *
   * @param first number of its first question among all, in the order of the batches
   */
  @SuppressWarnings("ArrayRecordComponent") // read once
  private record Batch(int first, int[] rows) {}

  /** What came out of a batch, question by question. */
  @SuppressWarnings("ArrayRecordComponent") // read once
  private record Asked(int[] rows, List<double[]> leakages) {}

  private static List<Batch> numbered(List<int[]> batches) {
    List<Batch> all = new ArrayList<>();
    int first = 0;
    for (int[] rows : batches) {
      all.add(new Batch(first, rows));
      first += rows.length;
    }
    return all;
  }

  private Asked asked(LanguageModel model, List<Encoded> probes, Batch batch, Generation how) {
    List<Encoded> own = Arrays.stream(batch.rows()).mapToObj(probes::get).toList();
    List<List<int[]>> answers =
        model.samples(
            own.stream().map(Encoded::prompt).toList(), samples, how.from(batch.first() * samples));
    List<double[]> leakages =
        IntStream.range(0, own.size())
            .mapToObj(
                i ->
                    answers.get(i).stream()
                        .mapToDouble(a -> leakage(own.get(i).probe().goal(), a))
                        .toArray())
            .toList();
    return new Asked(batch.rows(), leakages);
  }

  private double leakage(Goal goal, int[] answer) {
    return Judgement.ofWords((Goal.Say) goal, decoder.apply(answer), Double.NaN).leakage();
  }
}
