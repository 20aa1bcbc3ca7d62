package org.unlearn4j.attack;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.unlearn4j.data.QaExample;
import org.unlearn4j.eval.Rouge;

/**
 * What lies around pairs that were to be forgotten: others of the same subject, and kept pairs that
 * share words with the question, rare words counting more. Nothing of it looks at the answer, which
 * whoever attacks does not know.
 */
public final class Neighbourhood {
  private static final int NEAREST = 4;
  private static final int WRONG = 3;

  private final List<QaExample> forgotten;
  private final List<QaExample> kept;
  private final Subjects subjects;
  private final List<Set<String>> keptWords;
  private final Map<String, Integer> counts = new HashMap<>();

  /**
   * A neighbourhood.
   *
   * @param forgotten with the data's other wordings and wrong answers, where it has any
   * @param aliases other names by name, as the user gives them
   */
  public Neighbourhood(
      List<QaExample> forgotten, List<QaExample> kept, Map<String, List<String>> aliases) {
    this.forgotten = List.copyOf(forgotten);
    this.kept = List.copyOf(kept);
    this.subjects = new Subjects(forgotten, aliases);
    this.keptWords = kept.stream().map(Neighbourhood::words).toList();
    keptWords.forEach(w -> w.forEach(word -> counts.merge(word, 1, Integer::sum)));
  }

  private static Set<String> words(QaExample pair) {
    return new HashSet<>(Rouge.words(pair.question()));
  }

  /**
   * The facts, in the order of the pairs.
   *
   * @param most how many
   */
  public List<Fact> facts(int most) {
    Map<String, List<Integer>> bySubject = new LinkedHashMap<>();
    List<Optional<String>> all = forgotten.stream().map(subjects::of).toList();
    for (int i = 0; i < all.size(); i++) {
      int row = i;
      all.get(i).ifPresent(s -> bySubject.computeIfAbsent(s, n -> new ArrayList<>()).add(row));
    }
    return IntStream.range(0, Math.min(most, forgotten.size()))
        .mapToObj(i -> fact(i, all.get(i), bySubject))
        .toList();
  }

  private Fact fact(int i, Optional<String> subject, Map<String, List<Integer>> bySubject) {
    QaExample pair = forgotten.get(i);
    List<QaExample> related = related(pair);
    return new Fact(
        i,
        pair.question(),
        pair.answer(),
        pair.paraphrasedQuestion(),
        pair.perturbedAnswers().isEmpty() ? Optional.empty() : pair.paraphrasedAnswer(),
        pair.perturbedAnswers().isEmpty() ? others(pair, related) : pair.perturbedAnswers(),
        subject,
        subject.map(subjects::aliases).orElse(List.of()),
        siblings(i, subject.map(bySubject::get).orElse(List.of())),
        related.stream().map(Shot::of).toList());
  }

  /** Answers of the nearest kept pairs, where the data has no wrong ones. */
  private static List<String> others(QaExample pair, List<QaExample> related) {
    return related.stream()
        .map(QaExample::answer)
        .filter(a -> !a.equals(pair.answer()))
        .distinct()
        .limit(WRONG)
        .toList();
  }

  /** The next ones in the order of the data, round and round. */
  private List<Shot> siblings(int i, List<Integer> rows) {
    int at = rows.indexOf(i);
    return IntStream.range(1, rows.size())
        .limit(NEAREST)
        .mapToObj(step -> Shot.of(forgotten.get(rows.get((at + step) % rows.size()))))
        .toList();
  }

  private List<QaExample> related(QaExample pair) {
    Set<String> asked = words(pair);
    double[] near = new double[kept.size()];
    for (int k = 0; k < near.length; k++) {
      double shared = 0;
      for (String word : asked) {
        shared += keptWords.get(k).contains(word) ? rarity(word) : 0;
      }
      near[k] = shared;
    }
    return IntStream.range(0, near.length)
        .boxed()
        .filter(k -> near[k] > 0)
        .sorted(Comparator.comparingDouble((Integer k) -> -near[k])) // stable
        .limit(NEAREST)
        .map(kept::get)
        .toList();
  }

  private double rarity(String word) {
    return Math.log((1.0 + kept.size()) / (1.0 + counts.getOrDefault(word, 0)));
  }
}
