package org.unlearn4j.unlearn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.UnlearnSettings;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.DoubleStream;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;

/**
 * A step of a fixture's model beside a frozen one, and the streams of both in double precision. The
 * frozen one is the fixture's reference, but for every third token, whose embedding points the
 * other way: so some activations have turned by more than a right angle and others have not.
 */
final class StreamPair {
  /**
   * float32 keeps 6e-8 of a number; sums of up to 128 numbers, through two blocks and back, may
   * lose a hundred times as much.
   */
  static final double TOLERANCE = 1e-5;

  private static final int HIDDEN = 32;

  /** The highest block that is asked for. */
  private static final int LAST = 1;

  /** A loss of one token. */
  @FunctionalInterface
  interface TokenLoss {
    double of(double[] now, double[] was);
  }

  private final StepFixture step;
  private final DoubleStream now;
  private final DoubleStream was;
  private final Map<Segment, List<double[][][]>> live = new EnumMap<>(Segment.class);
  private final Map<Segment, List<double[][][]>> frozen = new EnumMap<>(Segment.class);
  private int moves;

  StreamPair(String family) {
    step = new StepFixture(family);
    now = new DoubleStream(family, step.fixture().folder().resolve("model.safetensors"));
    was = new DoubleStream(family, step.referenceFile());
    double[] table =
        was.weight(family.equals("llama") ? "model.embed_tokens.weight" : "transformer.wte.weight");
    for (int i = 0; i < table.length; i++) {
      table[i] *= i / HIDDEN % 3 == 0 ? -1 : 1;
    }
  }

  static UnlearnSettings settings(String objective, String... sets) {
    return Pipeline.defaults(objective, List.of(sets)).unlearn();
  }

  /** Runs the step and updates nothing. */
  StepFixture.Values run(UnlearnSettings settings) {
    return run(settings, rows(Segment.FORGET).size());
  }

  /** The same with the first of the forget rows. */
  StepFixture.Values run(UnlearnSettings settings, int forget) {
    Objective objective = Objectives.of(settings, step.decoder());
    Map<Segment, List<TokenRow>> rows = new EnumMap<>(Segment.class);
    objective.segments().forEach(s -> rows.put(s, rows(s)));
    rows.put(Segment.FORGET, rows(Segment.FORGET).subList(0, forget));
    try (StepGraph graph = new StepGraph(step.decoder(), objective, Computations.FP32)) {
      step.assignPolicy(graph);
      graph.frozen().ifPresent(v -> v.assign(p -> narrow(was.weight(p.name()))));
      return StepFixture.run(graph, StepBatch.whole(rows, Map.of()), StepControl.of(objective, 0));
    }
  }

  private static FloatBuffer narrow(double[] values) {
    FloatBuffer narrow = FloatBuffer.allocate(values.length);
    for (double v : values) {
      narrow.put((float) v); // exact: these were float32
    }
    return narrow.flip();
  }

  List<TokenRow> rows(Segment segment) {
    return step.rows().get(segment);
  }

  /** Streams of a segment's rows after a block, {@code [row][time][hidden]}. */
  List<double[][]> streams(Segment segment, int block) {
    if (now.moves() != moves) {
      live.clear();
      moves = now.moves();
    }
    return after(now, live, segment, block);
  }

  private List<double[][]> after(
      DoubleStream model, Map<Segment, List<double[][][]>> kept, Segment segment, int block) {
    return kept
        .computeIfAbsent(
            segment, s -> rows(s).stream().map(r -> model.upTo(LAST, r.ids())).toList())
        .stream()
        .map(blocks -> blocks[block])
        .toList();
  }

  /** Mean over rows of the mean over their labelled tokens. */
  double mean(Segment segment, int block, TokenLoss loss) {
    return mean(segment, block, loss, false);
  }

  /**
   * The same.
   *
   * @param all the plausible mistake: tokens without a label count, too
   */
  double mean(Segment segment, int block, TokenLoss loss, boolean all) {
    List<double[][]> streams = streams(segment, block);
    List<double[][]> were = after(was, frozen, segment, block);
    double mean = 0;
    for (int r = 0; r < streams.size(); r++) {
      int[] labels = rows(segment).get(r).labels();
      double sum = 0;
      int count = 0;
      for (int t = 0; t < labels.length; t++) {
        if (all || labels[t] != TokenRow.IGNORED) {
          sum += loss.of(streams.get(r)[t], were.get(r)[t]);
          count++;
        }
      }
      mean += sum / count / streams.size();
    }
    return mean;
  }

  /** {@code EmbedDiff} of a token. */
  static double moved(double[] now, double[] was) {
    double sum = 0;
    for (int d = 0; d < now.length; d++) {
      sum += Math.pow(now[d] - was[d], 2) / now.length;
    }
    return sum;
  }

  static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  static double cosine(double[] a, double[] b) {
    return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  }

  /**
   * Every parameter's two largest slopes and one more.
   *
   * @param total of the weights as they are in {@code now}
   * @param parameters names of all that have a gradient
   */
  void assertGradient(StepFixture.Values found, Set<String> parameters, DoubleSupplier total) {
    assertEquals(parameters, found.gradients().keySet());
    for (Map.Entry<String, float[]> e : found.gradients().entrySet()) {
      float[] g = e.getValue();
      double l2 = StepFixture.Values.l2(g);
      assertTrue(l2 > 0, e.getKey());
      for (int i : some(g)) {
        // A bias that softmax takes away again has a gradient of rounding alone.
        double allowed = Math.max(1e-8, TOLERANCE * l2);
        String what = e.getKey() + "[" + i + "]";
        assertClose(what, now.slope(e.getKey(), i, total), g[i], allowed, 0);
      }
    }
  }

  private static List<Integer> some(float[] g) {
    List<Integer> some =
        new ArrayList<>(
            IntStream.range(0, g.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -Math.abs(g[i])))
                .limit(2)
                .toList());
    some.add(g.length / 7);
    return some;
  }

  /** Names of parameters that a stream after a block depends on. */
  Set<String> below(int block) {
    Set<String> names = new HashSet<>();
    step.decoder().parameters().stream()
        .map(p -> p.name())
        .filter(
            n ->
                n.matches(".*(embed_tokens|wte|wpe)\\.weight")
                    || n.matches(".*\\.[0-" + block + "]\\..*"))
        .forEach(names::add);
    return names;
  }
}
