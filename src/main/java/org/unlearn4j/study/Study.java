package org.unlearn4j.study;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.eval.EvalSet;

/**
 * What is to be run and what of it is to be shown; see {@link #read}.
 *
 * @param sets changes to the pipeline that the command line asked for
 * @param columns of the table, in their order
 * @param addition the name of what each method is tried with and without; empty where methods are
 *     compared as they are
 * @param runs in the order in which they are run: without and with the addition next to each other,
 *     so that the times of the two are of one state of the machine
 */
public record Study(
    String name,
    Path file,
    List<String> sets,
    List<Column> columns,
    Optional<String> addition,
    List<Long> seeds,
    List<Run> runs) {

  /** A row of the table: a method, with or without the addition. */
  public record Variant(String method, boolean added) {}

  /**
   * One run of one seed.
   *
   * @param name of its folder
   */
  public record Run(String name, Variant variant, long seed, Pipeline pipeline) {}

  public Study {
    sets = List.copyOf(sets);
    columns = List.copyOf(columns);
    seeds = List.copyOf(seeds);
    runs = List.copyOf(runs);
  }

  /**
   * Reads a study file.
   *
   * <pre>
   * name: clreg-table
   * pipeline: pipeline/fable.yaml        # what all runs share
   * set: {evaluate.limit: 100}           # changes to it, by dotted key; a block is replaced whole
   * seeds: [0, 1, 2]
   * columns: [forget_prob, model_utility, entanglement, "cosine@0", step_seconds]
   * addition:                            # optional
   *   name: CLReg
   *   without: {unlearn.clreg.weight: 0}
   *   with: {unlearn.clreg.weight: 0.1}
   * methods:
   *   NPO: {unlearn.objective: {name: NPO}, unlearn.learning_rate: 5.0e-4}
   *   RMU:
   *     unlearn.objective: {name: RMU, layer: 2}
   *     with: {unlearn.clreg.weight: 0.5}   # only where the addition is
   * </pre>
   *
   * @param sets further changes to the pipeline, each {@code a.b=c}
   * @throws org.unlearn4j.base.UserException naming every mistake at once, each with its line
   */
  public static Study read(Path file, List<String> sets) {
    return new StudyReader(file, sets).read();
  }

  /** The settings of data, models and evaluation, which all runs share. */
  Pipeline shared() {
    return runs.get(0).pipeline();
  }

  /** Methods in their order, without those with the addition. */
  List<Variant> variants() {
    return runs.stream().map(Run::variant).distinct().toList();
  }

  String label(Variant variant) {
    return variant.added ? variant.method + " + " + addition.orElseThrow() : variant.method;
  }

  /** Roles of the sets whose questions have to be answered for the columns. */
  Set<EvalSet.Role> generated() {
    Set<EvalSet.Role> roles = EnumSet.noneOf(EvalSet.Role.class);
    columns.forEach(c -> roles.addAll(c.generated()));
    return roles;
  }
}
