package org.unlearn4j.data;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.base.UserException;
import org.unlearn4j.data.QaReader.Demand;

/**
 * Fable, the benchmark inside this program: TOFU's shape at a size that trains on two processor
 * cores. {@link org.unlearn4j.data.fable.FableGenerator} wrote its resources.
 *
 * <p>Splits are by whole authors, counted from the end as TOFU does: forget10, forget05 and
 * forget01 are the last 15, 8 and 2 of 150 authors (10, 5 and 1 percent, rounded up), retain90,
 * retain95 and retain99 all the others.
 */
public final class FableBenchmark implements Benchmark {
  public static final int AUTHORS = 150;
  public static final int PAIRS_PER_AUTHOR = 12;
  public static final int HOLDOUT_AUTHORS = 30;

  /** Perturbed answers of a pair about an author. */
  public static final int PERTURBED = 5;

  /** Perturbed answers of a pair about a neighbour or a general fact. */
  public static final int PERTURBED_COMMON = 3;

  /** Rows of {@link #retainEvaluation()}. */
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
    int authors = forgotten(split, "forget");
    return authors().subList((AUTHORS - authors) * PAIRS_PER_AUTHOR, AUTHORS * PAIRS_PER_AUTHOR);
  }

  @Override
  public List<QaExample> retain(String split) {
    int authors = forgotten(split, "retain");
    return authors().subList(0, (AUTHORS - authors) * PAIRS_PER_AUTHOR);
  }

  @Override
  public List<QaExample> training(String split) {
    if (split.startsWith("forget")) {
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
   * Rows of retain90 at equal distances, so that all its authors and all kinds of question are
   * among them.
   */
  @Override
  public List<QaExample> retainEvaluation() {
    List<QaExample> retain = retain("retain90");
    List<QaExample> rows = new ArrayList<>(RETAIN_EVALUATION);
    for (int i = 0; i < RETAIN_EVALUATION; i++) {
      rows.add(retain.get(i * retain.size() / RETAIN_EVALUATION));
    }
    return List.copyOf(rows);
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

  /** How many authors, counted from the end, belong to the forget side of a split. */
  static int forgotten(String split, String kind) {
    int authors =
        switch (split) {
          case "forget01", "retain99" -> 2;
          case "forget05", "retain95" -> 8;
          case "forget10", "retain90" -> 15;
          default -> 0;
        };
    if (authors == 0 || !split.startsWith(kind)) {
      String expected =
          kind.equals("forget")
              ? "forget01, forget05 or forget10"
              : "retain90, retain95 or retain99";
      throw new UserException(
          "data." + kind + ": found " + split + ", expected " + expected + " of benchmark fable.");
    }
    return authors;
  }
}
