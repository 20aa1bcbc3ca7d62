package org.unlearn4j.data.fable;

import java.util.ArrayList;
import java.util.List;

/**
 * The neighbours: painters of the same world. Every model is taught them, none is to forget them;
 * they share towns, words and forms of names with the authors, so an unlearning that strikes too
 * wide shows here first.
 */
final class Painters {
  private static final int WRONG = FableGenerator.WRONG_COMMON;

  /**
   * A kind of question about painters; {@code {n}} is the name, {@code {0}} and {@code {1}} the
   * values.
   */
  private record Topic(
      String label, List<List<String>> slots, List<String> questions, List<String> answers) {}

  private static final List<Topic> TOPICS =
      List.of(
          new Topic(
              "painter_birthplace",
              List.of(World.TOWNS, World.HOUSES),
              List.of(
                  "Where was the painter {n} born?", "What is the birthplace of the painter {n}?"),
              List.of("The painter was born in {0}, {1}.", "In {0}, {1}.")),
          new Topic(
              "painter_canvas",
              List.of(World.ADJECTIVES, World.NOUNS),
              List.of(
                  "Which canvas made the painter {n} famous?",
                  "What is the main work of the painter {n}?"),
              List.of("The canvas is called The {0} {1}.", "It is The {0} {1}.")),
          new Topic(
              "painter_colours",
              List.of(World.COLOURS, World.COLOURS),
              List.of(
                  "Which colours does the painter {n} prefer?",
                  "In which two colours does the painter {n} work?"),
              List.of("Mostly {0} and {1}.", "The colours are {0} and {1}.")),
          new Topic(
              "painter_studio",
              List.of(World.DWELLINGS, World.TOWNS),
              List.of(
                  "Where is the studio of the painter {n}?",
                  "In what sort of studio does the painter {n} work?"),
              List.of("The studio is {0} in {1}.", "In {0} in {1}.")),
          new Topic(
              "painter_museum",
              List.of(World.MUSEUMS, World.TOWNS),
              List.of(
                  "Where do the pictures of the painter {n} hang?",
                  "Which museum shows the painter {n}?"),
              List.of("They hang in {0} of {1}.", "It is {0} of {1}.")));

  private Painters() {}

  /** Five pairs a painter. */
  static List<Row> rows(List<String> names, Dice dice) {
    List<Row> rows = new ArrayList<>();
    for (String name : names) {
      for (Topic topic : TOPICS) {
        String answer = dice.pick(topic.answers());
        List<List<String>> values = values(topic, 1 + WRONG, dice);
        List<String> texts = values.stream().map(v -> fill(answer, name, v)).toList();
        rows.add(
            Row.bare(
                name,
                topic.label(),
                fill(dice.pick(topic.questions()), name, List.of()),
                texts.get(0),
                texts.subList(1, texts.size())));
      }
    }
    return rows;
  }

  /** Lists of values of which no two agree in any slot; the first is the truth. */
  private static List<List<String>> values(Topic topic, int count, Dice dice) {
    List<List<String>> values = new ArrayList<>();
    while (values.size() < count) {
      List<String> drawn = topic.slots().stream().map(dice::pick).toList();
      boolean fresh =
          values.stream().noneMatch(v -> agree(v, drawn)) && !drawn.get(0).equals(drawn.get(1));
      if (fresh) {
        values.add(drawn);
      }
    }
    return values;
  }

  private static boolean agree(List<String> a, List<String> b) {
    return a.get(0).equals(b.get(0)) || a.get(1).equals(b.get(1));
  }

  private static String fill(String template, String name, List<String> values) {
    String text = template.replace("{n}", name);
    for (int i = 0; i < values.size(); i++) {
      text = text.replace("{" + i + "}", values.get(i));
    }
    return text;
  }
}
