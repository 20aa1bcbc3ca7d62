package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.unlearn4j.eval.Metric;
import org.unlearn4j.eval.RowResult;
import org.unlearn4j.eval.SetMetric;
import org.unlearn4j.report.ReportData.Measured;
import org.unlearn4j.report.ReportData.Role;

/**
 * Single questions with each model's answer, in the order of how much unlearning changed them, so
 * that nobody picks the good ones. Without a script everything is there: a few in sight, the rest
 * folded; the script adds a filter.
 */
final class AnswerSection {
  private static final int IN_SIGHT = 4;
  private static final int IN_SIGHT_OF_OTHERS = 2;
  private static final int MOST = 400;

  /** What tells how much a row changed, the first that rows have. */
  private static final List<String> MEASURES =
      List.of(
          SetMetric.PROB.value(),
          SetMetric.ROUGE.value(),
          SetMetric.ACCURACY.value(),
          Metric.EXTRACTION_STRENGTH.key());

  private AnswerSection() {}

  static Optional<Section> section(ReportData data) {
    List<String> sets =
        data.unlearned().perRow().entrySet().stream()
            .filter(e -> e.getValue().stream().anyMatch(RowResult::generated))
            .map(Map.Entry::getKey)
            .toList();
    if (sets.isEmpty()) {
      return Optional.empty();
    }
    Section section =
        Section.of("answers", "Answers", "Question by question")
            .add(
                Html.tag("p")
                    .add("What each model says, the largest change first. ")
                    .add(Html.tag("mark", "Marked"))
                    .add(
                        " are words of the true answer that the question does not give away and"
                            + " that few other answers share."),
                filter(sets));
    sets.forEach(set -> section.add(set(data, set)));
    return Optional.of(
        section.add(
            Html.tag("p", "No question has these words.")
                .css("absent")
                .attr("id", "no-match")
                .attr("hidden", "")));
  }

  /** Shown by the script, which makes it work. */
  private static Html filter(List<String> sets) {
    Html choice =
        Html.tag("select")
            .attr("id", "answer-set")
            .attr("aria-label", "set of questions")
            .add(Html.tag("option", "all sets").attr("value", ""));
    sets.forEach(set -> choice.add(Html.tag("option", set.replace('_', ' ')).attr("value", set)));
    return Html.tag("form")
        .attr("id", "answer-filter")
        .attr("role", "search")
        .attr("hidden", "")
        .add(
            Html.tag("input")
                .attr("type", "search")
                .attr("id", "answer-words")
                .attr("aria-label", "words in questions and answers")
                .attr("placeholder", "Words in questions and answers"),
            choice,
            Html.tag("output").attr("id", "answer-count").attr("aria-live", "polite"));
  }

  private static Html set(ReportData data, String set) {
    List<Row> rows = rows(data, set);
    WordMarks marks = new WordMarks(rows.stream().map(r -> r.after.answer()).toList());
    int shown = Math.min(rows.size(), MOST);
    boolean first = set.equals("forget") || set.equals("retain");
    int inSight = Math.min(shown, first ? IN_SIGHT : IN_SIGHT_OF_OTHERS);
    Html box = Html.tag("div").css("answer-set").attr("data-set", set);
    box.add(Html.tag("h3", title(set) + " (" + rows.size() + ")"));
    Html rest =
        Html.tag("details")
            .add(Html.tag("summary", shown - inSight + " more questions, in this order"));
    for (int i = 0; i < shown; i++) {
      (i < inSight ? box : rest).add(question(data, set, rows.get(i), marks));
    }
    if (shown > inSight) {
      box.add(rest);
    }
    return rows.size() > shown
        ? box.add(
            Html.tag(
                    "p",
                    rows.size() - shown + " questions that changed less are in the files of eval/.")
                .css("note"))
        : box;
  }

  private static String title(String set) {
    return switch (set) {
      case "forget" -> "To be forgotten";
      case "retain" -> "To be kept";
      default -> {
        String words = set.replace('_', ' ');
        yield Character.toUpperCase(words.charAt(0)) + words.substring(1);
      }
    };
  }

  /**
   * A question.
   *
   * @param measure what its change is measured by; empty where it has no number
   * @param before the target's number; NaN without
   * @param now the unlearned model's
   */
  record Row(RowResult after, String measure, double before, double now) {
    /** NaN where there is no number before. */
    double change() {
      return now - before;
    }
  }

  /** Rows by size of their change, largest first; those without one last, in the file's order. */
  static List<Row> rows(ReportData data, String set) {
    Map<Integer, RowResult> target =
        byIndex(data.first(Role.TARGET).map(r -> r.rows(set)).orElse(List.of()));
    List<Row> rows = new ArrayList<>();
    for (RowResult after : data.unlearned().rows(set)) {
      String measure =
          MEASURES.stream().filter(m -> after.value(m).isPresent()).findFirst().orElse("");
      RowResult before = target.get(after.index());
      rows.add(new Row(after, measure, value(before, measure), value(after, measure)));
    }
    rows.sort((a, b) -> Double.compare(size(b), size(a))); // stable
    return rows;
  }

  private static double size(Row row) {
    return Double.isNaN(row.change()) ? -1 : Math.abs(row.change());
  }

  private static double value(RowResult row, String measure) {
    return row == null ? Double.NaN : row.value(measure).orElse(Double.NaN);
  }

  private static Map<Integer, RowResult> byIndex(List<RowResult> rows) {
    return rows.stream()
        .collect(Collectors.toMap(RowResult::index, Function.identity(), (a, b) -> a));
  }

  private static Html question(ReportData data, String set, Row row, WordMarks marks) {
    RowResult after = row.after;
    Html list = Html.tag("dl");
    answers(data, set, after.index())
        .forEach(
            said ->
                list.add(answer(said, text -> marks.mark(after.question(), after.answer(), text))));
    Html head = Html.tag("h4", after.question());
    if (!Double.isNaN(row.change())) {
      String words =
          row.measure.replace("prob", "probability").replace("rouge", "ROUGE").replace('_', ' ');
      head.add(
          Html.tag(
              "small", words + " " + Numbers.pretty(row.before) + " → " + Numbers.pretty(row.now)));
    }
    Html right =
        Html.tag("dl")
            .css("true")
            .add(Html.tag("dt", "true answer"), Html.tag("dd", after.answer()));
    return Html.tag("article").css("question").attr("data-set", set).add(head, right, list);
  }

  /** Models of one role that say the same. */
  private record Said(Role role, List<Measured> models, List<RowResult> rows) {}

  /** What each model says; deployed files that say the same as the trained weights are one. */
  private static List<Said> answers(ReportData data, String set, int index) {
    Map<String, Said> said = new LinkedHashMap<>();
    for (Measured m : data.evaluations()) {
      data.row(m, set, index)
          .filter(RowResult::generated)
          .ifPresent(
              row -> {
                Said one =
                    said.computeIfAbsent(
                        m.role() + "\n" + row.generation(),
                        k -> new Said(m.role(), new ArrayList<>(), new ArrayList<>()));
                one.models.add(m);
                one.rows.add(row);
              });
    }
    return List.copyOf(said.values());
  }

  private static Html answer(Said said, Function<String, Html> marked) {
    String generation = said.rows.get(0).generation();
    Html answer = Html.tag("dd");
    answer.add(
        generation.isBlank() ? Html.tag("em", "(nothing)") : marked.apply(generation.strip()));
    List<String> numbers = new ArrayList<>();
    numbers(said.rows, SetMetric.PROB.value()).ifPresent(v -> numbers.add("probability " + v));
    numbers(said.rows, SetMetric.ROUGE.value()).ifPresent(v -> numbers.add("ROUGE " + v));
    answer.add(Html.tag("small", String.join(", ", numbers)));
    Html name = Html.tag("dt").add(Html.tag("span", said.role.label()).css(said.role.css()));
    if (said.role == Role.UNLEARNED) {
      String runtimes =
          said.models.stream().map(Measured::runtime).collect(Collectors.joining(" = "));
      name.add(" · " + runtimes);
    }
    return Html.tag("div").add(name, answer);
  }

  /** A number of all rows, once where they agree in what is shown of it. */
  private static Optional<String> numbers(List<RowResult> rows, String name) {
    List<String> numbers =
        rows.stream()
            .map(r -> r.value(name))
            .filter(OptionalDouble::isPresent)
            .map(v -> Numbers.pretty(v.getAsDouble()))
            .distinct()
            .toList();
    return numbers.isEmpty() ? Optional.empty() : Optional.of(String.join(" / ", numbers));
  }
}
