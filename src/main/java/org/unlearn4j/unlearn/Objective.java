package org.unlearn4j.unlearn;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * {@code total = gamma * forget + alpha * retain + lambda * CLReg}, each part optional. Lambda is
 * fed every step, because it may warm up; gamma and alpha are constants of the graph.
 */
public record Objective(
    String name,
    Optional<Term> forget,
    double gamma,
    Optional<Term> retain,
    double alpha,
    Optional<ClReg> clReg) {

  /** Ordinary training on the retain segment. */
  public static Objective finetune() {
    return new Objective(
        "NLL",
        Optional.empty(),
        0,
        Optional.of(new MeanNll(Segment.RETAIN, 1)),
        1,
        Optional.empty());
  }

  /** CLReg alone, for probing it. */
  public static Objective clRegOnly(ClReg clReg) {
    return new Objective("CLReg", Optional.empty(), 0, Optional.empty(), 0, Optional.of(clReg));
  }

  /** The same with a regulariser. */
  public Objective with(ClReg regulariser) {
    return new Objective(name, forget, gamma, retain, alpha, Optional.of(regulariser));
  }

  List<Term> terms() {
    List<Term> terms = new ArrayList<>();
    forget.ifPresent(terms::add);
    retain.ifPresent(terms::add);
    clReg.ifPresent(terms::add);
    return terms;
  }

  /** Segments that some term reads. */
  public Set<Segment> segments() {
    Set<Segment> all = EnumSet.noneOf(Segment.class);
    terms().forEach(t -> all.addAll(t.segments()));
    return all;
  }

  /** Segments whose rows need a number from the reference model. */
  public Set<Segment> referenceNll() {
    Set<Segment> all = EnumSet.noneOf(Segment.class);
    terms().forEach(t -> all.addAll(t.referenceNll()));
    return all;
  }
}
