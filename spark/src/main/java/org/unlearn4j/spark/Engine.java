package org.unlearn4j.spark;

import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * Runs the units of a plan as tasks, and then what puts them together.
 *
 * @param spark where
 * @param log for progress and failures
 */
public record Engine(JavaSparkContext spark, PrintStream log) {

  /**
   * Runs every unit, on whatever executor, and the whole on this machine. A unit that machines
   * failed more often than {@code spark.task.maxFailures} allows ends it with Spark's exception.
   *
   * @param out told what the whole command printed
   * @return its exit code; where units failed, the first one's, and the whole is not begun
   * @throws IOException if the project cannot be reached
   */
  public int run(Plan plan, PrintStream out) throws IOException {
    spark.sc().addSparkListener(new Display(plan, log));
    List<Integer> numbers = IntStream.range(0, plan.units()).boxed().toList();
    List<Outcome> outcomes = spark.parallelize(numbers, plan.units()).map(new Unit(plan)).collect();
    int code = 0;
    for (int i = 0; i < outcomes.size(); i++) {
      Outcome outcome = outcomes.get(i);
      if (!outcome.done()) {
        log.println(outcome.failure(plan.name(i)));
        code = code == 0 ? outcome.code() : code;
      }
    }
    if (code != 0) {
      return code;
    }
    Project project = new Project(plan.project(), spark.hadoopConfiguration(), Unit.scratch());
    int threads = spark.getConf().getInt("spark.task.cpus", 1); // as the units: the same bytes
    Commands commands = new Commands(Unit.home(plan.home()), project.folder(), threads);
    Outcome whole = commands.run(plan.whole(), "the driver", log::println);
    project.give();
    whole.out().forEach(out::println);
    return whole.code();
  }
}
