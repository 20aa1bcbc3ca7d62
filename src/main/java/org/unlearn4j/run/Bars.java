package org.unlearn4j.run;

import java.util.Locale;
import org.unlearn4j.base.ProgressBar;
import org.unlearn4j.eval.Progress;

/** One bar a stage of measuring. */
final class Bars implements Progress, AutoCloseable {
  private final String subject;
  private String stage = "";
  private ProgressBar bar;
  private long begun;
  private int first;

  Bars(String subject) {
    this.subject = subject;
  }

  @Override
  public void update(String name, int done, int total) {
    update(name, done, total, (double) done / total);
  }

  @Override
  public void begin(String name, int done, int total) {
    close();
    stage = name;
    bar = ProgressBar.named(subject + ": " + name);
    begun = System.nanoTime();
    first = done;
  }

  @Override
  public void update(String name, int done, int total, double share) {
    if (!name.equals(stage)) {
      begin(name, 0, total);
    }
    double seconds = (System.nanoTime() - begun) / 1e9;
    // The first rows of a pass take no time that a clock could see.
    String rate =
        seconds < 0.01 ? "" : String.format(Locale.ROOT, "%.0f rows/s", (done - first) / seconds);
    bar.update(done, total, share, rate);
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
