package org.unlearn4j.study;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.report.ArrowPlot;
import org.unlearn4j.report.ParallelPlot;

/** What a sweep found, as a page with pictures, as JSON, and as a pipeline that is ready to run. */
record SweepPage(Sweep sweep, SweepSearch.Found found, SweepChoice choice) {

  /**
   * Writes all files, each whole or not at all.
   *
   * @return the page
   */
  Path write(Path out) {
    Optional<SweepSearch.Finalist> best = choice.best(found.finalists());
    AtomicFiles.writeString(out.resolve("sweep-space.svg"), space());
    Optional<String> front = front();
    replace(out.resolve("sweep-front.svg"), front);
    AtomicFiles.writeString(out.resolve("sweep.json"), json(best));
    replace(out.resolve("best.yaml"), best.map(b -> sweep.found(b.point()).toYaml()));
    Path page = out.resolve("sweep.md");
    AtomicFiles.writeString(page, markdown(best, front.isPresent()));
    return page;
  }

  /**
   * What an earlier search has left would pass for this one's, so it goes if nothing replaces it.
   */
  private static void replace(Path file, Optional<String> text) {
    text.ifPresentOrElse(t -> AtomicFiles.writeString(file, t), () -> AtomicFiles.deleteTree(file));
  }

  private List<Column> columns() {
    Set<Column> columns = new LinkedHashSet<>(sweep.goals());
    sweep.constraints().forEach(c -> columns.add(c.column()));
    return List.copyOf(columns);
  }

  private String markdown(Optional<SweepSearch.Finalist> best, boolean front) {
    StringBuilder out = new StringBuilder("# " + sweep.name() + "\n\n");
    out.append(
        String.format(
            Locale.ROOT,
            "%d points, %d runs, %.1f minutes of training%s. Seeds %s. Settings were chosen on"
                + " other people than those that `best.yaml` forgets.%n%n",
            sweep.space().points(sweep.points()).size(),
            found.runs(),
            found.minutes(),
            found.spent() ? "; the budget ended the search" : "",
            sweep.seeds().stream().map(String::valueOf).collect(Collectors.joining(", "))));
    out.append("![Points](sweep-space.svg)\n\n");
    out.append(front ? "![Finalists](sweep-front.svg)\n\n" : "");
    List<SweepSearch.Finalist> good = choice.front(found.finalists());
    out.append("| point | settings | ");
    columns().forEach(c -> out.append(c.heading()).append(" | "));
    out.append("broken | |\n|---|---|")
        .append("---|".repeat(columns().size()))
        .append("---|---|\n");
    for (SweepSearch.Finalist f : found.finalists()) {
      out.append("| ").append(f.point().number()).append(" | ");
      out.append(String.join("<br>", sweep.space().overrides(f.point()))).append(" | ");
      columns().forEach(c -> out.append(cell(f, c)).append(" | "));
      out.append(String.join("<br>", f.broken())).append(" | ");
      boolean first = best.filter(f::equals).isPresent();
      out.append(first ? "best" : good.contains(f) ? "front" : "").append(" |\n");
    }
    return out.append(
            "\nMedians over the seeds, and the range. → : nearer to the retain-only" + " model.\n")
        .toString();
  }

  private static String cell(SweepSearch.Finalist f, Column column) {
    double[] range = f.range(column);
    return String.format(Locale.ROOT, "%.4g (%.4g to %.4g)", f.median(column), range[0], range[1]);
  }

  private String json(Optional<SweepSearch.Finalist> best) {
    ObjectNode root = new ObjectMapper().createObjectNode().put("sweep", sweep.name());
    root.put("runs", found.runs()).put("minutes", found.minutes()).put("spent", found.spent());
    var trials = root.putArray("trials");
    for (SweepSearch.Trial t : found.trials()) {
      trials
          .addObject()
          .put("point", t.point().number())
          .put("rung", t.rung())
          .put("distance", t.standing().distance())
          .put("utility", t.standing().kept())
          .put("within", t.standing().within());
    }
    List<SweepSearch.Finalist> front = choice.front(found.finalists());
    var finalists = root.putArray("finalists");
    for (SweepSearch.Finalist f : found.finalists()) {
      ObjectNode node = finalists.addObject().put("point", f.point().number());
      ObjectNode settings = node.putObject("settings");
      for (int d = 0; d < f.point().values().size(); d++) {
        settings.put(sweep.space().dimensions().get(d).key(), f.point().values().get(d));
      }
      f.values().forEach((c, v) -> v.forEach(node.withArray("/values/" + c.name())::add));
      f.broken().forEach(node.putArray("broken")::add);
      node.put("front", front.contains(f)).put("best", best.filter(f::equals).isPresent());
    }
    return root.toPrettyString() + "\n";
  }

  /** Each point at the last rung that it reached; the last axis says how near it came there. */
  private String space() {
    Map<Space.Point, SweepSearch.Trial> last = new LinkedHashMap<>();
    found.trials().forEach(t -> last.put(t.point(), t));
    double most = last.values().stream().mapToDouble(t -> t.standing().distance()).max().orElse(1);
    List<ParallelPlot.Axis> axes = new ArrayList<>();
    for (Space.Dimension d : sweep.space().dimensions()) {
      axes.add(
          new ParallelPlot.Axis(
              d.key().replaceFirst("unlearn[.]", ""), d.ends().get(0), d.ends().get(1)));
    }
    axes.add(new ParallelPlot.Axis("from the goal", "0", String.format(Locale.ROOT, "%.3g", most)));
    List<ParallelPlot.Line> lines = new ArrayList<>();
    last.forEach(
        (point, trial) -> {
          List<Double> places = new ArrayList<>();
          for (int d = 0; d < point.values().size(); d++) {
            places.add(sweep.space().dimensions().get(d).place(point.values().get(d)));
          }
          places.add(most == 0 ? 0 : trial.standing().distance() / most);
          boolean left = found.finalists().stream().anyMatch(f -> f.point().equals(point));
          lines.add(new ParallelPlot.Line("point " + point.number(), places, left));
        });
    return ParallelPlot.svg("Points of the search and how near they came", axes, lines);
  }

  /** The finalists by two goals; empty for one. */
  private Optional<String> front() {
    if (sweep.goals().size() < 2) {
      return Optional.empty();
    }
    Column x = sweep.goals().get(0);
    Column y = sweep.goals().get(1);
    List<ArrowPlot.Arrow> points = new ArrayList<>();
    for (SweepSearch.Finalist f : found.finalists()) {
      double[] xs = f.range(x);
      double[] ys = f.range(y);
      ArrowPlot.End end =
          new ArrowPlot.End(f.median(x), f.median(y), (xs[1] - xs[0]) / 2, (ys[1] - ys[0]) / 2);
      if (Double.isFinite(end.x()) && Double.isFinite(end.y())) {
        String mark = choice.front(found.finalists()).contains(f) ? "front " : "";
        points.add(new ArrowPlot.Arrow(mark + f.point().number(), end, Optional.empty()));
      }
    }
    return points.isEmpty()
        ? Optional.empty()
        : Optional.of(
            ArrowPlot.svg(
                new ArrowPlot.Frame(
                    "Finalists by two goals",
                    x.heading(),
                    y.heading(),
                    "medians over the seeds; thin lines: half the range each way"),
                points,
                List.of()));
  }
}
