package org.unlearn4j.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.font.FontRenderContext;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.VectorGraphicsEncoder.VectorGraphicsFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Draws series of points in one look: no frame, faint grid, quiet axes. */
final class Charts {
  private static final Font LABELS = new Font(Font.SANS_SERIF, Font.PLAIN, 12);
  private static final float LINE = 1.8f;

  /** Pixels between two names on the x axis. */
  private static final int NAMES_APART = 36;

  private static final Color NOTHING = new Color(0, 0, 0, 0);

  private Charts() {}

  /** Whether this Java can lay out letters: a server without fonts cannot, and gets no plots. */
  static boolean available() {
    try {
      FontRenderContext context = new FontRenderContext(null, true, true);
      return LABELS.createGlyphVector(context, "0").getVisualBounds().getWidth() > 0;
    } catch (LinkageError | InternalError | RuntimeException e) {
      return false;
    }
  }

  /** How a series is drawn. */
  enum Style {
    LINE,
    STEPS,
    RINGS,
    DOTS
  }

  /**
   * One series; both arrays are {@code [point]}, all values finite.
   *
   * @param opacity 1 for full
   */
  @SuppressWarnings("ArrayRecordComponent") // drawn once
  record Series(String label, Ink ink, double opacity, Style style, double[] x, double[] y) {}

  /** A chart's outline. */
  record Frame(
      String name, String description, int width, int height, String xTitle, String yTitle) {}

  /**
   * Draws a chart.
   *
   * @param xLabel short name of a tick on the x axis; null for numbers
   */
  static Plot draw(Frame frame, List<Series> series, Function<Double, String> xLabel) {
    XYChart chart = new XYChartBuilder().width(frame.width).height(frame.height).build();
    chart.setXAxisTitle(frame.xTitle);
    chart.setYAxisTitle(frame.yTitle);
    style(chart.getStyler(), frame, series.size());
    if (xLabel != null) {
      chart.getStyler().setxAxisTickLabelsFormattingFunction(xLabel);
      chart.getStyler().setPlotContentSize(0.88); // room for a name at both ends
      chart.getStyler().setXAxisTickMarkSpacingHint(NAMES_APART).setYAxisDecimalPattern("0.####");
    }
    for (Series s : series) {
      style(chart.addSeries(s.label, s.x, s.y), s);
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      VectorGraphicsEncoder.saveVectorGraphic(chart, out, VectorGraphicsFormat.SVG);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // memory does not refuse
    }
    return new Plot(frame.name, frame.description, out.toString(StandardCharsets.UTF_8));
  }

  private static void style(XYStyler styler, Frame frame, int series) {
    Color text = Ink.TEXT.color();
    styler
        .setChartBackgroundColor(NOTHING)
        .setChartFontColor(text)
        .setChartPadding(4)
        .setChartTitleVisible(false)
        .setLegendBackgroundColor(NOTHING)
        .setLegendBorderColor(NOTHING)
        .setLegendPosition(Styler.LegendPosition.OutsideS)
        .setLegendLayout(Styler.LegendLayout.Horizontal)
        .setLegendFont(LABELS)
        .setLegendPadding(6)
        .setLegendSeriesLineLength(18)
        .setLegendVisible(series > 1)
        .setPlotBackgroundColor(NOTHING)
        .setPlotBorderVisible(false)
        .setPlotContentSize(0.96);
    styler
        .setPlotGridLinesColor(Ink.TEXT.color(0.2))
        .setPlotGridLinesStroke(new BasicStroke(0.8f))
        .setPlotGridVerticalLinesVisible(false)
        .setPlotMargin(4)
        .setAxisTicksLineVisible(false)
        .setAxisTicksMarksVisible(false)
        .setLocale(Locale.ROOT)
        .setAxisTickLabelsColor(text)
        .setAxisTickLabelsFont(LABELS)
        .setAxisTitleFont(LABELS)
        .setAxisTickPadding(6)
        .setXAxisTitleVisible(!frame.xTitle.isEmpty())
        .setYAxisTitleVisible(!frame.yTitle.isEmpty());
    styler.setXAxisTitleColor(text).setYAxisGroupTitleColor(0, text);
  }

  private static void style(XYSeries drawn, Series series) {
    Color color = series.ink.color(series.opacity);
    drawn.setLineColor(color);
    drawn.setMarkerColor(color);
    drawn.setLineStyle(new BasicStroke(LINE, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
    drawn.setMarker(marker(series));
    switch (series.style) {
      case LINE -> drawn.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Line);
      case STEPS -> drawn.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Step);
      case RINGS, DOTS -> drawn.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
    }
  }

  private static Marker marker(Series series) {
    return switch (series.style) {
      case LINE -> series.x.length > 40 ? SeriesMarkers.NONE : SeriesMarkers.CIRCLE;
      case STEPS -> SeriesMarkers.NONE;
      case RINGS -> SeriesMarkers.CIRCLE;
      case DOTS -> SeriesMarkers.DIAMOND;
    };
  }
}
