package org.unlearn4j.base;

import java.io.PrintStream;
import java.util.Locale;
import java.util.function.DoubleFunction;

/**
 * Progress of something long on standard error: a bar that redraws itself on a terminal, a line now
 * and then elsewhere.
 */
public final class ProgressBar implements AutoCloseable {
  private static final int WIDTH = 24;
  private static final long LINE_EVERY_NANOS = 10_000_000_000L;
  private static final long REDRAW_EVERY_NANOS = 100_000_000L;

  /** Of what this thread's bars are a part: a stage of a run shows the run's time, too. */
  private static final ThreadLocal<Whole> WHOLE = ThreadLocal.withInitial(() -> Whole.NONE);

  /**
   * What bars are a part of.
   *
   * @param before the label of each
   * @param after each bar's line, from the seconds that the bar has left
   */
  private record Whole(String before, DoubleFunction<String> after) {
    static final Whole NONE = new Whole("", seconds -> "");
  }

  private final Whole whole = WHOLE.get();
  private final String label;
  private final PrintStream out;
  private final int columns;
  private final long start = System.nanoTime();
  private long last;
  private boolean drawn;

  /**
   * A bar on some stream.
   *
   * @param columns width of the terminal; 0 where there is none
   */
  ProgressBar(String label, PrintStream out, int columns) {
    this.label = label;
    this.out = out;
    this.columns = columns;
    this.last = start;
  }

  /**
   * Bars that this thread makes from now on are parts of something larger.
   *
   * @param before what to write before each label
   * @param after what to write after each line, given the seconds that the bar has left
   */
  public static void partOf(String before, DoubleFunction<String> after) {
    WHOLE.set(new Whole(before, after));
  }

  /** Bars that this thread makes from now on stand for themselves. */
  public static void partOfNothing() {
    WHOLE.remove();
  }

  /** A bar on standard error; the launcher tells how wide a terminal that is. */
  public static ProgressBar named(String label) {
    return new ProgressBar(label, System.err, Integer.getInteger("unlearn4j.columns", 0));
  }

  /**
   * Tells how far it is.
   *
   * @param note what else to show, for instance a loss; may be empty
   */
  public void update(long done, long total, String note) {
    update(done, total, total == 0 ? 1 : (double) done / total, note);
  }

  /**
   * Tells how far it is where items are of unlike size.
   *
   * @param share of the work that is done, 0 to 1, from which the time left follows
   */
  public void update(long done, long total, double share, String note) {
    long now = System.nanoTime();
    boolean end = done >= total;
    if (!end && now - last < (columns > 0 ? REDRAW_EVERY_NANOS : LINE_EVERY_NANOS)) {
      return;
    }
    last = now;
    drawn = true;
    double seconds = (now - start) / 1e9;
    double left = share > 0 ? seconds * (1 - share) / share : Double.NaN;
    String tail =
        String.format(
            Locale.ROOT,
            "%s%s %d/%d  %s%s%s%s",
            whole.before,
            label,
            done,
            total,
            end ? clock(seconds) : clock(left) + " left",
            end ? "" : whole.after.apply(left),
            note.isEmpty() ? "" : "  ",
            note);
    if (columns > 0) {
      int filled = (int) (WIDTH * done / Math.max(1, total));
      String bar = "[" + "#".repeat(filled) + "-".repeat(WIDTH - filled) + "] " + tail;
      // A line that wraps is not drawn over but left behind; the last column is the cursor's.
      out.print("\r" + bar.substring(0, Math.min(bar.length(), columns - 1)) + "\033[K");
      out.flush();
    } else {
      out.println(tail);
    }
  }

  /** Seconds as people read them. */
  public static String clock(double seconds) {
    if (Double.isNaN(seconds)) {
      return "?";
    }
    long s = Math.round(seconds);
    return s < 60 ? s + " s" : String.format(Locale.ROOT, "%d:%02d min", s / 60, s % 60);
  }

  @Override
  public void close() {
    if (columns > 0 && drawn) {
      out.println();
    }
  }
}
