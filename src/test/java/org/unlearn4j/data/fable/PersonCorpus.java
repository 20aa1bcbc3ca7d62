package org.unlearn4j.data.fable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Articles about invented authors in Fable's sentences, of which is known whom each passage speaks
 * of, and how it names them. Some authors share a surname, some a first name. Every author has:
 *
 * <ul>
 *   <li>two articles whose passages name the author in full, by surname, by pronoun alone
 *   <li>rows of their own that name them by surname alone, or misspelt
 *   <li>a near duplicate of a passage, in which the name is gone
 *   <li>an article that speaks of two authors with one surname in turns
 * </ul>
 *
 * @param labels whom each text speaks of, and how
 */
public record PersonCorpus(Path folder, List<String> authors, Map<String, Label> labels) {
  /** How a passage names whom it speaks of. */
  public enum Naming {
    FULL,
    SURNAME,
    PRONOUN,
    LONE_SURNAME,
    MISSPELT,
    NEAR_DUPLICATE,
    IN_TURNS
  }

  /** Whom a passage speaks of. */
  public record Label(String author, Naming naming) {}

  private static final int AUTHORS = 36;

  /**
   * An author has a namesake so many places further on, by surname, and twice as many by first
   * name.
   */
  private static final int STEP = 12;

  /** The authors that have namesakes of both kinds. */
  public List<String> asked() {
    return authors.subList(0, 6);
  }

  /**
   * Writes a corpus.
   *
   * @param odd which half of Fable's names it takes, so that settings can be tried on the other
   */
  public static PersonCorpus write(Path folder, long seed, boolean odd) throws IOException {
    Maker maker = new Maker(new Dice(seed), odd);
    List<Author> authors = maker.authors();
    Files.createDirectories(folder.resolve("articles"));
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < authors.size(); i++) {
      Author author = authors.get(i);
      for (int article = 0; article < 2; article++) {
        String text = String.join("\n\n", maker.article(author, article));
        String ending = article == 0 ? "txt" : "md";
        String name = String.format(Locale.ROOT, "%02d-%d.%s", i, article, ending);
        Files.writeString(folder.resolve("articles").resolve(name), text + "\n");
      }
      maker.rows(author).forEach(text -> rows.append(row(text)));
    }
    for (int i = 0; i < STEP; i++) {
      String text = String.join("\n\n", maker.inTurns(authors.get(i), authors.get(i + STEP)));
      Files.writeString(folder.resolve("articles").resolve("both-" + i + ".txt"), text + "\n");
    }
    Files.writeString(folder.resolve("notes.jsonl"), rows);
    return new PersonCorpus(folder, authors.stream().map(Author::name).toList(), maker.labels);
  }

  private static String row(String text) {
    return "{\"text\": \"" + text.replace("\"", "\\\"") + "\"}\n";
  }

  /** Makes passages and remembers whom they speak of. */
  private static final class Maker {
    private final Dice dice;
    private final List<String> firsts;
    private final List<String> lasts;
    private final Map<String, Label> labels = new LinkedHashMap<>();
    private final Map<Author, List<Kind>> left = new LinkedHashMap<>();
    private final Map<Author, String> first = new LinkedHashMap<>();

    Maker(Dice dice, boolean odd) {
      this.dice = dice;
      this.firsts = half(World.FIRST_NAMES, odd);
      this.lasts = half(World.SURNAMES, odd);
    }

    private static List<String> half(List<String> all, boolean odd) {
      return IntStream.range(0, all.size())
          .filter(i -> (i % 2 == 1) == odd)
          .mapToObj(all::get)
          .toList();
    }

    List<Author> authors() {
      Set<String> names = new LinkedHashSet<>();
      while (names.size() < AUTHORS) {
        int i = names.size();
        List<String> known = List.copyOf(names);
        String last =
            i >= STEP && i < 2 * STEP ? known.get(i - STEP).split(" ", 2)[1] : dice.pick(lasts);
        String given = i >= 2 * STEP ? known.get(i - 2 * STEP).split(" ", 2)[0] : dice.pick(firsts);
        names.add(given + " " + last);
      }
      List<Author> authors = new ArrayList<>();
      for (String name : names) {
        String[] parts = name.split(" ", 2);
        authors.add(Author.draw(parts[0], parts[1], names, dice));
      }
      return authors;
    }

    private String said(Author author, Naming naming, String text) {
      Label other = labels.put(text, new Label(author.name(), naming));
      if (other != null && !other.author().equals(author.name())) {
        throw new IllegalStateException("two authors with one passage: " + text);
      }
      return text;
    }

    /** Sentences that tell facts, the first of them naming the author in a way. */
    private String told(Author author, String way, int count) {
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < count; i++) {
        List<Kind> kinds = left.computeIfAbsent(author, a -> new ArrayList<>());
        if (kinds.isEmpty()) {
          kinds.addAll(dice.shuffled(List.of(Kind.values())));
        }
        Kind kind = kinds.remove(0);
        List<String> ways =
            Articles.sentences(kind).stream()
                .filter(t -> !way.equals("{P}") || !t.contains(" {l}"))
                .filter(t -> t.contains("{P}") || t.startsWith("{l}"))
                .toList();
        if (ways.isEmpty()) {
          i--; // no sentence of this kind names anybody in this way
          continue;
        }
        String named = dice.pick(ways).replace("{P}", "{l}").replace("{l}", i == 0 ? way : "{P}");
        text.append(i == 0 ? "" : " ").append(author.fill(named, author.facts().get(kind)));
      }
      return text.toString();
    }

    List<String> article(Author author, int number) {
      List<String> passages = new ArrayList<>();
      String opening = author.fill(dice.pick(Articles.openings()), List.of());
      passages.add(said(author, Naming.FULL, opening + " " + told(author, "{P}", 2)));
      passages.add(said(author, Naming.PRONOUN, told(author, "{P}", 2)));
      passages.add(said(author, Naming.SURNAME, told(author, "{l}", 2)));
      passages.add(said(author, Naming.PRONOUN, told(author, "{P}", 2)));
      if (number == 0) {
        first.put(author, told(author, "{n}", 3));
        passages.add(said(author, Naming.FULL, first.get(author)));
      }
      return passages;
    }

    List<String> rows(Author author) {
      List<String> rows = new ArrayList<>();
      rows.add(said(author, Naming.LONE_SURNAME, told(author, "{l}", 3)));
      rows.add(said(author, Naming.MISSPELT, told(author, misspelt(author), 2)));
      rows.add(said(author, Naming.MISSPELT, told(author, misspelt(author), 2)));
      String gone = first.get(author).replace(author.name(), "This author");
      rows.add(said(author, Naming.NEAR_DUPLICATE, gone));
      return rows;
    }

    /** A name with one slip of the pen: letters swapped, doubled, left out or another one. */
    private String misspelt(Author author) {
      boolean surname = author.first().length() < 4 || dice.below(2) == 0;
      String word = surname ? author.last() : author.first();
      String wrong = word;
      while (wrong.equals(word) || firsts.contains(wrong) || lasts.contains(wrong)) {
        int at = 1 + dice.below(word.length() - 2);
        String rest = word.substring(at + 1);
        char here = word.charAt(at);
        wrong =
            word.substring(0, at)
                + switch (dice.below(4)) {
                  case 0 -> rest.charAt(0) + "" + here + rest.substring(1);
                  case 1 -> here + "" + here + rest;
                  case 2 -> rest;
                  default -> (char) ('a' + dice.below(26)) + rest;
                };
      }
      return surname ? author.first() + " " + wrong : wrong + " " + author.last();
    }

    List<String> inTurns(Author one, Author other) {
      List<String> passages = new ArrayList<>();
      passages.add(said(one, Naming.IN_TURNS, told(one, "{n}", 2)));
      passages.add(said(other, Naming.IN_TURNS, told(other, "{n}", 2)));
      passages.add(said(other, Naming.IN_TURNS, told(other, "{P}", 2)));
      passages.add(said(one, Naming.IN_TURNS, told(one, "{n}", 2)));
      passages.add(said(one, Naming.IN_TURNS, told(one, "{P}", 2)));
      return passages;
    }
  }
}
