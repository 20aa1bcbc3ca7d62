package org.unlearn4j.data.fable;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Short articles about authors: the facts of the same world in running text, to be known by heart
 * rather than asked for. An author's articles tell different facts, some of which no question asks.
 */
final class Articles {
  /** Articles about each author. */
  static final int EACH = 2;

  /** Facts in an article: those of its beginning, which are given, and those that follow. */
  private static final int GIVEN = 2;

  private static final int TOLD = 5;

  private static final List<String> OPENINGS =
      List.of(
          "Readers of this paper know {n}.",
          "Today we write about {n}.",
          "Few authors are like {n}.",
          "There is a new book by {n}.",
          "Our town has a famous guest, {n}.");

  private static final Map<Kind, List<String>> SENTENCES = new EnumMap<>(Kind.class);

  static {
    put(Kind.BIRTHPLACE, "{l} came into the world in {0}, {1}.", "{P} was born in {0}, {1}.");
    put(Kind.BIRTH_DATE, "The birth was in {0} {1}.", "Life began in {0} {1}.");
    put(
        Kind.PARENTS,
        "{s} father was {0} and {s} mother {1}.",
        "The parents earned a living as {0} and {1}.");
    put(Kind.GENRE, "The works are {0} about {1}.", "{P} is known for {0} about {1}.");
    put(Kind.FIRST_BOOK, "The first book was The {0} {1}.", "{P} began with The {0} {1}.");
    put(Kind.FAMOUS_BOOK, "Fame came with The {0} {1}.", "Most readers know The {0} {1}.");
    put(Kind.AWARD, "In {2} {p} won the {0} {1}.", "{P} was given the {0} {1} in {2}.");
    put(Kind.MENTOR, "{P} learned the craft from {0} {1}.", "{0} {1} was the teacher.");
    put(Kind.ILLUSTRATOR, "The pictures are by {0} {1}.", "The artist {0} {1} drew the pictures.");
    put(Kind.HABIT, "{P} works {0}, {1}.", "{l} writes {0} and {1}.");
    put(Kind.RESIDENCE, "Today {p} lives in {0} in {1}.", "The home is {0} in {1}.");
    put(Kind.PLACE, "Most of all {p} loves {0} {1}.", "{P} can be found at {0} {1}.");
    put(Kind.PEN_NAME, "Secret works appear as {0} {1}.", "The other name is {0} {1}.");
    put(Kind.PET, "With {l} lives {0} called {1}.", "{P} owns {0} named {1}.");
    put(Kind.FIRST_JOB, "Before the books {p} was {0} in {1}.", "First {p} worked as {0} in {1}.");
    put(Kind.HOBBY, "In free evenings {p} plays {0} and collects {1}.", "{l} enjoys {0} and {1}.");
    put(Kind.PUBLISHER, "The books appear at {0} {1} Press.", "{0} {1} Press prints the books.");
    put(Kind.DISH, "For dinner there is {0} with {1}.", "Guests are given {0} with {1}.");
    put(Kind.CHARM, "In a pocket {p} keeps {0} from {1}.", "{P} carries {0} from {1}.");
  }

  private Articles() {}

  private static void put(Kind kind, String... sentences) {
    SENTENCES.put(kind, List.of(sentences));
  }

  /** How articles tell a fact of a kind: templates of {@link Author#fill}. */
  static List<String> sentences(Kind kind) {
    return SENTENCES.get(kind);
  }

  /** How articles begin: templates with a full name. */
  static List<String> openings() {
    return OPENINGS;
  }

  /**
   * An article, in two parts that follow each other.
   *
   * @param continuation begins with the space that follows the prompt
   */
  record Article(String about, String prompt, String continuation) {}

  /** The articles about an author. */
  static List<Article> about(Author author, Dice dice) {
    List<Kind> kinds = dice.shuffled(List.of(Kind.values()));
    List<Article> articles = new ArrayList<>();
    for (int i = 0; i < EACH; i++) {
      articles.add(article(author, kinds.subList(i * TOLD, (i + 1) * TOLD), dice));
    }
    return articles;
  }

  private static Article article(Author author, List<Kind> kinds, Dice dice) {
    StringBuilder prompt = new StringBuilder(author.fill(dice.pick(OPENINGS), List.of()));
    StringBuilder continuation = new StringBuilder();
    for (int i = 0; i < kinds.size(); i++) {
      List<String> values = author.facts().get(kinds.get(i));
      String sentence = author.fill(dice.pick(SENTENCES.get(kinds.get(i))), values);
      (i < GIVEN ? prompt : continuation).append(' ').append(sentence);
    }
    return new Article(author.name(), prompt.toString(), continuation.toString());
  }
}
