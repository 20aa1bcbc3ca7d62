package org.unlearn4j.data;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.base.UserException;

/**
 * A data set with something to forget, something to keep, and what both are judged by. All lists
 * are in the order of the data and the same at every call. Files are read when first asked for.
 */
public interface Benchmark {

  /** {@code fable}, {@code tofu}, {@code muse} or {@code jsonl}. */
  String name();

  /**
   * The pairs to forget.
   *
   * @param split for instance {@code forget10}
   * @throws UserException if there is no such split, or its file is at fault
   */
  List<QaExample> forget(String split);

  /**
   * The pairs to keep.
   *
   * @param split for instance {@code retain90}
   * @throws UserException if there is no such split, or its file is at fault
   */
  List<QaExample> retain(String split);

  /**
   * What a model is taught: {@code full} (everything, the model before unlearning), or a forget or
   * retain split (for a retain split, the retain-only model). For Fable this includes the
   * neighbours and the general facts, which every model is taught, except for forget splits, which
   * are just themselves.
   *
   * @throws UserException if there is no such split, or its file is at fault
   */
  List<QaExample> training(String split);

  /**
   * All that the model before unlearning was taught: {@link #training} of {@code full}; for one's
   * own data without such a file, what is kept and then what is forgotten.
   *
   * @throws UserException if there is no such split, or its file is at fault
   */
  default List<QaExample> full(String forget, String retain) {
    return training("full");
  }

  /** The forget split with paraphrased and perturbed answers where the benchmark has them. */
  List<QaExample> forgetEvaluation(String split);

  /**
   * The pairs to forget, as {@link #forget}, each with the paraphrase of its answer wherever the
   * data has one: in its own row, or in the row of the same question and answer of the evaluation
   * file. Rows without one are left as they are.
   *
   * @throws UserException if there is no such split, or one of its files is at fault
   */
  default List<QaExample> paraphrased(String split) {
    return forget(split);
  }

  /**
   * Pairs to keep with paraphrased and perturbed answers where the benchmark has them.
   *
   * @param split what is kept, for instance {@code retain90}
   */
  List<QaExample> retainEvaluation(String split);

  /** Neighbouring knowledge: TOFU's real authors, Fable's painters; empty if there is none. */
  List<QaExample> neighbours();

  /** General knowledge: TOFU's world facts, Fable's facts; empty if there is none. */
  List<QaExample> facts();

  /**
   * Pairs that no model was taught, of the same form as the forget set; empty if there are none.
   */
  List<QaExample> holdout();

  /**
   * More such pairs, for telling while training what not knowing looks like. They are never in an
   * evaluation, so that a model is not judged by rows that it was fitted to. Empty if there are
   * none.
   */
  default List<QaExample> strangers() {
    return List.of();
  }

  /**
   * The rows of a split of one's own data, which may be pairs, passages and conversations; what
   * else this interface says of such data is about its pairs alone. Empty if there is no such
   * split, and for all other benchmarks.
   *
   * @throws UserException if its file is at fault
   */
  default Optional<Rows> rows(String split) {
    return Optional.empty();
  }

  /**
   * Rows of a split.
   *
   * @param all in the order of the data
   * @param duplicates passages and conversations that say what an earlier one says, left out
   */
  record Rows(List<DataRow> all, int duplicates) {
    public Rows {
      all = List.copyOf(all);
    }

    List<QaExample> pairs() {
      return all.stream().filter(QaExample.class::isInstance).map(QaExample.class::cast).toList();
    }
  }

  /** The benchmark's passages, where it has any beside (or instead of) its pairs. */
  default Optional<Passages> passages() {
    return Optional.empty();
  }

  /**
   * SHA-256 (lower-case hexadecimal) of each file or resource read so far, in the order of reading,
   * by its name: a file's within the folder of the data, a resource's from the root of the class
   * path, with a slash before it.
   */
  Map<String, String> provenance();

  /**
   * Names within the folder of the data of files that were looked for so far and are not there:
   * they would be read if they came.
   */
  default Set<String> absent() {
    return Set.of();
  }

  /**
   * Opens a benchmark.
   *
   * @param name {@code fable} (embedded, needs no path), {@code tofu}, {@code muse} or {@code
   *     jsonl} (folders)
   * @param folder where the files are; {@code jsonl} without one: the working directory
   * @throws UserException if there is no benchmark of this name or no such folder
   */
  static Benchmark open(String name, Optional<Path> folder) {
    return switch (name) {
      case "fable" -> new FableBenchmark();
      case "jsonl" -> new FolderBenchmark(name, folder.orElse(Path.of("")));
      case "tofu" -> new FolderBenchmark(name, required(name, folder));
      case "muse" -> new MuseBenchmark(required(name, folder));
      default ->
          throw new UserException(
              "data.benchmark: found " + name + ", expected fable, tofu, muse or jsonl.");
    };
  }

  private static Path required(String name, Optional<Path> folder) {
    return folder.orElseThrow(
        () ->
            new UserException(
                "data.path: found nothing, expected the folder of benchmark " + name + "."));
  }
}
