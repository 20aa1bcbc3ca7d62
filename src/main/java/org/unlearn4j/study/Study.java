package org.unlearn4j.study;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.eval.EvalSet;
import org.unlearn4j.weights.Variant;

/**
 * What is to be run and what of it is to be shown; see {@link #read}.
 *
 * @param sets changes to the pipeline that the command line asked for
 * @param columns of the table, in their order
 * @param addition the name of what each method is tried with and without; empty where methods are
 *     compared as they are
 * @param formats number formats in which each unlearned model is exported and measured again
 * @param runs in the order in which they are run: without and with the addition next to each other,
 *     so that the times of the two are of one state of the machine
 */
public record Study(
    String name,
    Path file,
    List<String> sets,
    List<Column> columns,
    Optional<String> addition,
    List<Variant> formats,
    List<Long> seeds,
    List<Run> runs) {

  /**
   * A row of the table: a method, with or without the addition.
   *
   * @param format of the deployed file that was measured; empty for the trained weights
   */
  public record Row(String method, boolean added, Optional<Variant> format) {
    /** The row of trained weights. */
    Row(String method, boolean added) {
      this(method, added, Optional.empty());
    }

    Row in(Variant other) {
      return new Row(method, added, Optional.of(other));
    }

    Row withAddition() {
      return new Row(method, true, format);
    }
  }

  /**
   * One run of one seed.
   *
   * @param name of its folder
   * @param row of its trained weights
   */
  public record Run(String name, Row row, long seed, Pipeline pipeline) {}

  public Study {
    sets = List.copyOf(sets);
    columns = List.copyOf(columns);
    formats = List.copyOf(formats);
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
   * formats: [int8, int4]                # optional: what is exported and measured again
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

  /** Methods in their order, without and with the addition, each before its formats. */
  List<Row> rows() {
    return runs.stream()
        .map(Run::row)
        .distinct()
        .flatMap(r -> Stream.concat(Stream.of(r), formats.stream().map(r::in)))
        .toList();
  }

  String label(Row row) {
    return row.method
        + (row.added ? " + " + addition.orElseThrow() : "")
        + row.format.map(f -> " · " + f.label()).orElse("");
  }

  /** Roles of the sets whose questions have to be answered for the columns. */
  Set<EvalSet.Role> generated() {
    Set<EvalSet.Role> roles = EnumSet.noneOf(EvalSet.Role.class);
    columns.forEach(c -> roles.addAll(c.generated()));
    return roles;
  }
}
