package org.unlearn4j.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.unlearn4j.base.ProgressBar;
import org.unlearn4j.base.Spread;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.AdapterSettings;
import org.unlearn4j.lm.BatchPlan;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Adapter;
import org.unlearn4j.tf.LinearInputs;
import org.unlearn4j.tf.OutputDirections;
import org.unlearn4j.unlearn.StepGraph;
import org.unlearn4j.weights.SafeTensors;

/**
 * Directions of adapted maps' outputs, as forget and retain rows of a training show them: those
 * that adapters begin with, and those that they are kept away from. Looks at no more rows than the
 * published method does, and at so many maps at a time that what is kept of the rows stays bounded.
 */
final class RowDirections {
  /** Rows of each set. */
  static final int ROWS = 256;

  /** Bytes of sums in the heap, unless one map alone takes more. */
  private static final long MOST = 512L << 20;

  private final StepGraph graph;
  private final AdapterSettings settings;
  private final Adapter adapter;
  private final LinearInputs inputs;
  private final List<TokenRow> forget;
  private final List<TokenRow> retain;
  private final int tokenBudget;
  private final long most;

  /** To be made before the graph's session opens. */
  RowDirections(StepGraph graph, AdapterSettings settings, AdapterStart.Rows rows) {
    this(graph, settings, rows, MOST);
  }

  RowDirections(StepGraph graph, AdapterSettings settings, AdapterStart.Rows rows, long most) {
    this.graph = graph;
    this.settings = settings;
    this.most = most;
    this.adapter = graph.weights().adapter().orElseThrow().adapter();
    this.inputs =
        new LinearInputs(
            graph.runtime(),
            graph.decoder(),
            graph.variables(),
            adapter.targets().stream().map(Adapter.Target::linear).toList(),
            graph.precision());
    this.forget = starts() ? Spread.of(rows.forget(), ROWS) : List.of();
    this.retain = Spread.of(rows.retain(), ROWS);
    this.tokenBudget = rows.tokenBudget();
    if (retain.isEmpty()) {
      throw new UserException(
          "unlearn.adapter: found no retain rows, expected some, whose outputs the adapters are"
              + " guided by.");
    }
  }

  /** Whether adapters begin with what is found. */
  private boolean starts() {
    return settings.init() == AdapterSettings.Init.REGLU;
  }

  /**
   * Finds them.
   *
   * @param model whose weights the graph has
   * @param values where they are put, by the names of A, B and Q
   * @throws UserException if the forget rows do not span as many directions as adapters have
   */
  void find(Path model, Map<String, float[]> values) {
    List<List<Adapter.Target>> portions = portions();
    int avoided = graph.avoided().isPresent() ? settings.guidance().orthogonalityRank() : 0;
    int rank = starts() ? adapter.shape().rank() : 0;
    int done = 0;
    try (SafeTensors base = SafeTensors.open(model);
        OutputDirections directions =
            new OutputDirections(rank, settings.guidance().beta(), avoided);
        ProgressBar bar = ProgressBar.named("adapters")) {
      for (List<Adapter.Target> portion : portions) {
        List<Integer> wanted =
            portion.stream().map(t -> inputs.input(t.linear())).distinct().toList();
        float[][][] ofForget = sums(forget, wanted);
        float[][][] ofRetain = sums(retain, wanted);
        for (Adapter.Target t : portion) {
          int at = wanted.indexOf(inputs.input(t.linear()));
          OutputDirections.Found found =
              directions.of(
                  t.linear(),
                  base.floats(t.linear().weight().name()),
                  t.linear().bias().map(b -> base.floats(b.name())),
                  ofForget[at],
                  ofRetain[at]);
          keep(t, found, values);
          bar.update(++done, adapter.targets().size(), "");
        }
      }
    }
  }

  private void keep(Adapter.Target t, OutputDirections.Found found, Map<String, float[]> values) {
    if (starts()) {
      if (found.spanned() < adapter.shape().rank()) {
        throw new UserException(
            "unlearn.adapter.rank: found "
                + adapter.shape().rank()
                + " with init: ReGLU, expected at most "
                + found.spanned()
                + ", the directions that "
                + forget.size()
                + " forget rows span at "
                + t.linear().module()
                + ".");
      }
      AdapterStart.put(t, found.start(), values);
    }
    Optional.of(graph.objective())
        .flatMap(o -> o.learning().adaptation())
        .flatMap(a -> a.orthogonality())
        .ifPresent(o -> values.put(o.directions(t).name(), found.avoided()));
  }

  /** Targets whose inputs are looked at together, in their order. */
  List<List<Adapter.Target>> portions() {
    List<List<Adapter.Target>> portions = new ArrayList<>();
    List<Integer> held = new ArrayList<>();
    for (Adapter.Target t : adapter.targets()) {
      int input = inputs.input(t.linear());
      if (!held.contains(input)) {
        long bytes = bytes(held) + bytes(List.of(input));
        if (portions.isEmpty() || bytes > most) {
          portions.add(new ArrayList<>());
          held.clear();
        }
        held.add(input);
      }
      portions.get(portions.size() - 1).add(t);
    }
    return portions;
  }

  private long bytes(List<Integer> some) {
    long rows = (long) forget.size() + retain.size();
    return some.stream().mapToLong(i -> Float.BYTES * rows * inputs.width(i)).sum();
  }

  /** {@code [wanted][row][in + 1]}, rows in their order. */
  private float[][][] sums(List<TokenRow> rows, List<Integer> wanted) {
    float[][][] all = new float[wanted.size()][rows.size()][];
    for (int[] batch : BatchPlan.byLength(rows.size(), i -> rows.get(i).length(), tokenBudget)) {
      float[][][] part = inputs.sums(Arrays.stream(batch).mapToObj(rows::get).toList(), wanted);
      IntStream.range(0, wanted.size())
          .forEach(
              w -> {
                for (int r = 0; r < batch.length; r++) {
                  all[w][batch[r]] = part[w][r];
                }
              });
    }
    return all;
  }
}
