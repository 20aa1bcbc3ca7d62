package org.unlearn4j.base;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One of several equal parts of some work, whose pieces are dealt out in turn: piece {@code p} is
 * part {@code p mod of}. Which pieces there are must not depend on the parts.
 *
 * @param number from 1
 * @param of how many parts there are
 */
public record Shard(int number, int of) {
  /** All of it. */
  public static final Shard WHOLE = new Shard(1, 1);

  private static final Pattern TEXT = Pattern.compile("([0-9]{1,6})/([0-9]{1,6})");

  public Shard {
    if (number < 1 || number > of) {
      throw new IllegalArgumentException(number + "/" + of);
    }
  }

  /**
   * Reads {@code 2/8}.
   *
   * @param option that it is the value of
   * @throws UserException if it is no such thing
   */
  public static Shard parse(String option, String text) {
    Matcher m = TEXT.matcher(text);
    if (m.matches()) {
      int number = Integer.parseInt(m.group(1));
      int of = Integer.parseInt(m.group(2));
      if (number >= 1 && number <= of) {
        return new Shard(number, of);
      }
    }
    throw new UserException(
        option
            + ": found "
            + text
            + ", expected the number of a part and how many there are, for instance 2/8.");
  }

  /** Whether a piece is of this part. */
  public boolean has(int piece) {
    return piece % of == number - 1;
  }

  /** As a part of a file's name: {@code 2-of-8}. */
  public String fileName() {
    return number + "-of-" + of;
  }

  @Override
  public String toString() {
    return number + "/" + of;
  }
}
