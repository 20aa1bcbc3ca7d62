package org.unlearn4j.requests;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.ledger.History;
import org.unlearn4j.report.LinePlot;
import org.unlearn4j.requests.StrategyStudy.Outcome;
import org.unlearn4j.requests.StrategyStudy.Row;
import org.unlearn4j.study.MarkedText;

/**
 * The table of a {@link StrategyStudy} as files beside each other: the page for people, CSV with
 * every measurement and JSON with every mean for programs, and the picture.
 */
public final class StrategyTable {
  private static final String NAME = "requests";

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
    List<Outcome> outcomes = study.run(out, log);
    Map<Row, List<Outcome>> rows = StrategyStudy.byRow(outcomes);
    AtomicFiles.writeString(beside(".csv"), csv(outcomes));
    AtomicFiles.writeString(beside(".json"), json(rows));
    AtomicFiles.writeString(beside(".svg"), plot(rows));
    AtomicFiles.writeString(page, text.with(markdown(rows)));
  }

  private Path beside(String ending) {
    return page.resolveSibling(
        String.valueOf(page.getFileName()).replaceFirst("\\.[^.]*$", "") + ending);
  }

  /** Forget probability of a request after a step, from 0; NaN where it was not asked yet. */
  private static double probability(Outcome o, int step, int request) {
    List<History.Step> steps = o.history().steps();
    List<String> names = o.history().forgotten();
    if (step >= steps.size() || request > step) {
      return Double.NaN;
    }
    return steps
        .get(step)
        .what()
        .checks()
        .getOrDefault(names.get(request), Map.of())
        .getOrDefault(History.HELD_BY, Double.NaN);
  }

  private static int steps(Outcome o) {
    return o.history().steps().size();
  }

  private static double utility(Outcome o) {
    List<Double> all = o.history().utility();
    return all.get(all.size() - 1);
  }

  private static double seconds(Outcome o) {
    return o.history().steps().stream().mapToDouble(s -> s.what().seconds()).sum();
  }

  /** How far the request that rose most is over what it was right after its own run. */
  static double rise(Outcome o) {
    double most = Double.NEGATIVE_INFINITY;
    int last = steps(o) - 1;
    for (int request = 0; request <= last; request++) {
      for (int step = request; step <= last; step++) {
        most = Math.max(most, probability(o, step, request) - probability(o, request, request));
      }
    }
    return most;
  }

  /** Mean over requests right after their own run. */
  private static double own(Outcome o) {
    double sum = 0;
    for (int request = 0; request < steps(o); request++) {
      sum += probability(o, request, request);
    }
    return sum / steps(o);
  }

  /** Mean over requests at the end. */
  private static double end(Outcome o) {
    double sum = 0;
    for (int request = 0; request < steps(o); request++) {
      sum += probability(o, steps(o) - 1, request);
    }
    return sum / steps(o);
  }

  private static String csv(List<Outcome> outcomes) {
    StringBuilder out =
        new StringBuilder(
            "strategy,seed,after_request,request,forget_prob,utility_share,seconds\n");
    for (Outcome o : outcomes) {
      for (int step = 0; step < steps(o); step++) {
        History.Step s = o.history().steps().get(step);
        for (int request = 0; request <= step; request++) {
          out.append(o.row().name()).append(',').append(o.seed()).append(',').append(step + 1);
          out.append(',').append(request + 1).append(',').append(probability(o, step, request));
          out.append(',').append(s.what().utility().share());
          out.append(',').append(s.what().seconds()).append('\n');
        }
      }
    }
    return out.toString();
  }

  private String json(Map<Row, List<Outcome>> rows) {
    ObjectNode root = new ObjectMapper().createObjectNode();
    root.put("study", NAME).put("file", study.file().toString());
    study.seeds().forEach(root.putArray("seeds")::add);
    ObjectNode all = root.putObject("strategies");
    rows.forEach(
        (row, outcomes) -> {
          ObjectNode node = all.putObject(row.name()).put("strategy", row.strategy().spelling());
          row.sets().forEach(node.putArray("set")::add);
          ArrayNode table = node.putArray(History.HELD_BY);
          for (int step = 0; step < steps(outcomes.get(0)); step++) {
            ArrayNode line = table.addArray();
            for (int request = 0; request <= step; request++) {
              int s = step;
              int r = request;
              line.add(mean(outcomes, o -> probability(o, s, r)));
            }
          }
          put(node, "utility_share", outcomes, StrategyTable::utility);
          put(node, "rise", outcomes, StrategyTable::rise);
          put(node, "seconds", outcomes, StrategyTable::seconds);
          put(node, "mia_loss_auc", outcomes, Outcome::membership);
        });
    return root.toPrettyString() + "\n";
  }

  private static void put(
      ObjectNode node, String name, List<Outcome> outcomes, ToDoubleFunction<Outcome> of) {
    node.putObject(name).put("mean", mean(outcomes, of)).put("spread", spread(outcomes, of));
  }

  private static double mean(List<Outcome> outcomes, ToDoubleFunction<Outcome> of) {
    return outcomes.stream().mapToDouble(of).average().orElse(Double.NaN);
  }

  private static double spread(List<Outcome> outcomes, ToDoubleFunction<Outcome> of) {
    double mean = mean(outcomes, of);
    double squares = outcomes.stream().mapToDouble(of).map(v -> (v - mean) * (v - mean)).sum();
    return outcomes.size() > 1 ? Math.sqrt(squares / (outcomes.size() - 1)) : Double.NaN;
  }

  private static String cell(List<Outcome> outcomes, String form, ToDoubleFunction<Outcome> of) {
    double spread = spread(outcomes, of);
    String text = String.format(Locale.ROOT, form, mean(outcomes, of));
    String all =
        Double.isNaN(spread) ? text : text + " ± " + String.format(Locale.ROOT, form, spread);
    return all.replace('-', '−').replace("NaN", "–");
  }

  private String markdown(Map<Row, List<Outcome>> rows) {
    StringBuilder out = new StringBuilder();
    out.append("Written by `unlearn4j requests table --study ").append(study.file());
    out.append(study.seeds().size() > 1 ? "`; seeds " : "`; seed ")
        .append(study.seeds().toString().replaceAll("[\\[\\]]", ""));
    out.append(study.seeds().size() > 1 ? ", mean ± sample standard deviation.\n" : ".\n");
    out.append("All numbers are of the deployed file (fp32, ONNX Runtime).\n\n");
    out.append("| strategy | after own run | at the end | largest rise ↓ | utility share ↑ |");
    out.append(" MIA loss AUC → | seconds |\n|---|--:|--:|--:|--:|--:|--:|\n");
    rows.forEach(
        (row, all) -> {
          out.append("| ").append(row.name());
          out.append(" | ").append(cell(all, "%.4f", StrategyTable::own));
          out.append(" | ").append(cell(all, "%.4f", StrategyTable::end));
          out.append(" | ").append(cell(all, "%+.4f", StrategyTable::rise));
          out.append(" | ").append(cell(all, "%.4f", StrategyTable::utility));
          out.append(" | ").append(cell(all, "%.3f", Outcome::membership));
          out.append(" | ").append(cell(all, "%.0f", StrategyTable::seconds)).append(" |\n");
        });
    out.append("\n![Utility after each request](").append(beside(".svg").getFileName());
    out.append(")\n\nForget probability of each request after each later one, means:\n\n");
    int requests =
        rows.values().iterator().next().stream().mapToInt(StrategyTable::steps).max().orElse(0);
    out.append("| strategy | after |");
    for (int i = 1; i <= requests; i++) {
      out.append(" request ").append(i).append(" |");
    }
    out.append("\n|---|--:|").append("--:|".repeat(requests)).append('\n');
    rows.forEach(
        (row, all) -> {
          for (int step = 0; step < steps(all.get(0)); step++) {
            out.append("| ").append(row.name()).append(" | ").append(step + 1).append(" |");
            for (int request = 0; request < requests; request++) {
              int s = step;
              int r = request;
              double value = mean(all, o -> probability(o, s, r));
              out.append(
                  Double.isNaN(value) ? "  |" : String.format(Locale.ROOT, " %.4f |", value));
            }
            out.append('\n');
          }
        });
    return out.toString();
  }

  private static String plot(Map<Row, List<Outcome>> rows) {
    List<LinePlot.Line> lines = new ArrayList<>();
    rows.forEach(
        (row, outcomes) -> {
          List<Double> means = new ArrayList<>();
          for (int i = 0; i <= steps(outcomes.get(0)); i++) {
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
