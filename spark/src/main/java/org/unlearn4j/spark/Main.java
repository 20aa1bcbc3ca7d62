package org.unlearn4j.spark;

import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;

/** What {@code spark-submit} starts. */
public final class Main {
  private static final int USER = 2;
  private static final int MACHINE = 3;

  private Main() {}

  /** Ends with the exit code of the command, or of the unit that failed. */
  public static void main(String... args) {
    Plan plan;
    try {
      plan = Plan.parse(args);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.exit(USER);
      return;
    }
    int code;
    try (JavaSparkContext spark = new JavaSparkContext(new SparkConf())) {
      code = new Engine(spark, System.err).run(plan, System.out);
    } catch (Exception e) { // whatever Spark's Scala throws: what it says, and no stack
      System.err.println(e.getMessage());
      code = MACHINE;
    }
    System.exit(code);
  }
}
