package org.unlearn4j.faults;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.unlearn4j.base.AtomicFiles;

/**
 * Kills commands without notice at random moments, asks for them again until they are done, and
 * holds what they made against what an unbroken one makes: {@code make kills KILLS=200 SEED=1}.
 */
public final class Killed {
  private static final Path HERE = Path.of("target/kills");

  /** One folder is killed at most so often before it may finish. */
  private static final int MOST_IN_A_ROW = 8;

  private final Random random;
  private final WritingCommands commands;
  private final Map<String, Made> unbroken = new LinkedHashMap<>();
  private final Map<String, Integer> kills = new TreeMap<>();
  private final List<String> lost = new ArrayList<>();

  /** What a command makes, and how long it takes. */
  private record Made(Map<String, String> content, double seconds) {}

  private Killed(long seed) throws IOException, InterruptedException {
    random = new Random(seed);
    AtomicFiles.deleteTree(HERE);
    commands = new WritingCommands(HERE.toAbsolutePath());
  }

  /**
   * Kills so many times and says what was lost; exit code 1 if anything was.
   *
   * @param args number of kills, seed
   */
  public static void main(String[] args) throws IOException, InterruptedException {
    int wanted = Integer.parseInt(args[0]);
    Killed killed = new Killed(Long.parseLong(args[1]));
    long start = System.nanoTime();
    for (String name : killed.commands.names()) {
      killed.whole(name);
    }
    System.out.println("unbroken: " + killed.commands.names());
    int rounds = 0;
    while (killed.kills() < wanted) {
      List<String> names = killed.commands.names();
      killed.round(names.get(rounds % names.size()), rounds, wanted);
      rounds++;
    }
    killed.lost.forEach(System.out::println);
    System.out.printf(
        Locale.ROOT,
        "%d kills (%s) in %.1f min, %d results: %d lost or other than unbroken%n",
        killed.kills(),
        killed.kills,
        (System.nanoTime() - start) / 60e9,
        rounds,
        killed.lost.size());
    System.exit(killed.lost.isEmpty() ? 0 : 1);
  }

  private int kills() {
    return kills.values().stream().mapToInt(Integer::intValue).sum();
  }

  private void whole(String name) throws IOException, InterruptedException {
    Path folder = HERE.resolve("unbroken").resolve(name);
    long start = System.nanoTime();
    int code = ended(commands.start(name, folder), Double.POSITIVE_INFINITY);
    if (code < 0 || code > 1) {
      throw new IllegalStateException(name + " ended with " + code + "; see " + HERE);
    }
    unbroken.put(name, new Made(commands.made(name, folder), (System.nanoTime() - start) / 1e9));
  }

  private void round(String name, int number, int wanted) throws IOException, InterruptedException {
    Path folder = HERE.resolve("broken").resolve(number + "-" + name);
    int here = 0;
    int code;
    do {
      boolean more = here < MOST_IN_A_ROW && kills() < wanted;
      double seconds =
          more ? random.nextDouble() * unbroken.get(name).seconds : Double.POSITIVE_INFINITY;
      code = ended(commands.start(name, folder), seconds);
      if (code < 0) {
        kills.merge(name, 1, Integer::sum);
        here++;
      }
    } while (code < 0);
    String what = "round " + number + ", " + name + ", killed " + here + " times: ";
    int before = lost.size();
    if (code > 1) {
      lost.add(what + "ended with " + code);
    } else {
      Map<String, String> made = commands.made(name, folder);
      Map<String, String> expected = unbroken.get(name).content;
      if (!made.equals(expected)) {
        made.entrySet().removeAll(expected.entrySet());
        lost.add(what + "other than unbroken: " + made.keySet());
      }
      List<String> left = TinyProject.left(folder);
      if (!left.isEmpty()) {
        lost.add(what + "left " + left);
      }
    }
    System.out.println(what + (lost.size() == before ? "as unbroken" : "LOST"));
    if (lost.size() == before) {
      AtomicFiles.deleteTree(folder);
    }
    AtomicFiles.deleteTree(commands.temporary());
  }

  /**
   * Waits for the end, or kills.
   *
   * @return the exit code; -1 where it was killed
   */
  private static int ended(Process process, double seconds) throws InterruptedException {
    if (!Double.isInfinite(seconds)
        && !process.waitFor((long) (1000 * seconds), TimeUnit.MILLISECONDS)) {
      List<ProcessHandle> children = process.descendants().toList();
      process.destroyForcibly(); // SIGKILL
      process.waitFor();
      for (ProcessHandle child : children) {
        child.onExit().orTimeout(10, TimeUnit.SECONDS).join(); // they see that nobody is there
      }
      return -1;
    }
    return process.waitFor();
  }
}
