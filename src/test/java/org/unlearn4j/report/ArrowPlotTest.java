package org.unlearn4j.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class ArrowPlotTest {
  private static final Pattern LABEL =
      Pattern.compile("text-anchor=\"start\" x=\"([-0-9.]+)\" y=\"([-0-9.]+)\">([^<]*)<");

  private static String plot() {
    List<ArrowPlot.Arrow> arrows = new ArrayList<>();
    String[] names = {"GradDiff", "NPO", "SimNPO", "DPO", "UNDIAL", "RMU"};
    for (int i = 0; i < names.length; i++) {
      double x = 0.82 + 0.03 * i;
      ArrowPlot.End from = new ArrowPlot.End(x, 0.77 - 0.02 * i, 0.006, 0.004);
      ArrowPlot.End to = new ArrowPlot.End(x + 0.01, 0.775 - 0.018 * i, 0.004, 0.005);
      arrows.add(new ArrowPlot.Arrow(names[i], from, Optional.of(to)));
    }
    arrows.add(
        new ArrowPlot.Arrow(
            "<still> & alone", new ArrowPlot.End(0.75, 0.78, Double.NaN, 0), Optional.empty()));
    return ArrowPlot.svg(
        new ArrowPlot.Frame(
            "what moved",
            "forgetting: 1 − probability of the forget answers",
            "model utility",
            "circle: without, arrow head: with it; thin lines: ± one standard deviation"),
        arrows,
        List.of(
            new ArrowPlot.Mark("target", 0.03, 0.795),
            new ArrowPlot.Mark("retain-only", 0.833, 0.789)));
  }

  @Test
  void everyLabelIsInsideAndOnNoOther() {
    Matcher label = LABEL.matcher(plot());
    List<double[]> boxes = new ArrayList<>();
    while (label.find()) {
      double x = Double.parseDouble(label.group(1));
      double y = Double.parseDouble(label.group(2));
      double right = x + 8.4 * label.group(3).replaceAll("&[a-z]+;", "&").length();
      assertTrue(x > 70 && y > 15 && y < 440, label.group(3) + " at " + x + ", " + y);
      for (double[] other : boxes) {
        boolean apart = right < other[0] || other[2] < x || Math.abs(y - other[1]) > 14;
        assertTrue(apart, label.group(3) + " on another label");
      }
      boxes.add(new double[] {x, y, right});
    }
    assertEquals(9, boxes.size());
  }

  @Test
  void oneArrowAMethodThatMoved() {
    String svg = plot();
    assertEquals(6, svg.split("rotate\\([-0-9.]+\\)\" d=\"M0 0", -1).length - 1, "heads");
    assertEquals(7, svg.split("<circle", -1).length - 1);
    assertTrue(svg.contains("&lt;still&gt; &amp; alone"));
    assertFalse(svg.contains("NaN"));
  }

  /** The target is three times as far from the methods as they are from each other. */
  @Test
  void whatLiesFarOffStandsAtTheEdgeWithItsValue() {
    String svg = plot();
    assertTrue(svg.contains(">target, at 0.03<"), "the edge tells where");
    assertTrue(svg.contains(">retain-only<"), "near enough to stand where it is");
    assertFalse(svg.contains(">0.2<"), "no axis down to the target");
    String few =
        ArrowPlot.svg(
            new ArrowPlot.Frame("", "", "", ""),
            List.of(new ArrowPlot.Arrow("a", new ArrowPlot.End(0.9, 1, 0, 0), Optional.empty())),
            List.of(new ArrowPlot.Mark("target", 0.03, 1)));
    assertTrue(few.contains(">target<"), "one method needs no room of its own");
  }

  /** To the right and up in the data is to the right and up in the picture, where y falls. */
  @Test
  void arrowsPointTheRightWay() {
    String svg =
        ArrowPlot.svg(
            new ArrowPlot.Frame("", "", "", ""),
            List.of(
                new ArrowPlot.Arrow(
                    "a", new ArrowPlot.End(0, 0, 0, 0), Optional.of(new ArrowPlot.End(1, 0, 0, 0))),
                new ArrowPlot.Arrow(
                    "b",
                    new ArrowPlot.End(0, 0, 0, 0),
                    Optional.of(new ArrowPlot.End(0, 1, 0, 0)))),
            List.of());
    assertTrue(svg.contains("rotate(0.0)\" d=\"M0 0"), "right");
    assertTrue(svg.contains("rotate(-90.0)\" d=\"M0 0"), "up");
    assertFalse(svg.contains("rotate(90.0)\" d=\"M0 0"), "not down");
  }

  @Test
  void spreadsHaveTheDecimalsOfTheirMeans() {
    assertEquals("0.0553 ± 0.0021", Numbers.plusMinus(0.0553, 0.00212));
    assertEquals("503.5 ± 12.3", Numbers.plusMinus(503.48, 12.345));
    assertEquals("0.5000", Numbers.plusMinus(0.5, Double.NaN));
    assertEquals("1.80 · 10⁻²¹ ± 2.00 · 10⁻²¹", Numbers.plusMinus(1.8e-21, 2e-21));
    assertEquals("0.5000 ± 0.0000", Numbers.plusMinus(0.5, 0));
  }

  /** Writes the example to look at. */
  public static void main(String[] arguments) throws IOException {
    Files.writeString(Path.of(arguments[0]), plot());
  }
}
