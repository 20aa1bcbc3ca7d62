package org.unlearn4j.unlearn;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.unlearn4j.config.CombineSettings;
import org.unlearn4j.nn.Parameter;

/**
 * {@code total = gamma * forget + alpha * retain + lambda * regulariser}, each part optional. Alpha
 * and lambda are fed every step, because a dual variable moves and a regulariser warms up; gamma is
 * a constant of the graph.
 *
 * @param name for messages
 * @param dual the retain loss is a constraint, and alpha its multiplier
 * @param learning which parameters are trained
 * @param quantization the loss is that of the weights as they will be deployed
 * @param floor how unlikely rows may become
 * @param robust the forget part is taken at weights that an attack has moved, the rest where they
 *     are
 * @param combine what the optimiser gets of forget and retain gradient; empty: their sum
 * @param balancing weight of the loss that balances experts; 0: none
 */
public record Objective(
    String name,
    Optional<Weighted> forget,
    Optional<Weighted> retain,
    Optional<Regulariser> regulariser,
    Optional<Dual> dual,
    Learning learning,
    Optional<QuantizationAware> quantization,
    Optional<Floored> floor,
    boolean robust,
    Optional<CombineSettings> combine,
    double balancing) {

  /** Ordinary training on the retain segment. */
  public static Objective finetune() {
    return of("NLL", null, new Weighted(new MeanNll(Segment.RETAIN, 1), 1));
  }

  /** A regulariser alone, for probing it. */
  public static Objective only(Regulariser regulariser) {
    return of("regulariser", null, null).with(regulariser);
  }

  /** Forget and retain part, either of which may be null. */
  static Objective of(String name, Weighted forget, Weighted retain) {
    return new Objective(
        name,
        Optional.ofNullable(forget),
        Optional.ofNullable(retain),
        Optional.empty(),
        Optional.empty(),
        Learning.ALL,
        Optional.empty(),
        Optional.empty(),
        false,
        Optional.empty(),
        0);
  }

  /** The same with a regulariser. */
  public Objective with(Regulariser added) {
    return new Objective(
        name,
        forget,
        retain,
        Optional.of(added),
        dual,
        learning,
        quantization,
        floor,
        robust,
        combine,
        balancing);
  }

  Objective with(Dual added) {
    return new Objective(
        name,
        forget,
        retain,
        regulariser,
        Optional.of(added),
        learning,
        quantization,
        floor,
        robust,
        combine,
        balancing);
  }

  /** The same on fewer parameters: those of these names that are trained now. */
  public Objective training(Set<String> names) {
    return learning(learning.only(names));
  }

  /** The same through adapters. */
  public Objective adapting(Adaptation adaptation) {
    return learning(learning.through(adaptation));
  }

  private Objective learning(Learning other) {
    return new Objective(
        name,
        forget,
        retain,
        regulariser,
        dual,
        other,
        quantization,
        floor,
        robust,
        combine,
        balancing);
  }

  /** The forget loss alone, unweighted and in full precision, on the same parameters. */
  public Objective forgetting() {
    return new Objective(
        name,
        forget.map(w -> new Weighted(w.term(), 1)),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        learning,
        Optional.empty(),
        Optional.empty(),
        false,
        Optional.empty(),
        0);
  }

  /** The same of weights as they will be deployed. */
  public Objective with(QuantizationAware added) {
    return new Objective(
        name,
        forget,
        retain,
        regulariser,
        dual,
        learning,
        Optional.of(added),
        floor,
        robust,
        combine,
        balancing);
  }

  /** The same with floors. */
  public Objective with(Floored added) {
    return new Objective(
        name,
        forget,
        retain,
        regulariser,
        dual,
        learning,
        quantization,
        Optional.of(added),
        robust,
        combine,
        balancing);
  }

  /** The same, its forget part taken at weights that an attack has moved. */
  public Objective robustly() {
    return new Objective(
        name,
        forget,
        retain,
        regulariser,
        dual,
        learning,
        quantization,
        floor,
        true,
        combine,
        balancing);
  }

  /** The same, its gradients combined by a rule. */
  public Objective combining(CombineSettings added) {
    return new Objective(
        name,
        forget,
        retain,
        regulariser,
        dual,
        learning,
        quantization,
        floor,
        robust,
        Optional.of(added),
        balancing);
  }

  /** Whether a step runs each part by itself. */
  public boolean apart() {
    return robust || combine.isPresent();
  }

  /** The same with a loss that balances experts. */
  Objective balancing(double weight) {
    return new Objective(
        name,
        forget,
        retain,
        regulariser,
        dual,
        learning,
        quantization,
        floor,
        robust,
        combine,
        weight);
  }

  /** What pulls rows up that have fallen below their floor. */
  Optional<Weighted> pull() {
    return floor.filter(f -> f.pull() > 0).map(f -> new Weighted(new FloorPull(), f.pull()));
  }

  /** Alpha as training begins; 0 without a retain loss. */
  public double alpha() {
    return retain.map(Weighted::weight).orElse(0.0);
  }

  /** Whether a step reads the weights as they will be deployed. */
  public boolean quantizes(int step) {
    return quantization.map(q -> q.at(step)).orElse(false);
  }

  /** Whether a parameter of the model is trained. */
  public boolean trains(Parameter p) {
    return learning.trains(p);
  }

  /** Segments that some term reads. */
  public Set<Segment> segments() {
    return union(Term::segments);
  }

  /** Segments of which likelihoods or logits are read. */
  public Set<Segment> scored() {
    return union(Term::scored);
  }

  /** Segments whose logits are read, and not their likelihoods alone. */
  public Set<Segment> logits() {
    return union(Term::logits);
  }

  /** Segments whose rows need a number from the reference model. */
  public Set<Segment> referenceNll() {
    return union(Term::referenceNll);
  }

  /** Segments whose rows run through the frozen twin; none: there is no twin. */
  public Set<Segment> frozen() {
    Set<Segment> all = union(Term::frozenLogits);
    all.addAll(union(Term::frozenStates));
    return all;
  }

  /** Segments whose logits are read from the frozen twin. */
  public Set<Segment> frozenScored() {
    return union(Term::frozenLogits);
  }

  /** What the terms read of a kind. */
  Set<Segment> union(Function<Term, Set<Segment>> kind) {
    Set<Segment> all = EnumSet.noneOf(Segment.class);
    terms().forEach(t -> all.addAll(kind.apply(t)));
    return all;
  }

  private List<Term> terms() {
    List<Term> terms = new ArrayList<>();
    forget.ifPresent(w -> terms.add(w.term()));
    pull().ifPresent(w -> terms.add(w.term()));
    retain.ifPresent(w -> terms.add(w.term()));
    regulariser.ifPresent(terms::add);
    return terms;
  }
}
