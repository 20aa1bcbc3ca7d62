package org.unlearn4j.spark;

import java.io.PrintStream;
import java.util.Locale;
import org.apache.spark.TaskFailedReason;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorAdded;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.TaskInfo;

/** Tells of executors that come and go, and of every unit as it ends. */
final class Display extends SparkListener {
  private final Plan plan;
  private final PrintStream log;
  private int ended;

  Display(Plan plan, PrintStream log) {
    this.plan = plan;
    this.log = log;
  }

  @Override
  public void onExecutorAdded(SparkListenerExecutorAdded e) {
    log.printf(
        Locale.ROOT,
        "executor %s on %s: %d threads%n",
        e.executorId(),
        e.executorInfo().executorHost(),
        e.executorInfo().totalCores());
  }

  @Override
  public void onExecutorRemoved(SparkListenerExecutorRemoved e) {
    log.println("executor " + e.executorId() + " is gone (" + first(e.reason()) + ")");
  }

  @Override
  public void onTaskEnd(SparkListenerTaskEnd e) {
    TaskInfo task = e.taskInfo();
    String name = plan.name(task.index());
    String where = task.host() + ", executor " + task.executorId();
    if (e.reason() instanceof TaskFailedReason failed) {
      log.println(name + " on " + where + " failed: " + first(failed.toErrorString()));
      return;
    }
    ended++;
    log.printf(
        Locale.ROOT,
        "[%d/%d] %s on %s: %.1f s%n",
        ended,
        plan.units(),
        name,
        where,
        task.duration() / 1e3);
  }

  /** Without the stack: what the command itself said follows when no machine is left to try. */
  private static String first(String text) {
    return text.lines().limit(4).reduce((a, b) -> a + "\n  " + b).orElse("");
  }
}
