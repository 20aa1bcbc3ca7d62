package org.unlearn4j.requests;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.MembershipAttack;
import org.unlearn4j.eval.Metric;
import org.unlearn4j.ledger.History;
import org.unlearn4j.report.LinePlot;
import org.unlearn4j.requests.StrategyStudy.Row;
import org.unlearn4j.study.MarkedText;

/**
 * The table of a {@link StrategyStudy} as files beside each other: the page for people, CSV with
 * every measurement and JSON with every mean for programs, and the picture.
 */
public final class StrategyTable {
  private static final String NAME = "requests";

  /** A column: its name in JSON, its head on the page, its numbers' form. */
  private record Column(
      String key, String head, String form, ToDoubleFunction<StrategyOutcome> of) {}

  private static final List<Column> COLUMNS =
      List.of(
          new Column("own", "after own run", "%.4f", StrategyOutcome::own),
          new Column("end", "at the end", "%.4f", StrategyOutcome::end),
          new Column("rise", "largest rise ↓", "%+.4f", StrategyOutcome::rise),
          new Column(
              Metric.EXTRACTION_STRENGTH.key(), "extraction", "%.3f", StrategyOutcome::extraction),
          new Column("utility_share", "utility share ↑", "%.4f", StrategyOutcome::utility),
          new Column(
              MembershipAttack.LOSS.auc(), "MIA loss AUC →", "%.3f", StrategyOutcome::membership),
          new Column(Metric.PRIVLEAK.key(), "PrivLeak → 0", "%.1f", StrategyOutcome::privLeak),
          new Column("seconds", "seconds", "%.0f", StrategyOutcome::seconds));

  private final StrategyStudy study;
  private final Path page;
  private final MarkedText text;

  /**
   * Files to write.
   *
   * @param page what is in it outside the markers stays
   */
  public StrategyTable(StrategyStudy study, Path page) {
    this.study = study;
    this.page = page;
    this.text = MarkedText.open(page, NAME);
  }

  /** Makes what is missing of the study, and writes the files. */
  public void write(Path out, PrintStream log) {
    List<StrategyOutcome> outcomes = study.run(out, log);
    Map<Row, List<StrategyOutcome>> rows = StrategyStudy.byRow(outcomes);
    AtomicFiles.writeString(beside(".csv"), csv(outcomes));
    AtomicFiles.writeString(beside(".json"), json(rows));
    AtomicFiles.writeString(beside(".svg"), plot(rows));
    AtomicFiles.writeString(page, text.with(markdown(rows)));
  }

  private Path beside(String ending) {
    return page.resolveSibling(
        String.valueOf(page.getFileName()).replaceFirst("\\.[^.]*$", "") + ending);
  }

  private static String csv(List<StrategyOutcome> outcomes) {
    StringBuilder out =
        new StringBuilder(
            "strategy,seed,after_request,request,forget_prob,utility_share,seconds\n");
    for (StrategyOutcome o : outcomes) {
      for (int step = 0; step < o.steps(); step++) {
        History.Step s = o.history().steps().get(step);
        for (int request = 0; request < o.requests(); request++) {
          if (step < o.step(request)) {
            continue;
          }
          out.append(o.row().name()).append(',').append(o.seed()).append(',').append(step + 1);
          out.append(',').append(request + 1).append(',').append(o.probability(step, request));
          out.append(',').append(s.what().utility().share());
          out.append(',').append(s.what().seconds()).append('\n');
        }
      }
    }
    return out.toString();
  }

  private String json(Map<Row, List<StrategyOutcome>> rows) {
    ObjectNode root = new ObjectMapper().createObjectNode();
    root.put("study", NAME).put("file", study.file().toString());
    study.seeds().forEach(root.putArray("seeds")::add);
    ObjectNode all = root.putObject("strategies");
    rows.forEach(
        (row, outcomes) -> {
          ObjectNode node = all.putObject(row.name()).put("strategy", row.strategy().spelling());
          row.sets().forEach(node.putArray("set")::add);
          ArrayNode table = node.putArray(History.HELD_BY);
          for (int step = 0; step < outcomes.get(0).steps(); step++) {
            ArrayNode line = table.addArray();
            for (int request = 0; request < outcomes.get(0).requests(); request++) {
              if (step < outcomes.get(0).step(request)) {
                continue;
              }
              int s = step;
              int r = request;
              line.add(mean(outcomes, o -> o.probability(s, r)));
            }
          }
          node.put("rows", row.data().kind().spelling());
          node.put("requests", row.data().requests()).put("at_once", row.data().atOnce());
          for (Column column : COLUMNS) {
            node.putObject(column.key)
                .put("mean", mean(outcomes, column.of))
                .put("spread", spread(outcomes, column.of));
          }
        });
    return root.toPrettyString() + "\n";
  }

  private static double mean(List<StrategyOutcome> outcomes, ToDoubleFunction<StrategyOutcome> of) {
    return outcomes.stream().mapToDouble(of).average().orElse(Double.NaN);
  }

  private static double spread(
      List<StrategyOutcome> outcomes, ToDoubleFunction<StrategyOutcome> of) {
    double mean = mean(outcomes, of);
    double squares = outcomes.stream().mapToDouble(of).map(v -> (v - mean) * (v - mean)).sum();
    return outcomes.size() > 1 ? Math.sqrt(squares / (outcomes.size() - 1)) : Double.NaN;
  }

  private static String cell(
      List<StrategyOutcome> outcomes, String form, ToDoubleFunction<StrategyOutcome> of) {
    double spread = spread(outcomes, of);
    String text = String.format(Locale.ROOT, form, mean(outcomes, of));
    String all =
        Double.isNaN(spread)
            ? text
            : text + " ± " + String.format(Locale.ROOT, form.replace("+", ""), spread);
    return all.replace('-', '−').replace("NaN", "–");
  }

  private String markdown(Map<Row, List<StrategyOutcome>> rows) {
    StringBuilder out = new StringBuilder();
    out.append("Written by `unlearn4j requests table --study ").append(study.file());
    out.append(study.seeds().size() > 1 ? "`; seeds " : "`; seed ")
        .append(study.seeds().toString().replaceAll("[\\[\\]]", ""));
    out.append(study.seeds().size() > 1 ? ", mean ± sample standard deviation.\n" : ".\n");
    out.append("All numbers are of the deployed file (fp32, ONNX Runtime).\n\n");
    for (FableRequests.Kind kind : FableRequests.Kind.values()) {
      Map<Row, List<StrategyOutcome>> own = new LinkedHashMap<>(rows);
      own.keySet().removeIf(row -> row.data().kind() != kind);
      if (!own.isEmpty()) {
        out.append("Requests of ").append(kind.spelling()).append(":\n\n");
        table(out, own);
      }
    }
    out.append("![Utility after each request](").append(beside(".svg").getFileName());
    out.append(")\n\nForget probability of each request after each later one, means:\n\n");
    int requests =
        rows.values().stream()
            .flatMap(List::stream)
            .mapToInt(StrategyOutcome::requests)
            .max()
            .orElse(0);
    out.append("| strategy | after |");
    for (int i = 1; i <= requests; i++) {
      out.append(" request ").append(i).append(" |");
    }
    out.append("\n|---|--:|").append("--:|".repeat(requests)).append('\n');
    rows.forEach(
        (row, all) -> {
          for (int step = 0; step < all.get(0).steps() && all.get(0).steps() > 1; step++) {
            out.append("| ").append(row.name()).append(" | ").append(step + 1).append(" |");
            for (int request = 0; request < requests; request++) {
              int s = step;
              int r = request;
              double value = mean(all, o -> o.probability(s, r));
              out.append(
                  Double.isNaN(value) ? "  |" : String.format(Locale.ROOT, " %.4f |", value));
            }
            out.append('\n');
          }
        });
    return out.toString();
  }

  /** One line a strategy, then what the retain-only model gives for the first one's requests. */
  private static void table(StringBuilder out, Map<Row, List<StrategyOutcome>> rows) {
    out.append("| strategy | requests |");
    COLUMNS.forEach(c -> out.append(' ').append(c.head).append(" |"));
    out.append("\n|---|--:|").append("--:|".repeat(COLUMNS.size())).append('\n');
    rows.forEach(
        (row, all) -> {
          out.append("| ").append(row.name()).append(" | ").append(row.data().requests());
          COLUMNS.forEach(c -> out.append(" | ").append(cell(all, c.form, c.of)));
          out.append(" |\n");
        });
    StrategyOutcome first = rows.values().iterator().next().get(0);
    first
        .retainOnly()
        .ifPresent(
            r ->
                out.append("\nThe retain-only model by the rows of `")
                    .append(first.row().name())
                    .append(
                        String.format(
                            Locale.ROOT,
                            "`: forget probability %.4f, extraction %.3f, MIA loss AUC %.3f.\n",
                            metric(r, Metric.FORGET_PROB.key()),
                            metric(r, Metric.EXTRACTION_STRENGTH.key()),
                            metric(r, MembershipAttack.LOSS.auc()))));
    out.append('\n');
  }

  private static double metric(EvaluationResult result, String key) {
    return result.metric(key).orElse(Double.NaN);
  }

  private static String plot(Map<Row, List<StrategyOutcome>> rows) {
    List<LinePlot.Line> lines = new ArrayList<>();
    rows.forEach(
        (row, outcomes) -> {
          if (outcomes.get(0).steps() == 1) {
            return; // a point
          }
          List<Double> means = new ArrayList<>();
          for (int i = 0; i <= outcomes.get(0).steps(); i++) {
            int at = i;
            means.add(mean(outcomes, o -> o.history().utility().get(at)));
          }
          lines.add(new LinePlot.Line(row.name(), 0, means));
        });
    return LinePlot.svg(
        new LinePlot.Frame(
            "Utility after each request, by strategy",
            "requests",
            "share of the first model's utility"),
        lines,
        List.of());
  }
}
