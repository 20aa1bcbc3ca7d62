package org.unlearn4j.study;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.unlearn4j.base.Median;
import org.unlearn4j.base.Standing;
import org.unlearn4j.config.Pipeline;

/**
 * Successive halving (Jamieson and Talwalkar 2016): all points for a part of the epochs, the better
 * half for more of them, and what reaches the end with every seed. What the halving goes by is
 * measured on tuning rows while a run unlearns; only what is left is evaluated.
 *
 * <p>Depends on nothing but the sweep and on what runs give, so that a search that is taken up
 * again makes the same decisions.
 */
final class SweepSearch {
  private final Sweep sweep;
  private final Laboratory laboratory;
  private final Set<Pipeline> made = new HashSet<>();
  private final List<Trial> trials = new ArrayList<>();
  private double seconds;

  /** What makes runs; one that is there is not made again. */
  interface Laboratory {
    Tried unlearn(Pipeline pipeline);

    Map<Column, Double> evaluate(Pipeline pipeline);

    /**
     * Told of runs that will be asked for next, none of which depends on another, so that several
     * machines may share them.
     *
     * @param evaluated whether they will be evaluated too
     */
    default void ahead(List<Pipeline> runs, boolean evaluated) {}
  }

  /**
   * A run.
   *
   * @param standing of the state that it chose, on tuning rows
   * @param seconds that it took, when it was made
   */
  record Tried(Standing standing, double seconds) {}

  /** A point at a rung, with the first seed. */
  record Trial(Space.Point point, double rung, Standing standing) {}

  /** A point with all seeds: the goals and what is constrained, seed by seed. */
  record Finalist(Space.Point point, Map<Column, List<Double>> values, List<String> broken) {
    Finalist {
      values = Map.copyOf(values);
      broken = List.copyOf(broken);
    }

    double median(Column column) {
      return Median.of(values.get(column).stream().mapToDouble(v -> v).toArray());
    }

    /** Smallest and largest. */
    double[] range(Column column) {
      double[] v = values.get(column).stream().mapToDouble(x -> x).toArray();
      return new double[] {
        Arrays.stream(v).min().orElseThrow(), Arrays.stream(v).max().orElseThrow()
      };
    }
  }

  /**
   * All that was found.
   *
   * @param runs made for it, now or earlier
   * @param spent whether the budget ended the search
   */
  record Found(
      List<Trial> trials, List<Finalist> finalists, int runs, double minutes, boolean spent) {
    Found {
      trials = List.copyOf(trials);
      finalists = List.copyOf(finalists);
    }
  }

  SweepSearch(Sweep sweep, Laboratory laboratory) {
    this.sweep = sweep;
    this.laboratory = laboratory;
  }

  Found run() {
    List<Space.Point> alive = sweep.space().points(sweep.points());
    boolean spent = false;
    for (int r = 0; r < sweep.rungs().size() && !spent; r++) {
      List<Trial> rung = new ArrayList<>();
      laboratory.ahead(next(alive, sweep.rungs().get(r)), false);
      for (Space.Point point : alive) {
        Pipeline pipeline = sweep.tried(point, sweep.rungs().get(r), first());
        if (!affordable(pipeline)) {
          spent = true;
          break;
        }
        rung.add(new Trial(point, sweep.rungs().get(r), unlearn(pipeline).standing()));
      }
      trials.addAll(rung);
      boolean last = r == sweep.rungs().size() - 1;
      if (!spent) {
        alive = better(rung, last ? rung.size() : (rung.size() + 1) / 2);
      } else if (!rung.isEmpty()) {
        alive = better(rung, 1);
      } else {
        alive = alive.subList(0, 1); // the best of the rung before, whose order this is
      }
    }
    List<Finalist> finalists = new ArrayList<>();
    laboratory.ahead(last(alive, spent), true);
    for (Space.Point point : alive) {
      // The best is finished, whatever is left: a search that ends with nothing was for nothing.
      if (finalists.isEmpty() || (!spent && allAffordable(point))) {
        finalists.add(finished(point));
      } else {
        spent = true;
      }
    }
    return new Found(trials, finalists, made.size(), seconds / 60, spent);
  }

  /** The runs that the search begins with, each once, in the order in which parts share them. */
  List<Pipeline> beginning() {
    return next(sweep.space().points(sweep.points()), sweep.rungs().get(0));
  }

  /** Of a rung the runs that the budget is known to allow before any of them is made. */
  private List<Pipeline> next(List<Space.Point> points, double rung) {
    Set<Pipeline> next = new LinkedHashSet<>();
    int left = affordable(1) ? left() : 0;
    for (Space.Point point : points) {
      Pipeline pipeline = sweep.tried(point, rung, first());
      if (next.add(pipeline) && !made.contains(pipeline) && --left < 0) {
        boolean ignored = next.remove(pipeline);
        break;
      }
    }
    return List.copyOf(next);
  }

  /** The same of the last runs: each point with all seeds, of which the first is made anyhow. */
  private List<Pipeline> last(List<Space.Point> points, boolean spent) {
    List<Pipeline> last = new ArrayList<>();
    int left = spent || !affordable(1) ? 0 : left();
    for (Space.Point point : points) {
      int missing = missing(point);
      left -= missing;
      if (!last.isEmpty() && (spent || (missing > 0 && left < 0))) {
        return last;
      }
      sweep.seeds().forEach(seed -> last.add(sweep.tried(point, 1, seed)));
    }
    return last;
  }

  private int left() {
    return sweep.budget().runs().orElse(Integer.MAX_VALUE) - made.size();
  }

  private int missing(Space.Point point) {
    return (int)
        sweep.seeds().stream().filter(s -> !made.contains(sweep.tried(point, 1, s))).count();
  }

  private long first() {
    return sweep.seeds().get(0);
  }

  private static List<Space.Point> better(List<Trial> rung, int count) {
    List<Trial> sorted = new ArrayList<>(rung);
    sorted.sort(
        (a, b) ->
            a.standing().better(b.standing()) ? -1 : b.standing().better(a.standing()) ? 1 : 0);
    return sorted.stream().limit(count).map(Trial::point).toList();
  }

  private boolean affordable(Pipeline pipeline) {
    return made.contains(pipeline) || affordable(1);
  }

  private boolean affordable(int runs) {
    int most = sweep.budget().runs().orElse(Integer.MAX_VALUE);
    double minutes = sweep.budget().minutes().orElse(Double.POSITIVE_INFINITY);
    return made.size() + runs <= most && seconds / 60 < minutes;
  }

  private boolean allAffordable(Space.Point point) {
    int missing = missing(point);
    return missing == 0 || affordable(missing);
  }

  private Tried unlearn(Pipeline pipeline) {
    Tried tried = laboratory.unlearn(pipeline);
    if (made.add(pipeline)) {
      seconds += tried.seconds();
    }
    return tried;
  }

  private Finalist finished(Space.Point point) {
    Map<Column, List<Double>> values = new LinkedHashMap<>();
    sweep.goals().forEach(c -> values.put(c, new ArrayList<>()));
    sweep.constraints().forEach(c -> values.putIfAbsent(c.column(), new ArrayList<>()));
    for (long seed : sweep.seeds()) {
      Pipeline pipeline = sweep.tried(point, 1, seed);
      Tried ignored = unlearn(pipeline);
      Map<Column, Double> measured = laboratory.evaluate(pipeline);
      values.forEach((column, of) -> of.add(measured.getOrDefault(column, Double.NaN)));
    }
    Finalist all = new Finalist(point, values, List.of());
    List<String> broken =
        sweep.constraints().stream()
            .filter(c -> !c.holds(all.median(c.column())))
            .map(Sweep.Constraint::words)
            .toList();
    return new Finalist(point, values, broken);
  }
}
