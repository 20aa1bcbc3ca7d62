package org.unlearn4j.spark;

import java.io.Serializable;
import java.util.List;

/**
 * How a command ended.
 *
 * @param code its exit code
 * @param out what it printed
 * @param log the last lines that it wrote to standard error
 * @param where the machine and the executor
 * @param seconds how long it took
 */
public record Outcome(int code, List<String> out, List<String> log, String where, double seconds)
    implements Serializable {
  private static final int DONE = 0;
  private static final int MACHINE = 3;

  /** What a process ends with that a signal has ended. */
  private static final int SIGNAL = 128;

  public Outcome {
    out = List.copyOf(out);
    log = List.copyOf(log);
  }

  boolean done() {
    return code == DONE;
  }

  /** Whether another machine may do better: not where the input is at fault, or the program. */
  boolean worthAnotherTry() {
    return code == MACHINE || code > SIGNAL;
  }

  /** In a sentence, with what the command said. */
  String failure(String unit) {
    return unit + " on " + where + " ended with exit code " + code + ":\n" + String.join("\n", log);
  }
}
