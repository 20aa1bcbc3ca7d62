package org.unlearn4j.run;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.unlearn4j.attack.AttackSuite;
import org.unlearn4j.attack.Encoded;
import org.unlearn4j.attack.Judgement;
import org.unlearn4j.attack.Learned;
import org.unlearn4j.attack.Probe;
import org.unlearn4j.base.Lanes;
import org.unlearn4j.base.SplitMix;
import org.unlearn4j.config.AttackName;
import org.unlearn4j.config.AttackSettings;
import org.unlearn4j.config.LearnSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.eval.Progress;
import org.unlearn4j.eval.ScoreJournal;
import org.unlearn4j.eval.Scorer;
import org.unlearn4j.lm.BatchPlan;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.WeightSource;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.train.FewRows;

/**
 * Attacks that learn from a few forgotten rows and ask the others: by vectors before the prompt, or
 * by the head alone, on TensorFlow.
 */
record Learning(Pipeline pipeline, AttackSettings settings, BatchLanes lanes) {

  /**
   * What came out of one model.
   *
   * @param judgements of each probe
   */
  record Result(List<Probe> probes, List<Judgement> judgements, List<Learned> lessons) {}

  /** The attacks that are set, in their order. */
  private Map<AttackName, LearnSettings> attacks() {
    Map<AttackName, LearnSettings> attacks = new LinkedHashMap<>();
    settings.softPrompt().ifPresent(s -> attacks.put(AttackName.SOFT_PROMPT, s));
    settings.head().ifPresent(s -> attacks.put(AttackName.HEAD, s));
    return attacks;
  }

  /**
   * Attacks one model.
   *
   * @param name of the model
   * @param asTaught what is learned from and asked
   * @param suite asks some of them
   */
  Result run(
      String name,
      AttackedWeights weights,
      AsTaught asTaught,
      java.util.function.Function<List<Encoded>, AttackSuite> suite,
      Bars bars) {
    Map<AttackName, LearnSettings> attacks = attacks();
    List<Probe> probes = new ArrayList<>();
    List<Judgement> judgements = new ArrayList<>();
    List<Learned> lessons = new ArrayList<>();
    int[] done = {0};
    bars.begin("learn", 0, attacks.size());
    // A step on a few rows leaves a processor idle half of the time: the other attack takes it.
    Lanes.inOrder(
        Math.min(attacks.size(), lanes.apart(weights.model().decoder().config())),
        List.copyOf(attacks.keySet()),
        attack -> learned(name, weights, asTaught.of(attack), attack, attacks.get(attack), suite),
        one -> {
          probes.addAll(one.probes);
          judgements.addAll(one.judgements);
          lessons.addAll(one.lessons);
          bars.update("learn", ++done[0], attacks.size());
        });
    return new Result(probes, judgements, lessons);
  }

  /** One attack on one model. */
  private Result learned(
      String name,
      AttackedWeights weights,
      List<Encoded> direct,
      AttackName attack,
      LearnSettings how,
      java.util.function.Function<List<Encoded>, AttackSuite> suite) {
    int[] order = order(direct.size());
    List<TokenRow> taught =
        Arrays.stream(order, 0, how.rows()).mapToObj(i -> direct.get(i).rows().get(0)).toList();
    List<Encoded> others =
        Arrays.stream(order, how.rows(), order.length).sorted().mapToObj(direct::get).toList();
    int vectors = how.learned();
    try (FewRows model = open(weights, attack, vectors)) {
      FewRows.Lowered lowered =
          model.learn(batches(taught, vectors), how.steps(), rate(weights, attack, how));
      Scorer scorer =
          new Scorer(
              new Preceded(model.model(), vectors),
              pipeline.evaluate().tokenBudget(),
              Progress.NONE,
              ScoreJournal.none());
      return new Result(
          others.stream().map(e -> e.probe().as(attack)).toList(),
          suite.apply(others).run(scorer),
          List.of(
              new Learned(
                  name,
                  attack.spelling(),
                  how.rows(),
                  how.steps(),
                  lowered.before(),
                  lowered.after())));
    }
  }

  private FewRows open(AttackedWeights weights, AttackName attack, int vectors) {
    Computation computation = RuntimeModels.measuring(pipeline.model());
    return attack == AttackName.SOFT_PROMPT && vectors > 0
        ? FewRows.softPrompt(
            weights.model().decoder(), weights.values(), start(weights, vectors), computation)
        : FewRows.head(weights.model(), weights.values(), computation);
  }

  /** Rows of the token table, drawn by the seed: what the model has learned to read. */
  private float[] start(AttackedWeights weights, int vectors) {
    Parameter table = weights.model().table();
    int hidden = table.dim(1);
    float[] start = new float[vectors * hidden];
    for (int v = 0; v < vectors; v++) {
      double at = SplitMix.uniform(settings.seed() + (v + 1) * SplitMix.GOLDEN);
      long row = (long) (at * table.dim(0));
      java.nio.FloatBuffer to = java.nio.FloatBuffer.wrap(start, v * hidden, hidden);
      weights.values().read(table, row * hidden, to);
    }
    return start;
  }

  private double rate(AttackedWeights weights, AttackName attack, LearnSettings how) {
    Parameter like = attack == AttackName.HEAD ? weights.model().head() : weights.model().table();
    return how.learningRate() * rootMeanSquare(weights.values(), like);
  }

  private static double rootMeanSquare(WeightSource values, Parameter p) {
    double[] sum = new double[1];
    values.forEach(
        p,
        piece -> {
          while (piece.hasRemaining()) {
            double v = piece.get();
            sum[0] += v * v;
          }
        });
    return Math.sqrt(sum[0] / p.size());
  }

  private List<List<TokenRow>> batches(List<TokenRow> taught, int vectors) {
    List<TokenRow> rows = taught.stream().map(r -> Preceded.row(r, vectors)).toList();
    int budget = pipeline.evaluate().tokenBudget();
    return BatchPlan.byLength(rows.size(), i -> rows.get(i).length(), budget).stream()
        .map(batch -> IntStream.of(batch).mapToObj(rows::get).toList())
        .toList();
  }

  /** Every index once, in an order of the seed's; the first ones are learned from. */
  private int[] order(int size) {
    return IntStream.range(0, size)
        .boxed()
        .sorted(
            Comparator.comparingLong(
                i -> SplitMix.mix(settings.seed() - (i + 1) * SplitMix.GOLDEN)))
        .mapToInt(i -> i)
        .toArray();
  }
}
