package org.unlearn4j.cli;

import java.nio.file.Path;
import java.util.List;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.Tree;
import org.unlearn4j.report.LinePlot;
import org.unlearn4j.train.StepGrowth;

/** Shows how a step's cost grows: numbers, and two pictures with logarithmic axes. */
final class BenchGrowth {
  private static final double MIB = 1 << 20;

  private BenchGrowth() {}

  /**
   * Writes {@code growth-time.svg} and {@code growth-memory.svg}.
   *
   * @return the numbers
   */
  static Tree write(List<StepGrowth.Curve> curves, Path folder) {
    AtomicFiles.writeString(
        folder.resolve("growth-time.svg"), plot("time", curves, StepGrowth.Curve::timeDoublings));
    AtomicFiles.writeString(
        folder.resolve("growth-memory.svg"),
        plot("memory", curves, StepGrowth.Curve::memoryDoublings));
    Tree all = new Tree();
    for (StepGrowth.Curve c : curves) {
      all.put(
          c.axis().words(),
          new Tree()
              .put("from", c.first())
              .put("ms", c.costs().stream().map(x -> rounded(x.ms(), 10)).toList())
              .put("mib", c.costs().stream().map(x -> rounded(x.bytes() / MIB, 10)).toList())
              .put("time_power", rounded(c.timePower(), 100))
              .put("memory_power", rounded(c.memoryPower(), 100)));
    }
    return all;
  }

  private interface Doublings {
    List<Double> of(StepGrowth.Curve curve);
  }

  private static String plot(String what, List<StepGrowth.Curve> curves, Doublings doublings) {
    LinePlot.Frame frame =
        new LinePlot.Frame(
            "How the " + what + " of a training step grows with its sizes, on logarithmic axes.",
            "doublings of a size",
            "doublings of the " + what);
    List<LinePlot.Line> lines =
        curves.stream().map(c -> new LinePlot.Line(c.axis().words(), 0, doublings.of(c))).toList();
    return LinePlot.svg(frame, lines, List.of());
  }

  private static double rounded(double value, double by) {
    return Math.round(value * by) / by;
  }
}
