package org.unlearn4j.config;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import org.unlearn4j.base.Sentences;
import org.unlearn4j.base.UserException;

/** Everything that is wrong with a pipeline, collected so that it is reported at once. */
final class Mistakes {

  /**
   * Where something stands.
   *
   * @param label names the file and line, or the command-line override
   * @param order sorts mistakes: lines first, overrides after them
   */
  record Place(String label, int order) {}

  private record Mistake(int order, String sentence) {}

  private final List<Mistake> all = new ArrayList<>();

  /**
   * @param key dotted path; empty for the file as a whole
   */
  void add(Place place, String key, String found, String expected) {
    boolean named = key.isEmpty() || place.label().startsWith("--set " + key + "=");
    String where = named ? place.label() : place.label() + ", " + key;
    all.add(
        new Mistake(
            place.order(),
            Sentences.found(where)
                + ": found "
                + Sentences.found(found)
                + ", expected "
                + expected
                + "."));
  }

  /**
   * @throws UserException one sentence a line, in the order of the file
   */
  void throwIfAny() {
    if (!all.isEmpty()) {
      throw new UserException(
          all.stream()
              .sorted(Comparator.comparingInt(Mistake::order))
              .map(Mistake::sentence)
              .collect(Collectors.joining("\n")));
    }
  }
}
