package org.unlearn4j.job;

import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.unlearn4j.base.ProgressBar;
import org.unlearn4j.stage.Stage;
import org.unlearn4j.stage.StageGraph;
import org.unlearn4j.stage.StageGraph.Decision;

/**
 * One display for a whole run: which stage of how many, why it runs, and how long all of it will
 * take. A stage takes what it took the last time; one that never ran takes its usual share of a
 * run, at the speed of the stages that did.
 */
public final class RunProgress implements StageGraph.Listener {
  private static final int SHORT = 3;
  private static final int NAMED = 3;

  /** Seconds that kinds of stages take on the embedded benchmark, beside each other. */
  private static final Map<String, Double> USUAL =
      Map.of(
          "finetune", 300.0,
          "unlearn", 40.0,
          "export", 1.5,
          "evaluate", 8.0,
          "verify", 8.0,
          "relearn", 30.0,
          "report", 2.0);

  private final PrintStream results;
  private final PrintStream log;

  /** Seconds that each stage will take, as far as it has not run. */
  private final Map<String, Double> expected = new LinkedHashMap<>();

  private final Map<String, Double> known = new LinkedHashMap<>();
  private double usualDone;
  private double secondsDone;
  private int begun;

  /**
   * A display.
   *
   * @param planned what is to run
   * @param results told what stages found that say it in few lines
   * @param log told what happens
   */
  public RunProgress(List<StageGraph.Planned> planned, PrintStream results, PrintStream log) {
    this.results = results;
    this.log = log;
    for (StageGraph.Planned p : planned) {
      if (p.decision() != Decision.CURRENT) {
        expected.put(p.stage(), usual(p.stage()));
        if (!Double.isNaN(p.seconds())) {
          known.put(p.stage(), p.seconds());
        }
      }
    }
  }

  private static double usual(String stage) {
    return USUAL.getOrDefault(stage.split(" ", 2)[0], 1.0);
  }

  /** Seconds left, of the stages that have not begun. */
  private synchronized double left() {
    double speed = usualDone == 0 ? 1 : secondsDone / usualDone;
    return expected.entrySet().stream()
        .mapToDouble(e -> known.getOrDefault(e.getKey(), e.getValue() * speed))
        .sum();
  }

  @Override
  public void begin(Stage stage, List<String> reasons) {
    String number;
    synchronized (this) {
      int before = begun + expected.size();
      expected.remove(stage.name());
      begun++;
      number = "[" + begun + "/" + Math.max(before, begun) + "] ";
    }
    log.println("==> " + number + stage.name() + ": " + reasons(reasons));
    ProgressBar.partOf(number, seconds -> "; run " + ProgressBar.clock(seconds + left()) + " left");
  }

  private static String reasons(List<String> reasons) {
    String first = String.join("; ", reasons.subList(0, Math.min(NAMED, reasons.size())));
    int more = reasons.size() - NAMED;
    return more > 0 ? first + "; and " + more + " more" : first;
  }

  @Override
  public void done(Stage stage, Stage.Done done, double seconds) {
    synchronized (this) {
      usualDone += usual(stage.name());
      secondsDone += seconds;
    }
    if (done.lines().size() <= SHORT || !done.pass()) {
      done.lines().forEach(results::println);
    }
    log.printf(
        Locale.ROOT,
        "    %s took %s%s%n",
        stage.name(),
        ProgressBar.clock(seconds),
        left() > 0 ? "; about " + ProgressBar.clock(left()) + " left" : "");
  }

  @Override
  public void ended(Stage stage) {
    ProgressBar.partOfNothing();
  }

  @Override
  public synchronized void current(Stage stage) {
    expected.remove(stage.name());
  }

  @Override
  public void waiting(String sentence) {
    log.println(sentence);
  }
}
