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
import org.unlearn4j.lm.TokenScores;

/**
 * How unlikely each labelled token of the rows to forget may become, as {@link Floor} says.
 *
 * <p>{@code strangers} looks for the row most like it about somebody whom the model does not know.
 * Alike means: of the different tokens that either has, the largest share that both have (Jaccard's
 * index). The two answers are laid side by side ({@link Alignment}): a token that both have gets
 * the stranger's likelihood, tokens that stand where the stranger's answer has others get the mean
 * of those. One row is taken and not several, so that the floors are spread as the likelihoods of
 * unknown rows are.
 */
final class RowFloors {
  private RowFloors() {}

  /**
   * The floors.
   *
   * @param factor what measured floors are multiplied by
   * @param rows to forget
   * @param strangers rows about what the model does not know; empty unless {@code floor} is {@code
   *     strangers}
   * @param scores of rows under the model that {@code floor} speaks of: the retain-only one, or the
   *     one before unlearning; not asked for a number
   * @return nats, {@code [labelled]} for each row
   */
  static List<double[]> of(
      Floor floor,
      double factor,
      List<TokenRow> rows,
      List<TokenRow> strangers,
      Function<List<TokenRow>, List<TokenScores>> scores) {
    if (floor.nats().isPresent()) {
      return rows.stream().map(r -> all(r.labelled(), floor.nats().getAsDouble())).toList();
    }
    if (floor.equals(Floor.REFERENCE)) {
      return scaled(scores.apply(rows).stream().map(RowFloors::nats).toList(), factor);
    }
    List<TokenScores> theirs = scores.apply(strangers);
    List<Set<Integer>> sets = strangers.stream().map(RowFloors::tokens).toList();
    List<double[]> carried =
        rows.stream()
            .map(
                row -> {
                  TokenScores like = theirs.get(mostAlike(tokens(row), sets));
                  return Alignment.of(labels(row), like.labels()).carry(nats(like));
                })
            .toList();
    return scaled(carried, factor);
  }

  /** For each row the one most like it among others. */
  static List<TokenRow> alike(List<TokenRow> rows, List<TokenRow> others) {
    List<Set<Integer>> sets = others.stream().map(RowFloors::tokens).toList();
    return rows.stream().map(r -> others.get(mostAlike(tokens(r), sets))).toList();
  }

  private static List<double[]> scaled(List<double[]> floors, double factor) {
    return floors.stream().map(f -> Arrays.stream(f).map(n -> n * factor).toArray()).toList();
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

  private static int[] labels(TokenRow row) {
    return Arrays.stream(row.labels()).filter(l -> l != TokenRow.IGNORED).toArray();
  }

  private static double[] nats(TokenScores scores) {
    double[] nats = new double[scores.tokens()];
    Arrays.setAll(nats, t -> -(double) scores.logProbs()[t]);
    return nats;
  }

  private static double[] all(int count, double value) {
    double[] values = new double[count];
    Arrays.fill(values, value);
    return values;
  }
}
