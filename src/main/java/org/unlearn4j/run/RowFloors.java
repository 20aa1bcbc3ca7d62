package org.unlearn4j.run;

import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.unlearn4j.config.Floor;
import org.unlearn4j.lm.TokenRow;

/**
 * How unlikely each row to forget may become, as {@link Floor} says.
 *
 * <p>{@code strangers} takes for each row the likelihood of the row most like it about somebody whom
 * the model does not know. Alike means: of the different tokens that either has, the largest share
 * that both have (Jaccard's index). One row is taken and not a mean of several, so that the floors
 * are spread as the likelihoods of unknown rows are.
 */
final class RowFloors {
  private RowFloors() {}

  /**
   * The floors.
   *
   * @param rows to forget
   * @param strangers rows about what the model does not know; empty unless {@code floor} is {@code
   *     strangers}
   * @param nll summed negative log-likelihood of rows under the model that {@code floor} speaks of:
   *     the retain-only one, or the one before unlearning; not asked for a number
   * @return nats a token, one a row
   */
  static double[] of(
      Floor floor,
      List<TokenRow> rows,
      List<TokenRow> strangers,
      Function<List<TokenRow>, double[]> nll) {
    double[] floors = new double[rows.size()];
    if (floor.nats().isPresent()) {
      Arrays.fill(floors, floor.nats().getAsDouble());
    } else if (floor.equals(Floor.REFERENCE)) {
      double[] theirs = nll.apply(rows);
      Arrays.setAll(floors, i -> theirs[i] / rows.get(i).labelled());
    } else {
      double[] theirs = nll.apply(strangers);
      List<Set<Integer>> sets = strangers.stream().map(RowFloors::tokens).toList();
      for (int i = 0; i < floors.length; i++) {
        int like = mostAlike(tokens(rows.get(i)), sets);
        floors[i] = theirs[like] / strangers.get(like).labelled();
      }
    }
    return floors;
  }

  /** Index of the set that has most in common with one; of equal ones the first. */
  static int mostAlike(Set<Integer> row, List<Set<Integer>> sets) {
    double[] alike = sets.stream().mapToDouble(s -> jaccard(row, s)).toArray();
    return IntStream.range(0, alike.length)
        .boxed()
        .max(Comparator.<Integer>comparingDouble(i -> alike[i]).thenComparing(i -> -i))
        .orElseThrow();
  }

  private static double jaccard(Set<Integer> a, Set<Integer> b) {
    long both = a.stream().filter(b::contains).count();
    return both / (double) (a.size() + b.size() - both);
  }

  private static Set<Integer> tokens(TokenRow row) {
    Set<Integer> tokens = new HashSet<>();
    Arrays.stream(row.ids()).forEach(tokens::add);
    return tokens;
  }
}
