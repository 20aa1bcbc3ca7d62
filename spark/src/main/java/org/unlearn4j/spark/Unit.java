package org.unlearn4j.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkEnv;
import org.apache.spark.SparkFiles;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.Function;

/**
 * A unit of work on an executor.
 *
 * @param plan of which it is a unit
 */
record Unit(Plan plan) implements Function<Integer, Outcome> {
  private static final long serialVersionUID = 1L;

  /**
   * Does it.
   *
   * @param unit its number, from 0
   * @throws IOException if the machine failed: Spark tries another one
   */
  @Override
  public Outcome call(Integer unit) throws IOException {
    String where = SparkEnv.get().blockManager().blockManagerId().host();
    where += ", executor " + SparkEnv.get().executorId();
    Project project = new Project(plan.project(), new Configuration(), scratch());
    Commands commands = new Commands(home(plan.home()), project.folder(), TaskContext.get().cpus());
    Outcome outcome;
    try {
      outcome = commands.run(plan.unit(unit), where, System.err::println);
    } catch (UncheckedIOException e) {
      throw new IOException(plan.name(unit) + " on " + e.getMessage(), e);
    }
    if (outcome.worthAnotherTry()) {
      throw new IOException(outcome.failure(plan.name(unit)));
    }
    project.give();
    return outcome;
  }

  /** What is not of this machine lies where Spark has unpacked it for this process. */
  static Path home(String home) {
    return Path.of(home).isAbsolute() ? Path.of(home) : Path.of(SparkFiles.get(home));
  }

  /** A folder of this thread: two units at once never share a copy. */
  static Path scratch() {
    return Path.of(SparkFiles.getRootDirectory(), "project-" + Thread.currentThread().getId());
  }
}
