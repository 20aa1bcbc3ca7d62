package org.unlearn4j.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.unlearn4j.base.UserException;
import org.unlearn4j.data.QaReader.Demand;

/**
 * A benchmark in a folder of JSON Lines files, one a split: {@code <split>.json} or {@code
 * <split>.jsonl}.
 *
 * <p>{@code tofu} is the data set of Maini et al. 2024 (arXiv 2401.06121) as it is published:
 * forget01, forget05, forget10, retain90 and the {@code _perturbed} files. Splits that follow from
 * others need no file: forget05 and forget01 are the last half and the last tenth of forget10;
 * retain95 and retain99 are retain90 followed by the rest of forget10.
 *
 * <p>{@code jsonl} is the same layout for one's own data, with split names of one's own ({@code
 * forget} or, in full, {@code forget.jsonl}); the evaluation files ({@code <forget
 * split>_perturbed}, {@code retain_perturbed}, {@code real_authors_perturbed}, {@code
 * world_facts_perturbed}, {@code holdout}, {@code strangers}) are read where they are. Its rows may
 * be pairs, passages and conversations, in files of any form that {@link RowReader} knows.
 */
final class FolderBenchmark implements Benchmark {
  private static final List<String> ENDINGS = List.of(".json", ".jsonl");
  private static final Demand TOFU_AUTHORS = new Demand(5, true);
  private static final Demand TOFU_WORLD = new Demand(3, false);

  private final String name;
  private final Path folder;
  private final boolean tofu;
  private final Map<String, List<QaExample>> read = new HashMap<>();
  private final Map<String, Rows> rows = new HashMap<>();
  private final Map<String, String> provenance = new LinkedHashMap<>();
  private final Set<String> absent = new TreeSet<>();

  FolderBenchmark(String name, Path folder) {
    if (!Files.isDirectory(folder)) {
      String found = Files.exists(folder) ? "a file" : "no such folder";
      throw UserException.at(folder, "", found, "the folder of benchmark " + name);
    }
    this.name = name;
    this.folder = folder;
    this.tofu = name.equals("tofu");
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Optional<Rows> rows(String split) {
    return tofu ? Optional.empty() : file(split).map(this::rows);
  }

  private Rows rows(Path path) {
    return rows.computeIfAbsent(
        path.toString(),
        key -> {
          RowReader reader = new RowReader();
          boolean folder = Files.isDirectory(path);
          for (Path file : folder ? RowFiles.in(path) : List.of(path)) {
            provenance.put(name(file), reader.read(file));
          }
          if (folder) {
            provenance.put(name(path) + "/", RowFiles.listing(path));
          }
          return new Rows(reader.rows(), reader.duplicates());
        });
  }

  @Override
  public List<QaExample> forget(String split) {
    return split(split, "forget");
  }

  @Override
  public List<QaExample> retain(String split) {
    return split(split, "retain");
  }

  @Override
  public List<QaExample> training(String split) {
    if (tofu && split.equals("full") && file(split).isEmpty()) {
      return concat(retain("retain90"), forget("forget10"));
    }
    return tofu
        ? split(split, split.startsWith("forget") ? "forget" : "retain")
        : load(required(split), Demand.NONE);
  }

  @Override
  public List<QaExample> full(String forget, String retain) {
    return tofu || file("full").isPresent()
        ? training("full")
        : concat(retain(retain), forget(forget));
  }

  @Override
  public List<QaExample> forgetEvaluation(String split) {
    return perturbed(split)
        .orElseGet(() -> tofu ? load(required(split + "_perturbed"), TOFU_AUTHORS) : forget(split));
  }

  /** TOFU's training files hold bare pairs; their paraphrases stand in the perturbed files. */
  @Override
  public List<QaExample> paraphrased(String split) {
    List<QaExample> forget = forget(split);
    if (forget.stream().allMatch(e -> e.paraphrasedAnswer().isPresent())) {
      return forget;
    }
    Map<Pair, QaExample> judged = new HashMap<>();
    perturbed(split).orElse(List.of()).forEach(e -> judged.putIfAbsent(Pair.of(e), e));
    return forget.stream().map(e -> joined(e, judged)).toList();
  }

  private static QaExample joined(QaExample bare, Map<Pair, QaExample> judged) {
    Optional<QaExample> other = Optional.ofNullable(judged.get(Pair.of(bare)));
    return bare.withParaphrase(
        bare.paraphrasedAnswer().or(() -> other.flatMap(QaExample::paraphrasedAnswer)));
  }

  /** The question alone would do until it is asked twice: TOFU has one with two answers. */
  private record Pair(String question, String answer) {
    static Pair of(QaExample example) {
      return new Pair(example.question(), example.answer());
    }
  }

  /** The evaluation file of a forget split, its own or TOFU's for forget10. */
  private Optional<List<QaExample>> perturbed(String split) {
    Optional<Path> own = file(RowFiles.withoutEnding(split) + "_perturbed");
    if (own.isPresent()) {
      return Optional.of(load(own.get(), tofu ? TOFU_AUTHORS : Demand.NONE));
    }
    Optional<TofuSplit> derived = tofu ? TofuSplit.of(split) : Optional.empty();
    return derived.isEmpty()
        ? Optional.empty()
        : file("forget10_perturbed")
            .map(path -> derived.get().ofForget10(load(path, TOFU_AUTHORS)));
  }

  @Override
  public List<QaExample> retainEvaluation(String split) {
    return tofu
        ? load(required("retain_perturbed"), TOFU_AUTHORS)
        : loadIfThere("retain_perturbed");
  }

  @Override
  public List<QaExample> neighbours() {
    return judged("real_authors_perturbed");
  }

  @Override
  public List<QaExample> facts() {
    return judged("world_facts_perturbed");
  }

  @Override
  public List<QaExample> holdout() {
    return loadIfThere("holdout");
  }

  @Override
  public List<QaExample> strangers() {
    return loadIfThere("strangers");
  }

  @Override
  public Map<String, String> provenance() {
    return Collections.unmodifiableMap(provenance);
  }

  @Override
  public Set<String> absent() {
    return Collections.unmodifiableSet(absent);
  }

  /** Within the folder; a split may be named by an absolute path. */
  private String name(Path file) {
    return file.startsWith(folder) ? folder.relativize(file).toString() : file.toString();
  }

  private List<QaExample> judged(String split) {
    return tofu ? load(required(split), TOFU_WORLD) : loadIfThere(split);
  }

  private List<QaExample> split(String split, String kind) {
    if (tofu && !split.startsWith(kind)) {
      throw new UserException(
          "data." + kind + ": found " + split + ", expected a " + kind + " split of TOFU.");
    }
    Optional<Path> file = file(split);
    if (file.isPresent()) {
      return load(file.get(), Demand.NONE);
    }
    Optional<TofuSplit> derived = tofu ? TofuSplit.of(split) : Optional.empty();
    if (derived.isEmpty()) {
      return load(required(split), Demand.NONE);
    }
    List<QaExample> ten = forget("forget10");
    List<QaExample> part = derived.get().ofForget10(ten);
    return kind.equals("retain") ? concat(load(required("retain90"), Demand.NONE), part) : part;
  }

  /**
   * A split that follows from forget10: its last share (forget), or what the last share leaves
   * (retain).
   */
  private record TofuSplit(String kind, int percent) {
    static Optional<TofuSplit> of(String split) {
      return switch (split) {
        case "forget01" -> Optional.of(new TofuSplit("forget", 10));
        case "forget05" -> Optional.of(new TofuSplit("forget", 50));
        case "retain95" -> Optional.of(new TofuSplit("retain", 50));
        case "retain99" -> Optional.of(new TofuSplit("retain", 10));
        default -> Optional.empty();
      };
    }

    List<QaExample> ofForget10(List<QaExample> ten) {
      int border = ten.size() - ten.size() * percent / 100;
      return kind.equals("forget") ? ten.subList(border, ten.size()) : ten.subList(0, border);
    }
  }

  private List<QaExample> loadIfThere(String split) {
    return file(split).map(path -> load(path, Demand.NONE)).orElse(List.of());
  }

  private List<QaExample> load(Path path, Demand demand) {
    return read.computeIfAbsent(
        path.toString(),
        key -> {
          if (!tofu) {
            return rows(path).pairs();
          }
          QaReader.Result result = QaReader.read(DataSource.file(path), demand);
          provenance.put(name(path), result.sha256());
          return result.examples();
        });
  }

  private Path required(String split) {
    return file(split)
        .orElseThrow(
            () ->
                UserException.at(
                    folder,
                    "",
                    "neither " + split + ".json nor " + split + ".jsonl",
                    "the file of split " + split));
  }

  private Optional<Path> file(String split) {
    for (String ending : tofu ? ENDINGS : RowFiles.ENDINGS) {
      String name = split.endsWith(ending) ? split : split + ending;
      Path path = folder.resolve(name);
      if (Files.isRegularFile(path)) {
        return Optional.of(path);
      }
      absent.add(name);
    }
    return Optional.of(folder.resolve(split)).filter(f -> !tofu && Files.isDirectory(f));
  }

  private static List<QaExample> concat(List<QaExample> a, List<QaExample> b) {
    List<QaExample> both = new ArrayList<>(a);
    both.addAll(b);
    return List.copyOf(both);
  }
}
