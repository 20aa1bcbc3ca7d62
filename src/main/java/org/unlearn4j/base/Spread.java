package org.unlearn4j.base;

import java.util.ArrayList;
import java.util.List;

/** A sample of a list that is spread over all of it. */
public final class Spread {
  private Spread() {}

  /** At most {@code count} elements, at equal distances, the first one among them. */
  public static <T> List<T> of(List<T> all, int count) {
    int n = Math.min(count, all.size());
    List<T> some = new ArrayList<>(n);
    for (int i = 0; i < n; i++) {
      some.add(all.get((int) ((long) i * all.size() / n)));
    }
    return List.copyOf(some);
  }
}
