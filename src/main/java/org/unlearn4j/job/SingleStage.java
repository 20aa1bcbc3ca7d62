package org.unlearn4j.job;

import java.io.PrintStream;
import java.util.List;
import org.unlearn4j.stage.Stage;
import org.unlearn4j.stage.StageGraph;

/** Tells what a command for one stage found, and why it made something else first. */
record SingleStage(String wanted, PrintStream results, PrintStream log)
    implements StageGraph.Listener {
  @Override
  public void begin(Stage stage, List<String> reasons) {
    if (!stage.name().equals(wanted)) {
      log.println(stage.output() + ": " + String.join("; ", reasons) + ": made now.");
    }
  }

  @Override
  public void done(Stage stage, Stage.Done done, double seconds) {
    if (stage.name().equals(wanted)) {
      done.lines().forEach(results::println);
    }
  }

  @Override
  public void ended(Stage stage) {
    // nothing to clear up
  }

  @Override
  public void current(Stage stage) {
    if (stage.name().equals(wanted)) {
      results.println(stage.output() + ": there, and of these inputs");
    }
  }

  @Override
  public void waiting(String sentence) {
    log.println(sentence);
  }
}
