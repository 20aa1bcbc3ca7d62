package org.unlearn4j.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What executors save of an evaluation and of a study of the embedded benchmark, and what units
 * cost. No test of every build: {@code mvn -f spark/pom.xml test -Dtest=SpeedupMeasured}, a few
 * minutes on a machine that does nothing else.
 */
class SpeedupMeasured {
  private static final int UNITS = Integer.getInteger("units", 4);

  @TempDir Path temp;

  /** What is made the same on one machine and on executors. */
  private interface Work {
    /** The command, whose results are below a folder. */
    String[] command(Path out) throws IOException;

    /** All that must be the same. */
    String made(Path out) throws IOException;
  }

  private final class Evaluation implements Work {
    @Override
    public String[] command(Path out) throws IOException {
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
      String command =
          "evaluate --model models/fable-target --runtime tf --pipeline " + pipeline + " --out ";
      return (command + out.resolve("t.json")).split(" ", -1);
    }

    @Override
    public String made(Path out) throws IOException {
      return LocalCluster.timeless(out.resolve("t.json"));
    }
  }

  /** The CLReg table's, of two methods, one seed and few rows: four runs. */
  private final class ClRegStudy implements Work {
    @Override
    public String[] command(Path out) throws IOException {
      Path study =
          Files.writeString(
              temp.resolve("s.yaml"),
              """
              name: few
              pipeline: ROOT/pipeline/fable.yaml
              set: {data.forget: forget01, data.max_length: 64, unlearn.epochs: 2,
                    evaluate.limit: 8, evaluate.max_new_tokens: 8, evaluate.threads: 1}
              seeds: [0]
              columns: [forget_prob, model_utility, entanglement]
              addition:
                name: CLReg
                without: {unlearn.clreg.weight: 0}
                with: {unlearn.clreg: {weight: 0.02, layers: [last], pooling: mean, view: mask}}
              methods:
                GradDiff:
                  unlearn.objective: {name: GradDiff, alpha: 8.0, retain: NLL}
                  unlearn.learning_rate: 2.0e-4
                NPO:
                  unlearn.objective: {name: NPO, beta: 0.2, alpha: 8.0, retain: NLL}
                  unlearn.learning_rate: 8.0e-4
              """
                  .replace("ROOT", LocalCluster.ROOT.toString()));
      return new String[] {"study", "--file", study.toString(), "--out", out.toString()};
    }

    /** The table, and every run's weights. */
    @Override
    public String made(Path out) throws IOException {
      StringBuilder made = new StringBuilder(Files.readString(out.resolve("table.csv")));
      try (Stream<Path> files = Files.walk(out)) {
        for (Path file : files.filter(f -> f.endsWith("model.safetensors")).sorted().toList()) {
          byte[] weights = Files.readAllBytes(file);
          made.append(out.relativize(file)).append(' ').append(Arrays.hashCode(weights));
        }
      }
      return made.toString();
    }
  }

  /** Seconds of the units and of what puts them together, without the start of Spark. */
  private double on(int executors, Work work, String due) throws IOException {
    Path out = temp.resolve("on" + executors);
    try (LocalCluster cluster = new LocalCluster(executors)) {
      long start = System.nanoTime();
      int code = cluster.run(LocalCluster.ROOT.toString(), UNITS, work.command(out));
      double seconds = (System.nanoTime() - start) / 1e9;
      assertEquals(0, code, cluster.log());
      assertEquals(due, work.made(out));
      cluster.log().lines().filter(l -> l.startsWith("[")).forEach(System.out::println);
      return seconds;
    }
  }

  private void measure(String name, Work work) throws IOException {
    System.out.println("load " + Files.readString(Path.of("/proc/loadavg")).strip());
    Path out = temp.resolve("local");
    long start = System.nanoTime();
    Outcome outcome =
        new Commands(LocalCluster.HOME, LocalCluster.ROOT, 1)
            .run(Arrays.asList(work.command(out)), "here", line -> {});
    double local = (System.nanoTime() - start) / 1e9;
    assertEquals(0, outcome.code(), outcome.failure("local"));
    String due = work.made(out);
    double one = on(1, work, due);
    double two = on(2, work, due);
    // The work is the same; what one executor needs longer is what cutting it has cost.
    System.out.printf(
        Locale.ROOT,
        "%s local %.1f s; %d units: 1 executor %.1f s, 2 executors %.1f s, %.2f times as fast; %.2f"
            + " s a unit, the same %d bytes%n",
        name,
        local,
        UNITS,
        one,
        two,
        one / two,
        (one - local) / UNITS,
        due.getBytes(StandardCharsets.UTF_8).length);
  }

  @Test
  void anEvaluation() throws IOException {
    measure("evaluation", new Evaluation());
  }

  @Test
  void aStudy() throws IOException {
    measure("study", new ClRegStudy());
  }
}
