package org.unlearn4j.unlearn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.opentest4j.AssertionFailedError;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.tf.TfRuntime;
import org.unlearn4j.weights.SafeTensors;

/**
 * Losses by hand, in float64, from logits that another graph has computed. A gradient with respect
 * to logits or likelihoods that is known by its closed form becomes one of the parameters through a
 * loss that is linear in them; that one's gradient is the chain rule alone.
 */
final class HandSteps implements AutoCloseable {
  /**
   * Values in float64 from logits that float32 has rounded at 6e-8, by up to a hundred summands:
   * 1e-5 is above that, and far below what any mistake changes.
   */
  static final double TOLERANCE = 1e-5;

  private final StepFixture step;
  private final TensorFlowModel model;

  HandSteps(String family) {
    step = new StepFixture(family);
    try (SafeTensors weights = SafeTensors.open(step.fixture().folder())) {
      model =
          TensorFlowModel.of(
              step.decoder(),
              TfRuntime.checkpoint(weights, step.decoder().parameters()),
              Computations.FP32);
    }
  }

  @Override
  public void close() {
    model.close();
  }

  /** The labelled tokens of some rows. */
  record Tokens(List<double[]> logits, List<Integer> labels, List<Integer> rows) {
    int size() {
      return labels.size();
    }

    /** Of a token's label: {@code -log p}, nats. */
    double nll(int token) {
      return -logProbs(logits.get(token))[labels.get(token)];
    }

    /** Labelled tokens of a row. */
    long of(int row) {
      return rows.stream().filter(r -> r == row).count();
    }
  }

  static double[] logProbs(double[] logits) {
    double max = Double.NEGATIVE_INFINITY;
    for (double l : logits) {
      max = Math.max(max, l);
    }
    double sum = 0;
    for (double l : logits) {
      sum += Math.exp(l - max);
    }
    double[] all = new double[logits.length];
    for (int v = 0; v < all.length; v++) {
      all[v] = logits[v] - max - Math.log(sum);
    }
    return all;
  }

  static int best(double[] values, int but) {
    int best = but == 0 ? 1 : 0;
    for (int v = 0; v < values.length; v++) {
      best = v != but && values[v] > values[best] ? v : best;
    }
    return best;
  }

  /** Objective of a pipeline without a retain loss, with further settings. */
  Objective objective(String name, String... sets) {
    List<String> all = new ArrayList<>(List.of("unlearn.objective.retain=none"));
    all.addAll(List.of(sets));
    return Objectives.of(Pipeline.defaults(name, all).unlearn(), step.decoder());
  }

  /** The fixture's rows, of which every second label is the token that the model expects most. */
  List<TokenRow> rows(Segment segment) {
    List<TokenRow> own = step.rows().get(segment);
    Tokens tokens = tokens(own);
    List<TokenRow> rows = new ArrayList<>();
    int at = 0;
    for (TokenRow row : own) {
      int[] labels = row.labels().clone();
      for (int t = 0; t < labels.length; t++) {
        if (labels[t] != TokenRow.IGNORED) {
          labels[t] = at % 2 == 0 ? best(tokens.logits().get(at), -1) : labels[t];
          at++;
        }
      }
      rows.add(new TokenRow(row.ids(), labels));
    }
    return rows;
  }

  Tokens tokens(List<TokenRow> rows) {
    Tokens tokens = new Tokens(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    float[][][] all = model.logits(rows);
    for (int r = 0; r < rows.size(); r++) {
      for (int t = 1; t < rows.get(r).length(); t++) {
        if (rows.get(r).labels()[t] != TokenRow.IGNORED) {
          double[] logits = new double[all[r][t - 1].length];
          for (int v = 0; v < logits.length; v++) {
            logits[v] = all[r][t - 1][v];
          }
          tokens.logits().add(logits);
          tokens.labels().add(rows.get(r).labels()[t]);
          tokens.rows().add(r);
        }
      }
    }
    return tokens;
  }

  StepFixture.Values run(Objective objective, StepBatch batch) {
    return step.run(objective, batch, 0);
  }

  /** Parameters' gradient of a loss whose slope at each labelled token's logits is known. */
  Map<String, float[]> chained(StepBatch batch, double[][] slopes) {
    return step.run(linear(new OfLogits(floats(slopes))), batch, 0).gradients();
  }

  /** The same of a loss whose slope at each labelled token's {@code nll} is known. */
  Map<String, float[]> chained(StepBatch batch, Map<Segment, double[]> slopes) {
    Map<Segment, float[]> all = new EnumMap<>(Segment.class);
    slopes.forEach((s, own) -> all.put(s, floats(new double[][] {own})[0]));
    return step.run(linear(new OfNll(all)), batch, 0).gradients();
  }

  private static Objective linear(Term term) {
    return Objective.of("linear", new Weighted(term, 1), null);
  }

  private static float[][] floats(double[][] values) {
    float[][] all = new float[values.length][];
    for (int i = 0; i < values.length; i++) {
      all[i] = new float[values[i].length];
      for (int k = 0; k < all[i].length; k++) {
        all[i][k] = (float) values[i][k];
      }
    }
    return all;
  }

  /** The sum of logits times slopes, {@code [labelled, vocab]}. */
  @SuppressWarnings("ArrayRecordComponent") // read once
  private record OfLogits(float[][] slopes) implements Term {
    @Override
    public Set<Segment> segments() {
      return Set.of(Segment.FORGET);
    }

    @Override
    public Set<Segment> logits() {
      return segments();
    }

    @Override
    public Operand<TFloat32> value(Ops tf, StepContext c) {
      Operand<TFloat32> all = tf.math.mul(c.logits(Segment.FORGET), tf.constant(slopes));
      return tf.sum(tf.sum(all, tf.constant(1)), tf.constant(0));
    }
  }

  /** The sum of negative log-likelihoods times slopes. */
  private record OfNll(Map<Segment, float[]> slopes) implements Term {
    @Override
    public Set<Segment> segments() {
      return slopes.keySet();
    }

    @Override
    public Operand<TFloat32> value(Ops tf, StepContext c) {
      Operand<TFloat32> sum = tf.constant(0f);
      for (Map.Entry<Segment, float[]> e : slopes.entrySet()) {
        Operand<TFloat32> all = tf.math.mul(c.tokenNll(e.getKey()), tf.constant(e.getValue()));
        sum = tf.math.add(sum, tf.sum(all, tf.constant(0)));
      }
      return sum;
    }
  }

  /**
   * Equal but for the rounding of two graphs in float32 that add up the same slopes in another
   * order.
   */
  static void assertGradients(Map<String, float[]> expected, Map<String, float[]> actual) {
    assertFalse(expected.isEmpty(), "no gradients");
    assertEquals(expected.keySet(), actual.keySet());
    expected.forEach(
        (name, g) -> {
          double off = 0;
          for (int i = 0; i < g.length; i++) {
            off += Math.pow((double) g[i] - actual.get(name)[i], 2);
          }
          double allowed = 1e-8 + 2 * TOLERANCE * StepFixture.Values.l2(g);
          if (!(Math.sqrt(off) <= allowed)) { // negated, so that NaN fails
            throw new AssertionFailedError(
                name + ": off by " + Math.sqrt(off) + ", allowed " + allowed);
          }
        });
  }
}
