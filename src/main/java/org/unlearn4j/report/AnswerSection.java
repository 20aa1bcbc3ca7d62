package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.unlearn4j.eval.RowResult;
import org.unlearn4j.report.ReportData.Measured;
import org.unlearn4j.report.ReportData.Role;

/**
 * Single questions with each model's answer. Chosen by rule, so that nobody picks the good ones:
 * where unlearning moved the answer's probability most, where least, and where it did most harm.
 */
final class AnswerSection {
  private static final int EACH = 4;

  private AnswerSection() {}

  static Html render(ReportData data) {
    Html section = Html.tag("section").attr("id", "answers").add(Html.tag("h2", "Single answers"));
    List<RowResult> forget = byChange(data, "forget");
    List<RowResult> retain = byChange(data, "retain");
    if (forget.isEmpty()) {
      return section.add(Html.tag("p", "No row of a forget set was measured.").css("absent"));
    }
    int first = Math.min(EACH, (forget.size() + 1) / 2);
    part(section, data, "forget", "To be forgotten: changed most", forget.subList(0, first));
    List<RowResult> least = new ArrayList<>(forget.subList(first, forget.size()));
    least = least.subList(Math.max(0, least.size() - EACH), least.size());
    part(section, data, "forget", "To be forgotten: changed least", least);
    part(
        section,
        data,
        "retain",
        "To be kept: lost most",
        retain.subList(0, Math.min(EACH, retain.size())));
    return section;
  }

  /** Rows by how much probability the answer lost, most first; by index without a target. */
  private static List<RowResult> byChange(ReportData data, String set) {
    List<RowResult> before = data.first(Role.TARGET).map(r -> r.rows(set)).orElse(List.of());
    List<RowResult> rows = new ArrayList<>(data.unlearned().rows(set));
    rows.sort(Comparator.comparingDouble(row -> probability(row) - was(before, row)));
    return rows;
  }

  private static double was(List<RowResult> before, RowResult row) {
    return find(before, row.index()).map(AnswerSection::probability).orElse(0.0);
  }

  private static double probability(RowResult row) {
    return row.value("prob").orElse(0);
  }

  private static Optional<RowResult> find(List<RowResult> rows, int index) {
    return rows.stream().filter(r -> r.index() == index).findFirst();
  }

  private static void part(
      Html section, ReportData data, String set, String title, List<RowResult> rows) {
    if (rows.isEmpty()) {
      return;
    }
    section.add(Html.tag("h3", title));
    for (RowResult row : rows) {
      Html list =
          Html.tag("dl")
              .add(
                  Html.tag("div")
                      .css("true")
                      .add(Html.tag("dt", "true answer"), Html.tag("dd", row.answer())));
      for (Measured m : data.evaluations()) {
        find(m.result().rows(set), row.index()).ifPresent(r -> answer(list, m, r));
      }
      section.add(
          Html.tag("article").css("question").add(Html.tag("h4", row.question())).add(list));
    }
  }

  private static void answer(Html list, Measured measured, RowResult row) {
    Html answer = Html.tag("dd");
    answer.add(
        row.generation().isBlank()
            ? Html.tag("em", row.generated() ? "(nothing)" : "(not generated)")
            : Html.group().add(row.generation()));
    List<String> numbers = new ArrayList<>();
    row.value("prob").ifPresent(v -> numbers.add("probability " + Numbers.pretty(v)));
    row.value("rouge").ifPresent(v -> numbers.add("ROUGE " + Numbers.pretty(v)));
    answer.add(Html.tag("small", String.join(", ", numbers)));
    list.add(Html.tag("div").add(Html.tag("dt", measured.label()), answer));
  }
}
