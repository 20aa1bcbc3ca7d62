package org.unlearn4j.text;

import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.interpret.Context.Library;
import com.hubspot.jinjava.random.RandomNumberGeneratorStrategy;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.unlearn4j.base.UserException;

/**
 * What a chat template may take and do. It is a program of whoever published the model: it may turn
 * messages into text, always the same one, and nothing else.
 */
final class TemplateLimits {
  /** Characters of a template; the longest published ones have some 20,000. */
  static final int SOURCE = 1 << 18;

  /** Characters that a template may add to the messages. */
  private static final long OUTPUT = 1_000_000;

  /**
   * Of processor time: a template takes a millisecond, so this is for one that does not end, and
   * not for a machine that has other things to do.
   */
  private static final long SECONDS = 5;

  /** Where the processor is somebody else's all the time. */
  private static final long WAITED = 120;

  /** Brackets within brackets; reading them takes the library the square of their number. */
  static final int DEPTH = 100;

  private static final long STACK = 16 << 20;
  private static final int ELEMENTS = 100_000;

  /** Read other files, of the class path at least. */
  private static final Set<String> TAGS = Set.of("include", "import", "from", "extends");

  /** Of chance and of the clock, or that run text as a template; none is in a template's rights. */
  private static final Set<String> FILTERS =
      Set.of(
          "random",
          "shuffle",
          "render",
          "datetimeformat",
          "format_date",
          "format_time",
          "format_datetime",
          "unixtimestamp",
          "strtotime",
          "strtodate",
          "minus_time",
          "plus_time",
          "between_times",
          "from_yaml",
          "fromyaml");

  /** By the library's own names, which begin with an empty name space. */
  private static final Set<String> FUNCTIONS =
      Set.of(
          ":today",
          ":unixtimestamp",
          ":datetimeformat",
          ":format_date",
          ":format_time",
          ":format_datetime",
          ":strtotime",
          ":strtodate");

  /** No exception: the library notes those down and goes on. */
  private static final class Stopped extends Error {
    private static final long serialVersionUID = 1L;
  }

  private TemplateLimits() {}

  /** Ends a template that has been given up; called wherever it looks something up. */
  static void checkTime() {
    if (Thread.currentThread().isInterrupted()) {
      throw new Stopped();
    }
  }

  /**
   * Sets the limits.
   *
   * @param input characters that the template is given
   */
  static JinjavaConfig.Builder apply(JinjavaConfig.Builder to, long input) {
    long most = OUTPUT + 8 * input;
    return to.withMaxOutputSize(most)
        .withMaxStringLength(most)
        .withMaxListSize(ELEMENTS)
        .withMaxMapSize(ELEMENTS)
        .withMaxRenderDepth(20)
        .withRandomNumberGeneratorStrategy(RandomNumberGeneratorStrategy.CONSTANT_ZERO)
        .withDisabled(
            Map.of(Library.TAG, TAGS, Library.FILTER, FILTERS, Library.FUNCTION, FUNCTIONS));
  }

  /** Whether a filter is one that templates may not use. */
  static boolean forbids(String filter) {
    return FILTERS.contains(filter);
  }

  /**
   * Reads or runs a template in a thread of its own, with room for deep expressions and an end.
   *
   * @throws UserException if it takes too long, is nested too deeply or fills memory, or what the
   *     work throws
   */
  static <T> T within(Path file, Callable<T> work) {
    FutureTask<T> task = new FutureTask<>(work);
    Thread thread = new Thread(null, task, "chat template", STACK);
    thread.setDaemon(true); // one that does not end keeps no program from ending
    thread.start();
    try {
      return result(task, thread);
    } catch (TimeoutException e) {
      task.cancel(true);
      throw mistake(file, "a template that takes more than " + SECONDS + " s", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof UserException u) {
        throw u;
      }
      throw mistake(file, why(e.getCause()), e);
    } catch (InterruptedException e) {
      task.cancel(true);
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while a template ran", e);
    }
  }

  private static <T> T result(FutureTask<T> task, Thread thread)
      throws TimeoutException, ExecutionException, InterruptedException {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    for (long waited = SECONDS; ; waited++) {
      try {
        return task.get(waited == SECONDS ? SECONDS : 1, TimeUnit.SECONDS);
      } catch (TimeoutException e) {
        boolean known = threads.isThreadCpuTimeSupported();
        long used = known ? threads.getThreadCpuTime(thread.getId()) : Long.MAX_VALUE;
        if (used >= TimeUnit.SECONDS.toNanos(SECONDS) || waited >= WAITED) {
          throw e;
        }
      }
    }
  }

  private static String why(Throwable cause) {
    if (cause instanceof StackOverflowError) {
      return "a template that is nested too deeply";
    }
    return cause instanceof OutOfMemoryError
        ? "a template that fills the memory"
        : "a template that fails (" + cause + ")";
  }

  private static UserException mistake(Path file, String found, Exception cause) {
    return UserException.at(file, "chat_template", found, "one that renders", cause);
  }
}
