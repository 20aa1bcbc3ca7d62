package org.unlearn4j.tf;

import java.util.ArrayList;
import java.util.List;
import org.unlearn4j.nn.Parameter;

/** Which values go into a session or come out of it together. */
final class Portions {
  /** Bytes that one run moves, if these are not less than one part of {@link #SHARE}. */
  private static final long PORTION = 1L << 28;

  private static final int SHARE = 8;

  /** Bytes of rows that are fed at a time where a set is more than a portion. */
  private static final long ROWS = 1L << 26;

  private Portions() {}

  /** Parameters that are moved together as a whole, in their order. */
  static List<List<Parameter>> of(List<Parameter> all) {
    long most = Math.max(PORTION, (bytes(all) + SHARE - 1) / SHARE);
    List<List<Parameter>> portions = new ArrayList<>();
    long held = 0;
    for (Parameter p : all) {
      long own = Float.BYTES * p.size();
      if (portions.isEmpty() || held + own > most) {
        portions.add(new ArrayList<>());
        held = 0;
      }
      portions.get(portions.size() - 1).add(p);
      held += own;
    }
    return portions;
  }

  /** Most bytes of rows to feed at a time; {@link Long#MAX_VALUE}: they are one portion. */
  static long rows(List<Parameter> all) {
    return bytes(all) > PORTION ? ROWS : Long.MAX_VALUE;
  }

  private static long bytes(List<Parameter> all) {
    return Float.BYTES * all.stream().mapToLong(Parameter::size).sum();
  }
}
