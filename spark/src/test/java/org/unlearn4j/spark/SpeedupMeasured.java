package org.unlearn4j.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What executors save of an evaluation of the embedded benchmark, and what units cost. No test of
 * every build: {@code mvn -f spark/pom.xml test -Dtest=SpeedupMeasured}, a few minutes on a machine
 * that does nothing else.
 */
class SpeedupMeasured {
  private static final int UNITS = Integer.getInteger("units", 4);

  @TempDir Path temp;

  private String[] evaluate(String out) throws IOException {
    Path pipeline =
        Files.writeString(
            temp.resolve("p.yaml"),
            """
            name: speedup
            model: {path: models/fable-target}
            data: {benchmark: fable, max_length: 128}
            unlearn: {objective: {name: NPO}}
            evaluate: {threads: 1}
            """);
    return new String[] {
      "evaluate",
      "--pipeline",
      pipeline.toString(),
      "--model",
      "models/fable-target",
      "--runtime",
      "tf",
      "--out",
      temp.resolve(out).toString()
    };
  }

  /** Seconds of the units and of what puts them together, without the start of Spark. */
  private double on(int executors, String due) throws IOException {
    String out = executors + "/t.json";
    try (LocalCluster cluster = new LocalCluster(executors)) {
      long start = System.nanoTime();
      int code = cluster.run(LocalCluster.ROOT.toString(), UNITS, evaluate(out));
      double seconds = (System.nanoTime() - start) / 1e9;
      assertEquals(0, code, cluster.log());
      assertEquals(due, LocalCluster.timeless(temp.resolve(out)));
      cluster.log().lines().filter(l -> l.startsWith("[")).forEach(System.out::println);
      return seconds;
    }
  }

  @Test
  void oneAndTwoExecutors() throws IOException {
    long start = System.nanoTime();
    String due = LocalCluster.local(evaluate("local/t.json"));
    double local = (System.nanoTime() - start) / 1e9;
    double one = on(1, due);
    double two = on(2, due);
    // The work is the same; what one executor needs longer is what cutting it has cost.
    System.out.printf(
        Locale.ROOT,
        "local %.1f s; %d units: 1 executor %.1f s, 2 executors %.1f s, %.2f times as fast; %.2f s"
            + " a unit%n",
        local,
        UNITS,
        one,
        two,
        one / two,
        (one - local) / UNITS);
  }
}
