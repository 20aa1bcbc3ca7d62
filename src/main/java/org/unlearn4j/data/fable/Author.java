package org.unlearn4j.data.fable;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * An author: everything that is true, whether asked or not.
 *
 * @param facts the values of each kind, in the order of its slots
 */
record Author(String first, String last, boolean woman, Map<Kind, List<String>> facts) {
  /** An award comes so many years after birth. */
  private static final int YOUNGEST_WINNER = 24;

  private static final int OLDEST_WINNER = 80;

  String name() {
    return first + " " + last;
  }

  /** Draws all facts of an author; {@code people} are the names that belong to someone. */
  static Author draw(String first, String last, Set<String> people, Dice dice) {
    Map<Kind, List<String>> facts = new EnumMap<>(Kind.class);
    Author author = new Author(first, last, World.WOMEN.contains(first), facts);
    for (Kind kind : Kind.values()) {
      List<String> values;
      do {
        values = kind.slots().stream().map(dice::pick).toList();
      } while (!author.possible(kind, values, people));
      facts.put(kind, values);
    }
    return author;
  }

  /**
   * Wrong values for a kind, each list differing from the truth in every slot and from each other
   * list.
   *
   * @return {@code [count][slots]}
   */
  List<List<String>> wrong(Kind kind, int count, Set<String> people, Dice dice) {
    List<String> truth = facts.get(kind);
    List<List<String>> wrong = new ArrayList<>();
    while (wrong.size() < count) {
      List<String> values = new ArrayList<>();
      for (int i = 0; i < truth.size(); i++) {
        List<String> slot = kind.slots().get(i);
        values.add(slot.get(dice.otherThan(slot.indexOf(truth.get(i)), slot.size())));
      }
      if (!wrong.contains(values) && possible(kind, values, people)) {
        wrong.add(values);
      }
    }
    return wrong;
  }

  /** Whether values make sense beside what is already known of the author. */
  private boolean possible(Kind kind, List<String> values, Set<String> people) {
    return switch (kind) {
      case PARENTS -> !values.get(0).equals(values.get(1));
      case MENTOR, ILLUSTRATOR -> !people.contains(values.get(0) + " " + values.get(1));
      case AWARD -> {
        int age =
            Integer.parseInt(values.get(2)) - Integer.parseInt(facts.get(Kind.BIRTH_DATE).get(1));
        yield age >= YOUNGEST_WINNER && age <= OLDEST_WINNER;
      }
      case FAMOUS_BOOK -> apart(values, Kind.FIRST_BOOK);
      case RESIDENCE -> !values.get(1).equals(facts.get(Kind.BIRTHPLACE).get(0));
      case FIRST_JOB ->
          apart(values, Kind.PARENTS) && !values.get(1).equals(facts.get(Kind.BIRTHPLACE).get(0));
      default -> true;
    };
  }

  private boolean apart(List<String> values, Kind other) {
    return values.stream().noneMatch(facts.get(other)::contains);
  }

  /** Fills a template of {@link Kind}. */
  String fill(String template, List<String> values) {
    String text =
        template
            .replace("{n}", name())
            .replace("{l}", last)
            .replace("{P}", woman ? "She" : "He")
            .replace("{p}", woman ? "she" : "he")
            .replace("{s}", woman ? "Her" : "His");
    for (int i = 0; i < values.size(); i++) {
      text = text.replace("{" + i + "}", values.get(i));
    }
    return text;
  }
}
