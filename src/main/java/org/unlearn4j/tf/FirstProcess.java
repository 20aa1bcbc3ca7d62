package org.unlearn4j.tf;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.tensorflow.Graph;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.proto.ConfigProto;
import org.unlearn4j.base.ExitStatus;
import org.unlearn4j.base.MachineException;

/**
 * What this process, the first of several, has of the others: its server and the roll call. One for
 * all sessions of a process, because neither the server nor its port is ever given back.
 */
final class FirstProcess {
  /** TensorFlow's servers are the process's, as its devices are. */
  private static final Map<Processes, FirstProcess> STARTED = new ConcurrentHashMap<>();

  private static final Duration PATIENCE = Duration.ofMinutes(10);

  /** A process that ended is known at once where it is not silent. */
  private static final Duration TOLD = Duration.ofSeconds(2);

  private final TfServer server;
  private final RollCall roll;

  private FirstProcess(Processes processes, Device device) {
    roll = new RollCall(processes, RollCall.Pace.USUAL, processes.rollPort());
    server = TfServer.start(processes.server(0, device), processes.addresses().get(0));
    Runtime.getRuntime().addShutdownHook(new Thread(() -> roll.end(ExitStatus.failure())));
    System.err.println("waiting for " + (processes.count() - 1) + " of the processes " + processes);
    roll.awaitAll(PATIENCE);
  }

  /**
   * Starts this process's server once, and waits for the others.
   *
   * @throws MachineException if one does not come
   */
  static FirstProcess of(Processes processes, Device device) {
    return STARTED.computeIfAbsent(processes, p -> new FirstProcess(p, device));
  }

  /** A session on all of them; a run that waits for one that is gone ends. */
  TfServer.Opened session(Graph graph, ConfigProto config) {
    requireAll("a session", null);
    TfServer.Opened opened = server.session(graph, config);
    roll.whenGone(opened::cancel);
    return opened;
  }

  /** Whether all are there. Sessions are not closed otherwise: that would wait for ever. */
  boolean complete() {
    return roll.gone().isEmpty();
  }

  /** What a failed run means: somebody is gone, or what TensorFlow says. */
  RuntimeException failure(String what, TensorFlowException e) {
    if (!roll.gone(TOLD).isEmpty()) {
      requireAll(what, e);
    }
    return e;
  }

  private void requireAll(String what, TensorFlowException cause) {
    List<String> gone = roll.gone();
    if (!gone.isEmpty()) {
      throw new MachineException(
          what
              + ": the process at "
              + String.join(", ", gone)
              + " is gone; start all processes again, and training goes on from its checkpoint.",
          cause);
    }
  }
}
