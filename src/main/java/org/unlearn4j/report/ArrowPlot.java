package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.DoubleStream;

/**
 * Points in a plane that moved: one arrow each, as a standalone SVG. Its tones can be read on white
 * and on black, since an image in a page does not know which of the two is behind it.
 */
public final class ArrowPlot {
  private static final int WIDTH = 680;
  private static final int HEIGHT = 520;
  private static final int LEFT = 74;
  private static final int RIGHT = 24;
  private static final int TOP = 18;
  private static final int BOTTOM = 88;
  private static final int FONT = 15;
  private static final int HEAD = 11;

  /** Shares of the range that stay free at each side. */
  private static final double MARGIN = 0.08;

  /**
   * So many arrows must not be squeezed by a mark that lies further than so many of their ranges.
   */
  private static final int MANY = 3;

  private static final double FAR = 3;

  /** Middle tones, apart in hue and in lightness. */
  private static final List<String> TONES =
      List.of(
          "#7375e6", "#d4603c", "#2f9b92", "#c08a2c", "#c2569b", "#4f93d6", "#7d9a35", "#9a7b63");

  private ArrowPlot() {}

  /** The tone of the line or arrow of that number. */
  static String tone(int number) {
    return TONES.get(number % TONES.size());
  }

  /**
   * Where a method is.
   *
   * @param xSpread half the length of the line through it; NaN or 0 for none
   * @param ySpread the same upwards
   */
  public record End(double x, double y, double xSpread, double ySpread) {}

  /** A method before and, where it moved, after. */
  public record Arrow(String label, End from, Optional<End> to) {}

  /** A fixed point. */
  public record Mark(String label, double x, double y) {}

  /**
   * Words around the plot.
   *
   * @param description for those who cannot see it
   * @param key what circles, heads and lines mean
   */
  public record Frame(String description, String xTitle, String yTitle, String key) {}

  /** Draws the plot; all coordinates must be finite. */
  public static String svg(Frame frame, List<Arrow> arrows, List<Mark> marks) {
    List<End> ends = ends(arrows);
    double[] xs =
        ends.stream()
            .flatMapToDouble(e -> DoubleStream.of(e.x - size(e.xSpread), e.x + size(e.xSpread)))
            .toArray();
    double[] ys =
        ends.stream()
            .flatMapToDouble(e -> DoubleStream.of(e.y - size(e.ySpread), e.y + size(e.ySpread)))
            .toArray();
    boolean far = arrows.size() >= MANY;
    Scale x = Scale.over(joined(xs, marks.stream().mapToDouble(Mark::x), far), LEFT, WIDTH - RIGHT);
    Scale y =
        Scale.over(joined(ys, marks.stream().mapToDouble(Mark::y), false), HEIGHT - BOTTOM, TOP);
    StringBuilder out = new StringBuilder();
    out.append(
        String.format(
            Locale.ROOT,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>%n<svg xmlns=\"http://www.w3.org/2000/svg\""
                + " viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\""
                + " font-family=\"sans-serif\" font-size=\"%d\" fill=\"none\">%n",
            WIDTH,
            HEIGHT,
            Html.escape(frame.description),
            FONT));
    axes(out, frame, x, y);
    Labels labels = new Labels();
    marks.forEach(m -> labels.keepFree(x.at(Math.max(x.low, Math.min(x.high, m.x))), y.at(m.y)));
    for (Arrow a : arrows) {
      labels.keepFree(x.at(a.from.x), y.at(a.from.y));
      a.to.ifPresent(to -> labels.keepFree(x.at(to.x), y.at(to.y)));
    }
    for (int i = 0; i < arrows.size(); i++) {
      arrow(out, arrows.get(i), tone(i), x, y);
    }
    for (Mark m : marks) {
      mark(out, m, labels, x, y);
    }
    for (int i = 0; i < arrows.size(); i++) {
      End end = arrows.get(i).to.orElse(arrows.get(i).from);
      String label = arrows.get(i).label;
      labels.place(out, label, tone(i), x.at(end.x), y.at(end.y));
    }
    return out.append("</svg>\n").toString();
  }

  /**
   * All values that an axis shows.
   *
   * @param far whether a mark may be left out that would leave the arrows too little room
   */
  private static double[] joined(double[] ends, DoubleStream marks, boolean far) {
    double low = DoubleStream.of(ends).min().orElse(Double.NEGATIVE_INFINITY);
    double high = DoubleStream.of(ends).max().orElse(Double.POSITIVE_INFINITY);
    double most = FAR * (high - low);
    return DoubleStream.concat(
            DoubleStream.of(ends),
            marks.filter(m -> !far || Math.max(high, m) - Math.min(low, m) <= most))
        .toArray();
  }

  private static List<End> ends(List<Arrow> arrows) {
    List<End> ends = new ArrayList<>();
    for (Arrow a : arrows) {
      ends.add(a.from);
      a.to.ifPresent(ends::add);
    }
    return ends;
  }

  private static double size(double spread) {
    return Double.isFinite(spread) ? spread : 0;
  }

  private static void axes(StringBuilder out, Frame frame, Scale x, Scale y) {
    String ink = Ink.TEXT.standalone();
    int bottom = HEIGHT - BOTTOM;
    for (double tick : y.ticks()) {
      line(out, ink, 0.25, 1, LEFT, y.at(tick), WIDTH - RIGHT, y.at(tick));
      text(out, ink, "end", LEFT - 8, y.at(tick) + 5, y.name(tick));
    }
    line(out, ink, 0.6, 1, LEFT, bottom, WIDTH - RIGHT, bottom);
    for (double tick : x.ticks()) {
      line(out, ink, 0.6, 1, x.at(tick), bottom, x.at(tick), bottom + 5);
      text(out, ink, "middle", x.at(tick), bottom + 22, x.name(tick));
    }
    text(out, ink, "middle", (LEFT + WIDTH - RIGHT) / 2.0, bottom + 48, frame.xTitle);
    text(out, ink, "middle", (LEFT + WIDTH - RIGHT) / 2.0, bottom + 72, frame.key);
    out.append(
        String.format(
            Locale.ROOT,
            "<text fill=\"%s\" text-anchor=\"middle\" transform=\"translate(18 %d) rotate(-90)\">"
                + "%s</text>%n",
            ink,
            (TOP + bottom) / 2,
            Html.escape(frame.yTitle)));
  }

  private static void arrow(StringBuilder out, Arrow arrow, String tone, Scale x, Scale y) {
    spread(out, arrow.from, tone, x, y);
    double fromX = x.at(arrow.from.x);
    double fromY = y.at(arrow.from.y);
    arrow.to.ifPresent(
        to -> {
          spread(out, to, tone, x, y);
          double dx = x.at(to.x) - fromX;
          double dy = y.at(to.y) - fromY;
          double length = Math.hypot(dx, dy);
          if (length > HEAD) { // the line ends within its head
            double share = (length - HEAD / 2.0) / length;
            line(out, tone, 1, 2.5, fromX, fromY, fromX + share * dx, fromY + share * dy);
          }
          head(out, tone, x.at(to.x), y.at(to.y), length == 0 ? 0 : Math.atan2(dy, dx));
        });
    out.append(
        String.format(
            Locale.ROOT,
            "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" stroke=\"%s\" stroke-width=\"2.5\"/>%n",
            fromX,
            fromY,
            tone));
  }

  /** A triangle with its tip at the point. */
  private static void head(StringBuilder out, String tone, double x, double y, double angle) {
    out.append(
        String.format(
            Locale.ROOT,
            "<path fill=\"%s\" transform=\"translate(%.1f %.1f) rotate(%.1f)\""
                + " d=\"M0 0 L-%d -6 L-%d 6 Z\"/>%n",
            tone,
            x,
            y,
            Math.toDegrees(angle),
            HEAD,
            HEAD));
  }

  private static void spread(StringBuilder out, End end, String tone, Scale x, Scale y) {
    double dx = size(end.xSpread);
    double dy = size(end.ySpread);
    if (dx > 0) {
      line(out, tone, 0.5, 1.2, x.at(end.x - dx), y.at(end.y), x.at(end.x + dx), y.at(end.y));
    }
    if (dy > 0) {
      line(out, tone, 0.5, 1.2, x.at(end.x), y.at(end.y - dy), x.at(end.x), y.at(end.y + dy));
    }
  }

  /** A diamond; a triangle at the edge, with its value, for what lies beyond. */
  private static void mark(StringBuilder out, Mark mark, Labels labels, Scale x, Scale y) {
    String ink = Ink.TEXT.standalone();
    double side = mark.x < x.low ? -1 : mark.x > x.high ? 1 : 0;
    double at = side == 0 ? x.at(mark.x) : side < 0 ? LEFT + 8 : WIDTH - RIGHT - 8;
    String shape =
        side == 0
            ? "l8 8 l-8 8 l-8 -8 Z"
            : String.format(Locale.ROOT, "l%.0f 8 l%.0f 8 Z", 10 * side, -10 * side);
    out.append(
        String.format(
            Locale.ROOT,
            "<path fill=\"%s\" d=\"M%.1f %.1f %s\"/>%n",
            ink,
            at,
            y.at(mark.y) - 8,
            shape));
    String label = side == 0 ? mark.label : mark.label + ", at " + x.name(mark.x);
    labels.place(out, label, ink, at, y.at(mark.y));
  }

  private static void line(
      StringBuilder out,
      String tone,
      double opacity,
      double width,
      double x1,
      double y1,
      double x2,
      double y2) {
    out.append(
        String.format(
            Locale.ROOT,
            "<path stroke=\"%s\" stroke-opacity=\"%.2f\" stroke-width=\"%.1f\""
                + " d=\"M%.1f %.1f L%.1f %.1f\"/>%n",
            tone,
            opacity,
            width,
            x1,
            y1,
            x2,
            y2));
  }

  private static void text(
      StringBuilder out, String tone, String anchor, double x, double y, String words) {
    out.append(
        String.format(
            Locale.ROOT,
            "<text fill=\"%s\" text-anchor=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>%n",
            tone,
            anchor,
            x,
            y,
            Html.escape(words)));
  }

  /** An axis: from values to places in the picture. */
  private record Scale(double low, double high, double from, double to, double step) {

    static Scale over(double[] values, double from, double to) {
      double low = DoubleStream.of(values).min().orElse(0);
      double high = DoubleStream.of(values).max().orElse(1);
      double range = high > low ? high - low : Math.max(Math.abs(high), 1) * 0.1;
      low -= MARGIN * range;
      high += MARGIN * range;
      return new Scale(low, high, from, to, step((high - low) / 6));
    }

    /** 1, 2 or 5 times a power of ten, at least {@code least}. */
    private static double step(double least) {
      double ten = Math.pow(10, Math.floor(Math.log10(least)));
      return DoubleStream.of(1, 2, 5, 10)
          .map(m -> m * ten)
          .filter(s -> s >= least)
          .findFirst()
          .orElse(10 * ten);
    }

    double at(double value) {
      return from + (value - low) / (high - low) * (to - from);
    }

    List<Double> ticks() {
      List<Double> ticks = new ArrayList<>();
      for (long i = (long) Math.ceil(low / step); i * step <= high; i++) {
        ticks.add(i * step);
      }
      return ticks;
    }

    String name(double tick) {
      int decimals = (int) Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
      return String.format(Locale.ROOT, "%." + decimals + "f", tick).replace('-', '−');
    }
  }

  /** Puts each label beside its point where it covers least of what is there already. */
  private static final class Labels {
    private static final double LETTER = 0.56 * FONT;
    private static final double POINT = 9;

    private record Box(double left, double top, double right, double bottom) {
      double overlap(Box other) {
        double width = Math.min(right, other.right) - Math.max(left, other.left);
        double height = Math.min(bottom, other.bottom) - Math.max(top, other.top);
        return Math.max(0, width) * Math.max(0, height);
      }
    }

    private final List<Box> taken = new ArrayList<>();

    void keepFree(double x, double y) {
      taken.add(new Box(x - POINT, y - POINT, x + POINT, y + POINT));
    }

    void place(StringBuilder out, String label, String tone, double x, double y) {
      double width = LETTER * label.length();
      Box best = null;
      double least = Double.POSITIVE_INFINITY;
      for (double distance : new double[] {13, 24, 36}) {
        for (int turn = 0; turn < 8; turn++) {
          double angle = turn * Math.PI / 4;
          double centreX = x + Math.cos(angle) * (distance + width / 2);
          double centreY = y - Math.sin(angle) * (distance + FONT / 2.0 - 2);
          Box box = box(centreX, centreY, width);
          double cost = taken.stream().mapToDouble(box::overlap).sum() + outside(box);
          cost += distance / 100; // nearer is better where nothing is in the way
          if (cost < least) {
            least = cost;
            best = box;
          }
        }
      }
      taken.add(best);
      text(out, tone, "start", best.left, best.bottom - 4, label);
    }

    private static Box box(double centreX, double centreY, double width) {
      return new Box(
          centreX - width / 2, centreY - FONT / 2.0, centreX + width / 2, centreY + FONT / 2.0 + 2);
    }

    private static double outside(Box box) {
      double beyond =
          Math.max(0, LEFT - box.left)
              + Math.max(0, box.right - WIDTH + 4)
              + Math.max(0, TOP - box.top)
              + Math.max(0, box.bottom - HEIGHT + BOTTOM);
      return 100 * beyond;
    }
  }
}
