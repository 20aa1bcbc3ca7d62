package org.unlearn4j.cli;

import java.io.PrintStream;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Map;
import org.unlearn4j.base.StopRequest;
import org.unlearn4j.base.Verbose;

/**
 * Ctrl-C, {@code kill} and a terminal that closes, for commands that keep what they have done. The
 * first one asks the work to stop, a second one ends the process at once, and so does time: who
 * sends a signal waits for seconds, not for the end of an epoch.
 *
 * <p>Not a shutdown hook: ONNX Runtime has one that closes what other threads still use. Java's
 * class for signals is in no standard module and the compiler warns of it whatever it is told, so
 * it is looked up; a Java without it does what Java does by itself, which is to end at once.
 */
final class Signals {
  private static final Map<String, Integer> NUMBERS = Map.of("HUP", 1, "INT", 2, "TERM", 15);

  /** By custom, what a process that a signal has ended is said to have ended with. */
  private static final int CODE = 128;

  private static final long PATIENCE_MILLIS = 9_000;

  private final PrintStream err;

  private Signals(PrintStream err) {
    this.err = err;
  }

  /** From now on signals ask. One that the process was started to ignore stays ignored. */
  static void handle(PrintStream err) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      MethodHandle raised =
          MethodHandles.lookup()
              .findVirtual(Signals.class, "raised", MethodType.methodType(void.class, Object.class))
              .bindTo(new Signals(err))
              .asType(MethodType.methodType(void.class, signal));
      Object ours = MethodHandleProxies.asInterfaceInstance(handler, raised);
      for (String name : NUMBERS.keySet()) {
        Object one = signal.getConstructor(String.class).newInstance(name);
        signal.getMethod("handle", signal, handler).invoke(null, one, ours);
      }
    } catch (ReflectiveOperationException e) {
      Verbose.line("Signals end this process at once (" + e + ").");
    }
  }

  /** Runs on a thread of its own for each signal. */
  void raised(Object signal) {
    String name = signal.toString().replace("SIG", "");
    int number = NUMBERS.getOrDefault(name, NUMBERS.get("TERM"));
    if (!StopRequest.ask(number)) {
      Ending.halt(CODE + number);
    }
    err.println("Stopping where nothing is lost (SIG" + name + "); a second signal ends it now.");
    try {
      Thread.sleep(PATIENCE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    err.println(
        "unlearn4j: found no place to stop within "
            + PATIENCE_MILLIS / 1000
            + " s and ends here; the last checkpoint and all that is whole are kept.");
    Ending.halt(CODE + number);
  }

  /** What to exit with: whoever asked to stop is told so, even if all was done by then. */
  static int exitCode(int code) {
    return StopRequest.signal().isPresent() ? CODE + StopRequest.signal().getAsInt() : code;
  }
}
