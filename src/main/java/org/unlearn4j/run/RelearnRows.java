package org.unlearn4j.run;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.RelearnSettings;
import org.unlearn4j.eval.EvalItem;
import org.unlearn4j.eval.EvalSet;
import org.unlearn4j.eval.Suite;
import org.unlearn4j.lm.TokenRow;

/**
 * What relearning teaches.
 *
 * @param arms rows by what they are; {@code retain} are kept rows drawn at random
 * @param shares forget rows by their share of all of them; a smaller share is a part of a larger
 * @param forget all that was forgotten
 * @param taught of it in the arm {@code forget}
 */
record RelearnRows(
    Map<String, List<TokenRow>> arms,
    Map<Double, List<Lesson>> shares,
    List<Lesson> forget,
    List<Lesson> taught) {

  /**
   * Draws them.
   *
   * @throws UserException if the data has no rows of a kind that is asked for
   */
  static RelearnRows of(RelearnSettings settings, TaskData data) {
    long seed = settings.loop().seed();
    List<Lesson> forget = data.forgetLessons();
    List<Lesson> taught = drawn(forget, count(settings.share(), forget), seed);
    List<Lesson> retain = data.retainLessons();
    Map<String, List<TokenRow>> arms = new LinkedHashMap<>();
    if (settings.teach().contains(RelearnSettings.Teach.FORGET)) {
      arms.put(RelearnSettings.Teach.FORGET.spelling(), rows(taught));
    }
    arms.put("retain", rows(drawn(retain, taught.size(), seed)));
    if (settings.teach().contains(RelearnSettings.Teach.RELATED)) {
      arms.put(
          RelearnSettings.Teach.RELATED.spelling(), rows(nearest(retain, forget, taught.size())));
    }
    if (settings.teach().contains(RelearnSettings.Teach.UNRELATED)) {
      List<Lesson> facts = facts(data);
      arms.put(RelearnSettings.Teach.UNRELATED.spelling(), rows(drawn(facts, taught.size(), seed)));
    }
    Map<Double, List<Lesson>> shares = new LinkedHashMap<>();
    settings.shares().forEach(s -> shares.put(s, drawn(forget, count(s, forget), seed)));
    return new RelearnRows(arms, shares, forget, taught);
  }

  private static int count(double share, List<Lesson> lessons) {
    return (int) Math.max(1, Math.round(share * lessons.size()));
  }

  private static List<Lesson> facts(TaskData data) {
    if (data.benchmark().facts().isEmpty()) {
      throw new UserException(
          "relearn.teach: found unrelated for data without general facts, expected forget or"
              + " related (the facts of one's own data are world_facts_perturbed.jsonl).");
    }
    return data.encoded("facts", data.benchmark().facts()).stream()
        .map(row -> new Lesson(List.of(row), Optional.empty()))
        .toList();
  }

  /** Some of the lessons, drawn without putting back, in their order. */
  private static List<Lesson> drawn(List<Lesson> all, int count, long seed) {
    List<Integer> order = new ArrayList<>(IntStream.range(0, all.size()).boxed().toList());
    Collections.shuffle(order, new Random(seed));
    return order.stream().limit(count).sorted().map(all::get).toList();
  }

  static List<TokenRow> rows(List<Lesson> lessons) {
    return lessons.stream().flatMap(l -> l.rows().stream()).toList();
  }

  /**
   * The lessons nearest to some other, in their order: those that share the most of their tokens
   * with it, a token that few lessons have counting more. Long ones are not nearer for being long.
   */
  static List<Lesson> nearest(List<Lesson> kept, List<Lesson> to, int count) {
    List<Set<Integer>> own = kept.stream().map(RelearnRows::tokens).toList();
    List<Set<Integer>> others = to.stream().map(RelearnRows::tokens).toList();
    Map<Integer, Integer> having = new HashMap<>();
    own.forEach(t -> t.forEach(id -> having.merge(id, 1, Integer::sum)));
    double[] ownWeights = weights(own, having, kept.size());
    double[] otherWeights = weights(others, having, kept.size());
    double[] near = new double[own.size()];
    for (int k = 0; k < near.length; k++) {
      for (int o = 0; o < otherWeights.length; o++) {
        double shared = 0;
        for (int id : own.get(k)) {
          shared += others.get(o).contains(id) ? rarity(id, having, kept.size()) : 0;
        }
        double lengths = ownWeights[k] * otherWeights[o];
        near[k] = Math.max(near[k], lengths > 0 ? shared / Math.sqrt(lengths) : 0);
      }
    }
    return IntStream.range(0, near.length)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer k) -> -near[k])) // stable
        .limit(count)
        .sorted()
        .map(kept::get)
        .toList();
  }

  private static Set<Integer> tokens(Lesson lesson) {
    Set<Integer> tokens = new HashSet<>();
    for (TokenRow row : lesson.rows()) {
      for (int id : row.ids()) {
        tokens.add(id);
      }
    }
    return tokens;
  }

  private static double[] weights(
      List<Set<Integer>> all, Map<Integer, Integer> having, int lessons) {
    return all.stream()
        .mapToDouble(t -> t.stream().mapToDouble(id -> rarity(id, having, lessons)).sum())
        .toArray();
  }

  /** 0 for a token that all have. */
  private static double rarity(int id, Map<Integer, Integer> having, int lessons) {
    return Math.log((1.0 + lessons) / (1.0 + having.getOrDefault(id, 0)));
  }

  /** Rows of the forget set that are not among some lessons. */
  List<TokenRow> others(List<Lesson> lessons) {
    Set<Lesson> known = new HashSet<>(lessons);
    return rows(forget.stream().filter(l -> !known.contains(l)).toList());
  }

  /**
   * The rows of each set that were not taught. A row is known by its tokens, or as a text by the
   * passage that it is a part of; a set with rows of which neither is known, such as questions
   * about passages, is left out, and so is one of which everything was taught.
   */
  Map<String, Set<Integer>> untaught(Suite suite) {
    Map<String, Set<Integer>> untaught = new HashMap<>();
    for (EvalSet set : suite.sets()) {
      if (set.role() != EvalSet.Role.FORGET || !set.items().stream().allMatch(i -> in(forget, i))) {
        continue;
      }
      Set<Integer> others = new HashSet<>();
      set.items().stream().filter(i -> !in(taught, i)).forEach(i -> others.add(i.index()));
      if (!others.isEmpty()) {
        untaught.put(set.name(), others);
      }
    }
    return untaught;
  }

  private static boolean in(List<Lesson> lessons, EvalItem item) {
    return lessons.stream()
        .anyMatch(
            l ->
                l.passage().isPresent()
                    ? !item.answer().isBlank() && l.passage().get().contains(item.answer())
                    : l.rows().contains(item.answerRow()));
  }
}
