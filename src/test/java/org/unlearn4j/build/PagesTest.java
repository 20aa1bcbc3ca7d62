package org.unlearn4j.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.unlearn4j.eval.Metric;
import org.unlearn4j.eval.MetricInfo;
import org.unlearn4j.eval.MetricInfo.Direction;

/**
 * The pages: what they link to, call and name exists, and their sentences can be read in one
 * breath. What they show of command lines and pipeline files is {@link PageCommandsTest}'s.
 */
class PagesTest {
  private static final int LONGEST_SENTENCE = 45;
  private static final int LONGEST_README = 150;
  private static final Path METRICS = Path.of("docs/reference/metrics.md");

  /** How tables call metrics, some of them: a table of others has one of these as well. */
  private static final Pattern METRIC =
      Pattern.compile(
          "(?i)(forget|retain) (prob|quality|truth ratio)|extraction strength|model utility"
              + "|privleak|entanglement");

  /** Folders whose files pages name by path. */
  private static final String ROOTS =
      "(?:\\.ci|docs|src|pipeline|models|graphs|examples)/[\\w./+*-]+";

  private static final Map<Direction, String> BETTER =
      Map.of(
          Direction.HIGHER, "higher",
          Direction.LOWER, "lower",
          Direction.CLOSER_TO_REFERENCE, "closer",
          Direction.NONE, "neither");

  /** A gate, a pair of gradients, and numbers of the record of a surgery, called like metrics. */
  private static final Set<String> NO_METRICS =
      Set.of(
          "model_utility_fall", "forget_retain", "retain_features_moved", "retain_energy_written");

  private static final List<Page> PAGES = Page.all();

  @Test
  void everyLinkLeadsSomewhere() {
    List<String> dead = new ArrayList<>();
    PAGES.forEach(p -> dead.addAll(deadLinks(p)));
    assertEquals(List.of(), dead);
  }

  @Test
  void aDeadLinkIsSeen() {
    Page page =
        new Page(
            Path.of("docs/x.md"),
            """
            # A title

            [a](no.md) [b](README.md#no) [c](#a-title) [d](https://x.org) `[e](f)`
            """);
    assertEquals(List.of("docs/x.md: no.md", "docs/x.md: README.md#no"), deadLinks(page));
  }

  private static List<String> deadLinks(Page page) {
    List<String> dead = new ArrayList<>();
    for (String link : page.links()) {
      if (link.matches("[a-z]+:.*")) {
        continue;
      }
      String[] parts = link.split("#", 2);
      Path folder = page.file().getParent() == null ? Path.of("") : page.file().getParent();
      Path target = parts[0].isEmpty() ? page.file() : folder.resolve(parts[0]).normalize();
      boolean there = parts[0].isEmpty() || Files.exists(target);
      if (there && parts.length == 2) {
        Page other = parts[0].isEmpty() ? page : Page.read(target);
        there = other.anchors().contains(parts[1]);
      }
      if (!there) {
        dead.add(page.file() + ": " + link);
      }
    }
    return dead;
  }

  @Test
  void everyPageIsInTheIndex() {
    Set<Path> reached = new TreeSet<>();
    for (String link : Page.read(Path.of("docs/README.md")).links()) {
      reached.add(Path.of("docs").resolve(link.split("#", -1)[0]).normalize());
    }
    List<Path> lost =
        PAGES.stream()
            .map(Page::file)
            .filter(f -> f.startsWith("docs") && !f.equals(Path.of("docs/README.md")))
            .filter(f -> !f.startsWith(DecisionsTest.FOLDER) || f.equals(DecisionsTest.INDEX))
            .filter(f -> !reached.contains(f))
            .toList();
    assertEquals(List.of(), lost);
  }

  @Test
  void everyPageSaysFirstWhatItAnswers() {
    List<String> silent =
        PAGES.stream()
            .filter(p -> p.file().startsWith("docs") || p.file().startsWith("examples"))
            .filter(
                p ->
                    !p.opening()
                        .matches("(?s).*\\bThis (page|example|folder) (answers|shows|says).*"))
            .map(p -> p.file() + ": " + p.opening().lines().findFirst().orElse(""))
            .toList();
    assertEquals(List.of(), silent);
  }

  @Test
  void noSentenceIsLong() {
    List<String> tooLong = new ArrayList<>();
    PAGES.forEach(p -> tooLong.addAll(tooLong(p)));
    assertEquals("", String.join("\n", tooLong), tooLong.size() + " sentences");
  }

  @Test
  void aLongSentenceIsSeen() {
    String fits = "word ".repeat(LONGEST_SENTENCE - 1).strip();
    assertEquals(1, tooLong(page("Too " + fits + " long.\n")).size());
    assertEquals(0, tooLong(page("Good " + fits + ". And " + fits + ".\n")).size());
    assertEquals(0, tooLong(page("    " + fits + " " + fits + "\n")).size(), "code");
    assertEquals(0, tooLong(page("- " + fits + "\n- " + fits + "\n")).size(), "a list");
    assertEquals(1, tooLong(page("| a | " + fits + " " + fits + " |\n")).size(), "a cell");
  }

  private static Page page(String text) {
    return new Page(Path.of("docs/x.md"), "# X\n\n" + text);
  }

  private static List<String> tooLong(Page page) {
    return page.sentences().stream()
        .filter(s -> Page.words(s) > LONGEST_SENTENCE)
        .map(s -> page.file() + " (" + Page.words(s) + "): " + s)
        .toList();
  }

  @Test
  void theFrontPageIsShort() throws Exception {
    assertTrue(Files.readAllLines(Path.of("README.md")).size() < LONGEST_README);
  }

  @Test
  void everyFileAndTestThatIsNamedExists() throws Exception {
    Set<String> tests;
    try (Stream<Path> walk = Files.walk(Path.of("src"))) {
      tests =
          walk.map(f -> f.getFileName().toString())
              .filter(f -> f.endsWith(".java"))
              .map(f -> f.substring(0, f.length() - 5))
              .collect(Collectors.toSet());
    }
    List<String> missing = new ArrayList<>();
    PAGES.forEach(p -> missing.addAll(missing(p, tests)));
    assertEquals(List.of(), missing);
    Page wrong = page("`src/main/No.java`, `graphs/*.txt`, `NoSuchTest`, `PagesTest`\n");
    assertEquals(
        List.of("docs/x.md: src/main/No.java", "docs/x.md: NoSuchTest"), missing(wrong, tests));
  }

  private static List<String> missing(Page page, Set<String> classes) {
    List<String> missing = new ArrayList<>();
    for (String span : page.spans()) {
      boolean open =
          span.matches(".*([*].*|/[A-Z]+(/.*)?)"); // a pattern, or a place of the reader's
      boolean file = span.matches(ROOTS) && !open && !Files.exists(Path.of(span));
      if (file || (span.matches("[A-Z]\\w+Test") && !classes.contains(span))) {
        missing.add(page.file() + ": " + span);
      }
    }
    return missing;
  }

  /** Names of pages in messages, comments and build files. */
  @Test
  void everyPageThatTheProgramNamesExists() throws Exception {
    Map<String, String> missing = new TreeMap<>();
    Pattern named = Pattern.compile("docs/[\\w/-]+\\.(md|csv|svg)");
    for (String root : List.of("src/main", "src/test/java", "pipeline", "Makefile", "models")) {
      try (Stream<Path> walk = Files.walk(Path.of(root))) {
        for (Path file :
            walk.filter(f -> f.toString().matches(".*(\\.(java|yaml|sh|mk|md)|Makefile)"))
                .filter(f -> !f.getFileName().toString().startsWith("Page"))
                .toList()) {
          named
              .matcher(Files.readString(file))
              .results()
              .map(MatchResult::group)
              .filter(n -> !Files.exists(Path.of(n)))
              .forEach(n -> missing.put(n, file.toString()));
        }
      }
    }
    assertEquals(Map.of(), missing);
  }

  @Test
  void everyMetricIsDefinedAndEveryDefinitionIsOfAMetric() {
    Page page = Page.read(METRICS);
    List<String[]> rows =
        page.prose()
            .lines()
            .filter(l -> l.startsWith("| `"))
            .map(l -> l.split("(?<!\\\\)\\|", -1))
            .filter(cells -> cells.length == 6) // metric, formula, better, source
            .toList();
    Set<String> defined =
        rows.stream()
            .map(cells -> cells[1].split("`", -1)[1])
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> known =
        Stream.of(Metric.values()).map(Metric::key).collect(Collectors.toCollection(TreeSet::new));
    Set<String> missing = new TreeSet<>(known);
    missing.removeAll(defined);
    assertEquals(Set.of(), missing, "metrics without a definition");
    List<String> unknown = defined.stream().filter(d -> MetricInfo.of(d).isEmpty()).toList();
    assertEquals(List.of(), unknown, "definitions of no metric");
    for (String[] cells : rows) {
      String name = cells[1].split("`", -1)[1];
      assertEquals(
          BETTER.get(MetricInfo.of(name).orElseThrow().direction()), cells[3].strip(), name);
    }
  }

  @Test
  void everyMetricThatIsNamedExists() {
    List<String> unknown = new ArrayList<>();
    PAGES.forEach(p -> unknown.addAll(unknownMetrics(p)));
    assertEquals(List.of(), unknown);
    assertEquals(List.of("docs/x.md: forget_prop"), unknownMetrics(page("`forget_prop`\n")));
  }

  private static List<String> unknownMetrics(Page page) {
    return page.spans().stream()
        .filter(
            s ->
                s.matches(
                    "(forget|extraction|exact|mia|fluency|entanglement|retain|model_utility|"
                        + "verbmem|knowmem|wmdp)_[a-z0-9_]+"))
        .filter(s -> MetricInfo.of(s).isEmpty() && !NO_METRICS.contains(s))
        .map(s -> page.file() + ": " + s)
        .toList();
  }

  /** In a heading, in the first column below one without a link, or on the page of a study. */
  @Test
  void metricsInTablesLinkToTheirDefinition() {
    List<String> unlinked = new ArrayList<>();
    PAGES.forEach(p -> unlinked.addAll(unlinked(p)));
    assertEquals(List.of(), unlinked);
    String rule = "|---|---|\n";
    assertEquals(1, unlinked(page("| a | forget prob |\n" + rule + "| x | 1 |\n")).size());
    assertEquals(1, unlinked(page("| a | b |\n" + rule + "| Model utility | 1 |\n")).size());
    assertEquals(
        List.of(), unlinked(page("| [m](metrics.md) | b |\n" + rule + "| model utility | 1 |\n")));
    assertEquals(1, unlinked(page("<!-- study s: begin -->\n")).size());
  }

  private static List<String> unlinked(Page page) {
    List<String> unlinked = new ArrayList<>();
    if (page.text().contains("<!-- study ")
        && page.links().stream().noneMatch(l -> l.contains(METRICS.getFileName().toString()))) {
      unlinked.add(page.file() + ": a study without a link to " + METRICS);
    }
    String head = "";
    for (String line : page.prose().split("\n", -1)) {
      boolean heading = line.startsWith("|") && head.isEmpty();
      head = line.startsWith("|") ? heading ? line : head : "";
      String[] cells = line.split("\\|", -1);
      for (int i = 1; i < (heading ? cells.length : Math.min(2, cells.length)); i++) {
        boolean linked =
            cells[i].contains("metrics.md#")
                || head.startsWith("| [")
                || page.file().equals(METRICS);
        if (line.startsWith("|") && METRIC.matcher(cells[i]).find() && !linked) {
          unlinked.add(page.file() + ": " + cells[i].strip());
        }
      }
    }
    return unlinked;
  }
}
