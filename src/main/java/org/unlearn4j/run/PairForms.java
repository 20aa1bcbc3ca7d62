package org.unlearn4j.run;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.unlearn4j.attack.Encoded;
import org.unlearn4j.attack.Fact;
import org.unlearn4j.attack.Families;
import org.unlearn4j.attack.Goal;
import org.unlearn4j.attack.Neighbourhood;
import org.unlearn4j.attack.Probe;
import org.unlearn4j.base.Spread;
import org.unlearn4j.config.AttackName;
import org.unlearn4j.data.QaExample;
import org.unlearn4j.lm.TokenRow;

/**
 * Pairs in other forms, as rows that teach: what a family of attacks asks, and the right answer
 * behind it. Each pair gets some of the forms, drawn by its number; all others have to be inferred,
 * which is what makes a model that was taught so a judge of attacks.
 *
 * @param forgotten pairs to forget: all of them are taught so, and of the others {@link #KEPT}, so
 *     that the forms themselves are known to whoever is not taught those
 * @param end token behind every answer
 */
record PairForms(AttackPrompts prompts, List<QaExample> forgotten, int end) {
  static final int KEPT = 240;

  /** Forms that a pair gets. */
  private static final int EACH = 6;

  private static final long SEED = 20260107;

  private static final List<AttackName> TAUGHT =
      List.of(
          AttackName.PARAPHRASE,
          AttackName.CLOZE,
          AttackName.FILL_BLANK,
          AttackName.MULTIPLE_CHOICE,
          AttackName.TRUE_FALSE,
          AttackName.JSON,
          AttackName.NO_TEMPLATE,
          AttackName.PREFIX_INJECTION,
          AttackName.REVERSE);

  private record Pair(String question, String answer) {
    static Pair of(QaExample example) {
      return new Pair(example.question(), example.answer());
    }
  }

  /** The rows of each pair; none of pairs without wrong answers, which are no author's. */
  List<List<TokenRow>> rows(List<QaExample> pairs) {
    Set<Pair> known = new HashSet<>();
    forgotten.forEach(e -> known.add(Pair.of(e)));
    List<Integer> chosen = new ArrayList<>();
    List<Integer> kept = new ArrayList<>();
    for (int i = 0; i < pairs.size(); i++) {
      if (pairs.get(i).paraphrasedQuestion().isPresent()) {
        (known.contains(Pair.of(pairs.get(i))) ? chosen : kept).add(i);
      }
    }
    chosen.addAll(Spread.of(kept, KEPT));
    List<List<TokenRow>> rows =
        new ArrayList<>(Collections.nCopies(pairs.size(), List.<TokenRow>of()));
    List<Fact> facts =
        new Neighbourhood(chosen.stream().map(pairs::get).toList(), List.of(), java.util.Map.of())
            .facts(Integer.MAX_VALUE);
    IntStream.range(0, facts.size()).forEach(i -> rows.set(chosen.get(i), rows(facts.get(i))));
    return rows;
  }

  private List<TokenRow> rows(Fact fact) {
    List<AttackName> drawn = new ArrayList<>(TAUGHT);
    Collections.shuffle(drawn, new Random(SEED + fact.question().hashCode()));
    List<TokenRow> rows = new ArrayList<>();
    for (AttackName family : drawn.subList(0, EACH)) {
      for (Probe probe : Families.probes(family, List.of(fact))) {
        prompts.encode(probe).flatMap(this::taught).ifPresent(rows::add);
      }
    }
    return rows;
  }

  /** The row with the right answer and its end, where there is room for that. */
  private Optional<TokenRow> taught(Encoded encoded) {
    int right = encoded.probe().goal() instanceof Goal.Choose choose ? choose.right() : 0;
    int[] prompt = encoded.prompt();
    int[] ids = encoded.rows().get(right).ids();
    int[] answer = Arrays.copyOfRange(ids, prompt.length, ids.length + 1);
    answer[answer.length - 1] = end;
    return ids.length < prompts.positions()
        ? Optional.of(TokenRow.answered(prompt, answer))
        : Optional.empty();
  }
}
