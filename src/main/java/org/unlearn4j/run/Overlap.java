package org.unlearn4j.run;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.data.Benchmark;
import org.unlearn4j.data.QaExample;

/** Whether two pipelines forget some of the same, so that the one says nothing about the other. */
public final class Overlap {
  private Overlap() {}

  /**
   * Questions to forget that both have.
   *
   * @throws org.unlearn4j.base.UserException if the data of one is at fault
   */
  public static int ofForgotten(Pipeline a, Pipeline b) {
    Set<String> both = new HashSet<>(questions(a));
    both.retainAll(questions(b));
    return both.size();
  }

  private static List<String> questions(Pipeline pipeline) {
    Benchmark data = Benchmark.open(pipeline.data().benchmark().spelling(), pipeline.data().path());
    return data.forget(pipeline.data().forget()).stream().map(QaExample::question).toList();
  }
}
