package org.unlearn4j.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.base.UserException;

/**
 * MUSE (Shi et al. 2024, arXiv 2407.06460) as it is published: a folder of one corpus, News or
 * Books.
 *
 * <ul>
 *   <li>{@code raw/forget.txt}, {@code raw/retain1.txt}, ...: what is trained on, one running text
 *       or a list of texts
 *   <li>{@code verbmem/forget.json}: {@code prompt} and {@code gt}
 *   <li>{@code knowmem/forget_qa.json}, {@code retain_qa.json}: {@code question} and {@code
 *       answer}; {@code forget_qa_icl.json}, {@code retain_qa_icl.json}: those in context
 *   <li>{@code privleak/forget.json}, {@code retain.json}, {@code holdout.json}: texts
 * </ul>
 *
 * <p>A file may be a JSON array or JSON Lines, a text may stand alone or in a field {@code text}.
 * Files of what is not measured may be missing.
 */
final class MuseBenchmark implements Benchmark, Passages {
  private final MuseFiles files;

  MuseBenchmark(Path folder) {
    this.files = new MuseFiles(folder);
  }

  @Override
  public String name() {
    return "muse";
  }

  @Override
  public Optional<Passages> passages() {
    return Optional.of(this);
  }

  /** The questions about forget passages, which MUSE itself only asks. */
  @Override
  public List<QaExample> forget(String split) {
    return required(split);
  }

  @Override
  public List<QaExample> retain(String split) {
    return required(corpus(split));
  }

  @Override
  public List<QaExample> training(String split) {
    return split.equals("full")
        ? concat(required("forget"), required("retain"))
        : required(corpus(split));
  }

  @Override
  public List<QaExample> forgetEvaluation(String split) {
    return forget(split);
  }

  @Override
  public List<QaExample> retainEvaluation(String split) {
    return required("retain");
  }

  @Override
  public List<QaExample> neighbours() {
    return List.of();
  }

  @Override
  public List<QaExample> facts() {
    return List.of();
  }

  @Override
  public List<QaExample> holdout() {
    return List.of();
  }

  @Override
  public Map<String, String> provenance() {
    return Collections.unmodifiableMap(files.provenance());
  }

  @Override
  public Set<String> absent() {
    return Collections.unmodifiableSet(files.absent());
  }

  @Override
  public List<Passage> forgetPassages(String split) {
    return files.raw(split);
  }

  @Override
  public List<Passage> retainPassages(String split) {
    return files.raw(split);
  }

  @Override
  public List<Passage> trainingPassages(String split) {
    return split.equals("full")
        ? concat(files.raw("forget"), files.raw("retain1"))
        : files.raw(split);
  }

  @Override
  public List<Excerpt> verbatim(String forgetSplit) {
    return files.excerpts(forgetSplit);
  }

  @Override
  public Questions aboutForget(String forgetSplit) {
    return new Questions(files.pairs(forgetSplit + "_qa"), files.pairs(forgetSplit + "_qa_icl"));
  }

  @Override
  public Questions aboutRetain() {
    return new Questions(files.pairs("retain_qa"), files.pairs("retain_qa_icl"));
  }

  @Override
  public Membership membership(String forgetSplit) {
    return new Membership(files.texts(forgetSplit), files.texts("retain"), files.texts("holdout"));
  }

  /** Several raw splits are kept (retain1 in training, retain2 aside), one file asks about them. */
  private static String corpus(String split) {
    return split.startsWith("retain") ? "retain" : split;
  }

  private List<QaExample> required(String split) {
    List<QaExample> pairs = files.pairs(split + "_qa");
    if (pairs.isEmpty()) {
      throw new UserException(
          "data: found no knowmem/"
              + split
              + "_qa.json, expected the questions of benchmark muse.");
    }
    return pairs;
  }

  private static <T> List<T> concat(List<T> a, List<T> b) {
    List<T> both = new ArrayList<>(a);
    both.addAll(b);
    return List.copyOf(both);
  }
}
