package org.unlearn4j.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.unlearn4j.base.Lanes;
import org.unlearn4j.lm.BatchPlan;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.Routes;
import org.unlearn4j.lm.TokenRow;

/**
 * Which experts the tokens of some rows go through, and how many of them go elsewhere after
 * unlearning. Each real token of a row counts once, those of its prompt too.
 *
 * @param byLayer by the number of a block with experts
 */
public record Routing(Map<String, Layer> byLayer) {
  /** Share of tokens whose chosen experts are not the same ones. */
  public static final String CHANGED = Metric.EXPERTS_CHANGED.key();

  /** Share of tokens whose most probable expert is another one. */
  public static final String FIRST_CHANGED = Metric.FIRST_EXPERT_CHANGED.key();

  /**
   * Half the sum over experts of the change of their load: the share of the work that went to
   * others. Tokens that changed places leave it as it is.
   */
  public static final String LOAD_SHIFT = Metric.LOAD_SHIFT.key();

  /** What there is of a change. */
  public static final List<String> OF_CHANGE = List.of(CHANGED, FIRST_CHANGED, LOAD_SHIFT);

  /**
   * A block's experts.
   *
   * @param change {@link #OF_CHANGE}; empty where there is no model before with the same experts
   * @param load of each expert, its share of all choices; they add up to one
   * @param loadBefore the same of the model before, or empty
   */
  public record Layer(Map<String, Double> change, List<Double> load, List<Double> loadBefore) {
    public Layer {
      change = Collections.unmodifiableMap(new LinkedHashMap<>(change));
      load = List.copyOf(load);
      loadBefore = List.copyOf(loadBefore);
    }
  }

  public Routing {
    byLayer = Collections.unmodifiableMap(new LinkedHashMap<>(byLayer));
  }

  /** The mean over the blocks of a measure of {@link #OF_CHANGE}, where it was measured. */
  public Optional<Double> mean(String measure) {
    List<Double> values =
        byLayer.values().stream().map(l -> l.change.get(measure)).filter(v -> v != null).toList();
    return values.isEmpty()
        ? Optional.empty()
        : Optional.of(values.stream().mapToDouble(v -> v).sum() / values.size());
  }

  /**
   * Where a model sends the tokens of rows, rows of like length together.
   *
   * @param model that {@link LanguageModel#routed tells}
   * @param tokenBudget most tokens in a batch, padding included
   * @return with the rows in their order
   */
  public static Routes measure(
      LanguageModel model, List<TokenRow> rows, int tokenBudget, Progress progress) {
    int[][][] all = new int[rows.size()][][];
    List<Routes.Layer> layers = new ArrayList<>();
    AtomicInteger done = new AtomicInteger();
    progress.begin("routing", 0, rows.size());
    Lanes.inOrder(
        model.lanes(),
        BatchPlan.byLength(rows.size(), i -> rows.get(i).length(), tokenBudget),
        batch -> new Part(batch, model.routes(IntStream.of(batch).mapToObj(rows::get).toList())),
        part -> {
          layers.clear();
          layers.addAll(part.routes.layers());
          for (int i = 0; i < part.batch.length; i++) {
            all[part.batch[i]] = part.routes.rows().get(i);
          }
          progress.update("routing", done.addAndGet(part.batch.length), rows.size());
        });
    return new Routes(layers, List.of(all));
  }

  @SuppressWarnings("ArrayRecordComponent") // handed from one thread to another once
  private record Part(int[] batch, Routes routes) {}

  /** What there is to say of one model. */
  public static Routing of(Routes routes) {
    return compare(Optional.empty(), routes);
  }

  /**
   * What changed.
   *
   * @param before of the same rows; a model with other experts is as none
   * @throws IllegalArgumentException if the rows are not the same number of tokens
   */
  public static Routing compare(Optional<Routes> before, Routes after) {
    Optional<Routes> was = before.filter(b -> b.layers().equals(after.layers()));
    Map<String, Layer> byLayer = new LinkedHashMap<>();
    int from = 0;
    for (Routes.Layer layer : after.layers()) {
      int to = from + layer.chosen();
      List<int[]> now = choices(after, from, to);
      List<Double> load = load(now, layer.experts());
      Layer measured = new Layer(Map.of(), load, List.of());
      if (was.isPresent()) {
        List<int[]> then = choices(was.get(), from, to);
        measured = changed(then, now, load(then, layer.experts()), load);
      }
      byLayer.put(Integer.toString(layer.block()), measured);
      from = to;
    }
    return new Routing(byLayer);
  }

  /** A block's choices, token by token. */
  private static List<int[]> choices(Routes routes, int from, int to) {
    List<int[]> choices = new ArrayList<>();
    for (int[][] row : routes.rows()) {
      for (int[] token : row) {
        choices.add(Arrays.copyOfRange(token, from, to));
      }
    }
    return choices;
  }

  private static Layer changed(
      List<int[]> then, List<int[]> now, List<Double> before, List<Double> after) {
    int tokens = now.size();
    if (then.size() != tokens) {
      throw new IllegalArgumentException(then.size() + " tokens before, " + tokens + " after");
    }
    int sets = 0;
    int firsts = 0;
    for (int t = 0; t < tokens; t++) {
      sets += set(then.get(t)).equals(set(now.get(t))) ? 0 : 1;
      firsts += then.get(t)[0] == now.get(t)[0] ? 0 : 1;
    }
    double shift = 0;
    for (int e = 0; e < after.size(); e++) {
      shift += Math.abs(after.get(e) - before.get(e)) / 2;
    }
    Map<String, Double> change = new LinkedHashMap<>();
    change.put(CHANGED, (double) sets / tokens);
    change.put(FIRST_CHANGED, (double) firsts / tokens);
    change.put(LOAD_SHIFT, shift);
    return new Layer(change, after, before);
  }

  private static TreeSet<Integer> set(int[] choice) {
    TreeSet<Integer> set = new TreeSet<>();
    for (int expert : choice) {
      set.add(expert);
    }
    return set;
  }

  private static List<Double> load(List<int[]> choices, int experts) {
    double[] counts = new double[experts];
    int all = 0;
    for (int[] token : choices) {
      for (int expert : token) {
        counts[expert]++;
        all++;
      }
    }
    List<Double> load = new ArrayList<>();
    for (double count : counts) {
      load.add(all == 0 ? 0 : count / all);
    }
    return load;
  }
}
