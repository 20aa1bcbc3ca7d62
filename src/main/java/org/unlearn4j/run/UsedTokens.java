package org.unlearn4j.run;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.WeightSource;

/**
 * The tokens that some rows have, numbered from 0, so that a model needs no other rows of its token
 * table to read them.
 */
final class UsedTokens {
  private final int[] ids;

  private UsedTokens(int[] ids) {
    this.ids = ids;
  }

  static UsedTokens of(List<TokenRow> rows) {
    // Padding is token 0, whatever that is here: nothing looks at it, but it has to be there.
    return new UsedTokens(
        rows.stream().flatMapToInt(r -> Arrays.stream(r.ids())).distinct().sorted().toArray());
  }

  /** What is left of a token table: {@code [tokens, width]}, under its name. */
  Parameter table(Parameter whole) {
    return Parameter.matrix(whole.name(), ids.length, whole.shape().get(1));
  }

  /** The rows with these numbers for ids; they predict the tokens that they did. */
  List<TokenRow> numbered(List<TokenRow> rows) {
    return rows.stream().map(this::numbered).toList();
  }

  private TokenRow numbered(TokenRow row) {
    int[] numbers = Arrays.stream(row.ids()).map(id -> Arrays.binarySearch(ids, id)).toArray();
    return new TokenRow(numbers, row.labels());
  }

  /**
   * Values of a model with such a table.
   *
   * @param of the model with the whole one
   */
  WeightSource weights(WeightSource of, Parameter whole) {
    int width = whole.shape().get(1);
    return (p, from, to) -> {
      if (!p.name().equals(whole.name())) {
        of.read(p, from, to);
        return;
      }
      int end = to.limit();
      long at = from;
      while (to.position() < end) {
        int column = (int) (at % width);
        int n = Math.min(width - column, end - to.position());
        FloatBuffer row = to.slice(to.position(), n);
        of.read(whole, (long) ids[(int) (at / width)] * width + column, row);
        to.position(to.position() + n);
        at += n;
      }
    };
  }
}
