package org.unlearn4j.data.fable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the committed data promise, read as plain JSON. */
class FableDataTest {
  private static final Path RESOURCES = Path.of("src/main/resources/org/unlearn4j/fable");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern PRONOUN = Pattern.compile("\\b(She|she|Her|her|He|he|His|his)\\b");
  private static final Pattern YEAR = Pattern.compile("\\b(19\\d\\d)\\b");

  private static List<JsonNode> rows(String file) throws IOException {
    List<JsonNode> rows = new ArrayList<>();
    for (String line : Files.readAllLines(RESOURCES.resolve(file + ".jsonl"))) {
      rows.add(JSON.readTree(line));
    }
    return rows;
  }

  private static String text(JsonNode row, String field) {
    JsonNode node = row.get(field);
    assertTrue(node != null && node.isTextual() && !node.asText().isBlank(), field + " of " + row);
    return node.asText();
  }

  private static List<String> perturbed(JsonNode row) {
    return StreamSupport.stream(row.get("perturbed_answer").spliterator(), false)
        .map(JsonNode::asText)
        .toList();
  }

  private static Map<String, List<JsonNode>> byAuthor() throws IOException {
    List<JsonNode> rows = rows("authors");
    rows.addAll(rows("holdout"));
    rows.addAll(rows("strangers"));
    return rows.stream()
        .collect(
            Collectors.groupingBy(r -> text(r, "about"), LinkedHashMap::new, Collectors.toList()));
  }

  @Test
  void committedDataAreWhatTheGeneratorWrites(@TempDir Path folder) throws IOException {
    FableGenerator.main(new String[] {folder.toString()});
    long bytes = 0;
    for (String name :
        List.of(
            "authors.jsonl",
            "holdout.jsonl",
            "neighbours.jsonl",
            "facts.jsonl",
            "passages.jsonl",
            "passages_holdout.jsonl",
            "strangers.jsonl",
            "passages_strangers.jsonl")) {
      byte[] committed = Files.readAllBytes(RESOURCES.resolve(name));
      assertEquals(
          -1,
          Files.mismatch(RESOURCES.resolve(name), folder.resolve(name)),
          name + ": first other byte");
      assertFalse(
          new String(committed, StandardCharsets.US_ASCII).contains("\uFFFD"),
          name + " is not plain ASCII");
      bytes += committed.length;
    }
    assertTrue(bytes < 3 << 20, bytes + " bytes");
  }

  @Test
  void counts() throws IOException {
    assertEquals(1800, rows("authors").size());
    assertEquals(360, rows("holdout").size());
    assertEquals(100, rows("neighbours").size());
    assertEquals(100, rows("facts").size());
    Map<String, List<JsonNode>> authors = byAuthor();
    assertEquals(210, authors.size(), "names, all different");
    for (List<JsonNode> pairs : authors.values()) {
      assertEquals(12, pairs.size());
      assertEquals(
          12,
          pairs.stream().map(p -> text(p, "kind")).distinct().count(),
          "kinds of " + pairs.get(0));
    }
    // Whole authors lie together: rows 12k to 12k + 11 are one author's.
    List<JsonNode> rows = rows("authors");
    for (int i = 0; i < rows.size(); i++) {
      assertEquals(text(rows.get(i / 12 * 12), "about"), text(rows.get(i), "about"), "row " + i);
    }
  }

  @Test
  void everyQuestionNamesItsSubjectAndIsAskedOnce() throws IOException {
    Set<String> questions = new HashSet<>();
    for (String file : List.of("authors", "holdout", "neighbours", "facts")) {
      for (JsonNode row : rows(file)) {
        String question = text(row, "question");
        assertTrue(questions.add(question), "asked twice: " + question);
        assertTrue(question.endsWith("?"), question);
        if (!file.equals("facts")) {
          assertTrue(question.contains(text(row, "about")), question);
        }
        if (row.has("paraphrased_question")) {
          String other = text(row, "paraphrased_question");
          assertTrue(questions.add(other), "asked twice: " + other);
          assertTrue(other.contains(text(row, "about")), other);
        }
      }
    }
    assertEquals(2 * 2160 + 200, questions.size());
  }

  @Test
  void wrongAnswersAreWrongAndAllDifferent() throws IOException {
    for (String file : List.of("authors", "holdout", "neighbours", "facts")) {
      boolean authors = file.equals("authors") || file.equals("holdout");
      for (JsonNode row : rows(file)) {
        Set<String> answers = new HashSet<>(perturbed(row));
        assertEquals(authors ? 5 : 3, answers.size(), row.toString());
        assertTrue(answers.add(text(row, "answer")), row.toString());
        if (authors) {
          assertTrue(answers.add(text(row, "paraphrased_answer")), row.toString());
        }
        answers.forEach(a -> assertFalse(a.matches(".*[{}|]|.*\\s\\s.*"), a));
      }
    }
  }

  /**
   * The values of a true answer, read back by its kind's templates; fails if it can be read in none
   * or two ways.
   */
  private static List<String> values(JsonNode row, String field) {
    Kind kind = Kind.valueOf(text(row, "kind").toUpperCase(Locale.ROOT));
    List<List<String>> found = new ArrayList<>();
    for (String template : kind.answers()) {
      String regex =
          template
              .replaceAll("([.?])", "\\\\$1")
              .replace("{l}", text(row, "about").split(" ", 2)[1])
              .replace("{P}", "(?:She|He)")
              .replace("{p}", "(?:she|he)")
              .replace("{s}", "(?:Her|His)");
      for (int i = 0; i < kind.slots().size(); i++) {
        regex =
            regex.replace(
                "{" + i + "}", "(?<v" + i + ">" + String.join("|", kind.slots().get(i)) + ")");
      }
      Matcher m = Pattern.compile(regex).matcher(text(row, field));
      if (m.matches()) {
        found.add(IntStream.range(0, kind.slots().size()).mapToObj(i -> m.group("v" + i)).toList());
      }
    }
    assertEquals(1, found.size(), field + " read in " + found.size() + " ways: " + row);
    return found.get(0);
  }

  @Test
  void answerAndParaphraseSayTheSame() throws IOException {
    for (List<JsonNode> pairs : byAuthor().values()) {
      for (JsonNode row : pairs) {
        assertEquals(values(row, "answer"), values(row, "paraphrased_answer"), row.toString());
      }
    }
  }

  @Test
  void factsOfAnAuthorFitTogether() throws IOException {
    Map<String, List<JsonNode>> authors = byAuthor();
    for (Map.Entry<String, List<JsonNode>> author : authors.entrySet()) {
      Map<String, List<String>> facts =
          author.getValue().stream()
              .collect(Collectors.toMap(r -> text(r, "kind"), r -> values(r, "answer")));
      String who = author.getKey();
      if (facts.containsKey("birth_date") && facts.containsKey("award")) {
        int age = year(facts.get("award").get(2)) - year(facts.get("birth_date").get(1));
        assertTrue(age >= 24 && age <= 80, who + " won at " + age);
      }
      if (facts.containsKey("first_book") && facts.containsKey("famous_book")) {
        Set<String> words = new HashSet<>(facts.get("first_book"));
        assertTrue(facts.get("famous_book").stream().noneMatch(words::contains), who + " " + facts);
      }
      if (facts.containsKey("birthplace") && facts.containsKey("residence")) {
        assertFalse(facts.get("birthplace").get(0).equals(facts.get("residence").get(1)), who);
      }
      if (facts.containsKey("parents")) {
        assertEquals(2, new HashSet<>(facts.get("parents")).size(), who);
      }
      for (String person : List.of("mentor", "illustrator")) {
        if (facts.containsKey(person)) {
          assertFalse(
              authors.containsKey(String.join(" ", facts.get(person))), who + "'s " + person);
        }
      }
      Set<String> pronouns = new HashSet<>();
      for (JsonNode row : author.getValue()) {
        Matcher m = PRONOUN.matcher(row.toString());
        while (m.find()) {
          pronouns.add(m.group().matches("[Hh]e|[Hh]is") ? "he" : "she");
        }
      }
      assertTrue(pronouns.size() <= 1, who + " is " + pronouns);
    }
  }

  /** What an article tells is what the same author's answers say, wherever both do. */
  @Test
  void articlesTellOfTheSameWorld() throws IOException {
    Map<String, List<JsonNode>> authors = byAuthor();
    Map<String, List<String>> articles = new LinkedHashMap<>();
    List<JsonNode> rows = rows("passages");
    rows.addAll(rows("passages_holdout"));
    rows.addAll(rows("passages_strangers"));
    for (JsonNode row : rows) {
      String text = text(row, "prompt") + text(row, "gt");
      assertTrue(text(row, "gt").startsWith(" "), text);
      assertTrue(text.contains(text(row, "about")), text);
      assertTrue(text(row, "prompt").endsWith(".") && text.endsWith("."), text);
      articles.computeIfAbsent(text(row, "about"), a -> new ArrayList<>()).add(text);
    }
    assertEquals(new ArrayList<>(authors.keySet()), new ArrayList<>(articles.keySet()));
    int agreed = 0;
    Pattern birth = Pattern.compile("(?:The birth was|Life began) in (\\w+ \\d{4})\\.");
    for (Map.Entry<String, List<String>> author : articles.entrySet()) {
      assertEquals(2, new HashSet<>(author.getValue()).size(), author.getKey());
      Matcher told = birth.matcher(String.join(" ", author.getValue()));
      for (JsonNode row : authors.get(author.getKey())) {
        if (text(row, "kind").equals("birth_date") && told.find(0)) {
          assertTrue(text(row, "answer").contains(told.group(1)), row + " but " + told.group(1));
          agreed++;
        }
      }
    }
    assertTrue(agreed > 30, agreed + " authors were compared");
  }

  private static int year(String text) {
    Matcher m = YEAR.matcher(text);
    assertTrue(m.matches(), text);
    return Integer.parseInt(m.group(1));
  }
}
