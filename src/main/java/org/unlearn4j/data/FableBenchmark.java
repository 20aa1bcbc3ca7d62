package org.unlearn4j.data;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.base.Spread;
import org.unlearn4j.base.UserException;
import org.unlearn4j.data.QaReader.Demand;

/**
 * Fable, the benchmark inside this program: TOFU's shape at a size that trains on two processor
 * cores. {@link org.unlearn4j.data.fable.FableGenerator} wrote its resources.
 *
 * <p>Splits are by whole authors, counted from the end as TOFU does: forget10, forget05 and
 * forget01 are the last 15, 8 and 2 of 150 authors (10, 5 and 1 percent, rounded up), retain90,
 * retain95 and retain99 all the others. tune10 is for choosing settings: the 15 authors before
 * forget10, so that settings are not chosen on the rows whose forgetting is reported; tune90 is all
 * but those.
 */
public final class FableBenchmark implements Benchmark {
  public static final int AUTHORS = 150;
  public static final int PAIRS_PER_AUTHOR = 12;
  public static final int HOLDOUT_AUTHORS = 30;
  public static final int STRANGERS = 30;

  /** Perturbed answers of a pair about an author. */
  public static final int PERTURBED = 5;

  /** Perturbed answers of a pair about a neighbour or a general fact. */
  public static final int PERTURBED_COMMON = 3;

  /** Rows of {@link #retainEvaluation(String)}. */
  public static final int RETAIN_EVALUATION = 240;

  private static final Demand OF_AUTHORS = new Demand(PERTURBED, true);
  private static final Demand OF_COMMON = new Demand(PERTURBED_COMMON, false);

  /** Articles about each author. */
  public static final int PASSAGES_PER_AUTHOR = 2;

  private final Map<String, List<QaExample>> read = new HashMap<>();
  private final Map<String, String> provenance = new LinkedHashMap<>();

  @Override
  public String name() {
    return "fable";
  }

  @Override
  public List<QaExample> forget(String split) {
    return Split.named("forget", split).of(authors());
  }

  @Override
  public List<QaExample> retain(String split) {
    return Split.named("retain", split).without(authors());
  }

  @Override
  public List<QaExample> training(String split) {
    if (Split.isForget(split)) {
      return forget(split);
    }
    List<QaExample> all = new ArrayList<>(split.equals("full") ? authors() : retain(split));
    all.addAll(neighbours());
    all.addAll(facts());
    return List.copyOf(all);
  }

  @Override
  public List<QaExample> forgetEvaluation(String split) {
    return forget(split);
  }

  /**
   * Rows at equal distances, so that all authors and all kinds of question are among them: of
   * tune90 if that is what is kept, else of retain90.
   */
  @Override
  public List<QaExample> retainEvaluation(String split) {
    return Spread.of(retain(split.equals("tune90") ? split : "retain90"), RETAIN_EVALUATION);
  }

  @Override
  public List<QaExample> neighbours() {
    return load("neighbours", OF_COMMON);
  }

  @Override
  public List<QaExample> facts() {
    return load("facts", OF_COMMON);
  }

  @Override
  public List<QaExample> holdout() {
    return load("holdout", OF_AUTHORS);
  }

  @Override
  public List<QaExample> strangers() {
    return load("strangers", OF_AUTHORS);
  }

  @Override
  public Optional<Passages> passages() {
    return Optional.of(new FablePassages(this, provenance));
  }

  @Override
  public Map<String, String> provenance() {
    return Collections.unmodifiableMap(provenance);
  }

  private List<QaExample> authors() {
    return load("authors", OF_AUTHORS);
  }

  private List<QaExample> load(String file, Demand demand) {
    return read.computeIfAbsent(
        "/org/unlearn4j/fable/" + file + ".jsonl",
        path -> {
          QaReader.Result result =
              QaReader.read(DataSource.resource(FableBenchmark.class, path), demand);
          provenance.put(path, result.sha256());
          return result.examples();
        });
  }

  /**
   * What a split forgets.
   *
   * @param from its first author, from 0
   * @param to the author after its last one
   */
  record Split(int from, int to) {

    static boolean isForget(String split) {
      return split.startsWith("forget") || split.equals("tune10");
    }

    /**
     * The split of a name.
     *
     * @param side {@code forget} or {@code retain}, which both name the same authors
     * @throws UserException if the benchmark has no such split
     */
    static Split named(String side, String name) {
      Map<String, Split> known =
          side.equals("forget")
              ? Map.of(
                  "forget01", last(2), "forget05", last(8), "forget10", last(15), "tune10", TUNE)
              : Map.of(
                  "retain99", last(2), "retain95", last(8), "retain90", last(15), "tune90", TUNE);
      return Optional.ofNullable(known.get(name))
          .orElseThrow(
              () ->
                  new UserException(
                      "data."
                          + side
                          + ": found "
                          + name
                          + ", expected "
                          + (side.equals("forget")
                              ? "forget01, forget05, forget10 or tune10"
                              : "retain90, retain95, retain99 or tune90")
                          + " of benchmark fable."));
    }

    private static final Split TUNE = new Split(AUTHORS - 30, AUTHORS - 15);

    private static Split last(int authors) {
      return new Split(AUTHORS - authors, AUTHORS);
    }

    /** Its share of a list that has equally many elements for each author. */
    <T> List<T> of(List<T> all) {
      int each = all.size() / AUTHORS;
      return all.subList(from * each, to * each);
    }

    /** What it leaves of such a list, in the order of the list. */
    <T> List<T> without(List<T> all) {
      int each = all.size() / AUTHORS;
      List<T> rest = new ArrayList<>(all.subList(0, from * each));
      rest.addAll(all.subList(to * each, all.size()));
      return List.copyOf(rest);
    }
  }
}
