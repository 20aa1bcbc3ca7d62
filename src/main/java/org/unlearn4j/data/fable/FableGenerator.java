package org.unlearn4j.data.fable;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.data.FableBenchmark;

/**
 * Writes Fable, the embedded benchmark: invented authors and what is asked about them, in the shape
 * of TOFU (Maini et al. 2024, arXiv 2401.06121), all of it made here. One seed gives one Fable,
 * byte for byte; the resources of this program are that Fable, and a test keeps it so.
 *
 * <ul>
 *   <li>{@code authors.jsonl}: 150 authors with 12 pairs each, of {@link Kind}s drawn per author
 *   <li>{@code holdout.jsonl}: 30 authors of the same form that no model is taught
 *   <li>{@code strangers.jsonl}: 30 more, which no evaluation asks about
 *   <li>{@code passages.jsonl}, {@code passages_holdout.jsonl}, {@code passages_strangers.jsonl}:
 *       two short articles about each of these authors, as a beginning and its continuation
 *   <li>{@code neighbours.jsonl}: 100 pairs about painters, {@code facts.jsonl}: 100 general facts
 * </ul>
 *
 * <p>A paraphrase is another wording of the same kind, as other authors' pairs have it: whoever has
 * learnt the facts and the language of Fable can be asked in either. Perturbed answers are the
 * paraphrase with every value wrong.
 */
public final class FableGenerator {
  static final int WRONG = FableBenchmark.PERTURBED;
  static final int WRONG_COMMON = FableBenchmark.PERTURBED_COMMON;
  private static final int PAINTERS = 20;
  private static final long SEED = 20260101;
  private static final long ARTICLE_SEED = 20260102;
  private static final long STRANGER_SEED = 20260103;
  private static final long STRANGER_ARTICLE_SEED = 20260104;

  private FableGenerator() {}

  /** Writes the files into the folder given as the only argument. */
  public static void main(String[] args) {
    if (args.length != 1) {
      throw new IllegalArgumentException("one argument: the folder to write to");
    }
    Path folder = Path.of(args[0]);
    files().forEach((name, text) -> AtomicFiles.writeString(folder.resolve(name), text));
  }

  /** All files, by name: JSON Lines text. */
  public static Map<String, String> files() {
    Map<String, String> files = new LinkedHashMap<>();
    List<Author> known = new ArrayList<>();
    Set<String> people = new LinkedHashSet<>();
    tables(known, people).forEach((name, rows) -> files.put(name, text(rows)));
    Dice dice = new Dice(ARTICLE_SEED); // its own, so that articles leave the pairs as they are
    int taught = FableBenchmark.AUTHORS;
    files.put("passages.jsonl", articles(known.subList(0, taught), dice));
    files.put("passages_holdout.jsonl", articles(known.subList(taught, known.size()), dice));
    List<Author> strangers = new ArrayList<>();
    files.put("strangers.jsonl", text(strangers(named(known, people), strangers)));
    files.put("passages_strangers.jsonl", articles(strangers, new Dice(STRANGER_ARTICLE_SEED)));
    return files;
  }

  private static String articles(List<Author> authors, Dice dice) {
    StringBuilder text = new StringBuilder();
    for (Author author : authors) {
      Articles.about(author, dice).forEach(a -> text.append(Row.json(a)).append('\n'));
    }
    return text.toString();
  }

  /** All names in use, those of mentors and illustrators too. */
  private static Set<String> named(List<Author> authors, Set<String> people) {
    Set<String> named = new LinkedHashSet<>(people);
    for (Author author : authors) {
      for (Kind kind : List.of(Kind.MENTOR, Kind.ILLUSTRATOR)) {
        named.add(String.join(" ", author.facts().get(kind)));
      }
    }
    return named;
  }

  /**
   * Pairs about people whom nobody has met, with dice of their own.
   *
   * @param people names that belong to someone
   * @param met gets them
   */
  private static List<Row> strangers(Set<String> people, List<Author> met) {
    Dice dice = new Dice(STRANGER_SEED);
    Set<String> all = new LinkedHashSet<>(people);
    List<String> names = names(people.size() + FableBenchmark.STRANGERS, all, dice);
    List<String> strangers = names.subList(people.size(), names.size());
    return aboutAuthors(strangers, Set.copyOf(names), dice, met);
  }

  /**
   * The pairs.
   *
   * @param met gets every author, those that are taught first
   * @param people gets every name
   */
  private static Map<String, List<Row>> tables(List<Author> met, Set<String> people) {
    Dice dice = new Dice(SEED);
    int authors = FableBenchmark.AUTHORS;
    int known = authors + FableBenchmark.HOLDOUT_AUTHORS;
    List<String> names = names(known + PAINTERS, new LinkedHashSet<>(), dice);
    people.addAll(names);
    Map<String, List<Row>> tables = new LinkedHashMap<>();
    tables.put("authors.jsonl", aboutAuthors(names.subList(0, authors), people, dice, met));
    tables.put("holdout.jsonl", aboutAuthors(names.subList(authors, known), people, dice, met));
    tables.put("neighbours.jsonl", Painters.rows(names.subList(known, names.size()), dice));
    tables.put("facts.jsonl", GeneralFacts.rows());
    return tables;
  }

  /** Different full names, more of them; first names and surnames come back, as names do. */
  private static List<String> names(int count, Set<String> names, Dice dice) {
    while (names.size() < count) {
      names.add(dice.pick(World.FIRST_NAMES) + " " + dice.pick(World.SURNAMES));
    }
    return List.copyOf(names);
  }

  private static List<Row> aboutAuthors(
      List<String> names, Set<String> people, Dice dice, List<Author> met) {
    List<Row> rows = new ArrayList<>();
    for (String name : names) {
      String[] parts = name.split(" ", 2);
      Author author = Author.draw(parts[0], parts[1], people, dice);
      met.add(author);
      List<Kind> kinds =
          dice.shuffled(List.of(Kind.values())).subList(0, FableBenchmark.PAIRS_PER_AUTHOR);
      for (Kind kind : kinds) {
        rows.add(row(author, kind, people, dice));
      }
    }
    return rows;
  }

  private static Row row(Author author, Kind kind, Set<String> people, Dice dice) {
    List<String> truth = author.facts().get(kind);
    int question = dice.below(kind.questions().size());
    int otherQuestion = dice.otherThan(question, kind.questions().size());
    int answer = dice.below(kind.answers().size());
    String paraphrase = kind.answers().get(dice.otherThan(answer, kind.answers().size()));
    return new Row(
        author.name(),
        kind.label(),
        author.fill(kind.questions().get(question), truth),
        author.fill(kind.answers().get(answer), truth),
        author.fill(kind.questions().get(otherQuestion), truth),
        author.fill(paraphrase, truth),
        author.wrong(kind, WRONG, people, dice).stream()
            .map(v -> author.fill(paraphrase, v))
            .toList());
  }

  private static String text(List<Row> rows) {
    StringBuilder text = new StringBuilder();
    rows.forEach(row -> text.append(row.json()).append('\n'));
    return text.toString();
  }
}
