package org.unlearn4j.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.ModelFiles;

/** Where things are in a run folder, {@code runs/<name>/}. */
public record RunFolder(Path root) {
  /** Begins the names of runs that differ in their seed alone, and of their evaluations. */
  public static final String SEED = "seed-";

  /** The pipeline as it was used. */
  public Path pipeline() {
    return root.resolve("pipeline.yaml");
  }

  /** What a pipeline that teaches makes first: the model that shall forget. */
  public Path target() {
    return root.resolve("target");
  }

  /** And its twin that never saw what is to be forgotten. */
  public Path retain() {
    return root.resolve("retain");
  }

  /** The unlearned model, a Hugging Face folder. */
  public Path unlearned() {
    return root.resolve("unlearned");
  }

  /** The unlearned model's deployable ONNX folder. */
  public Path deployed() {
    return root.resolve("onnx");
  }

  /** What was done to the unlearned model, from which weights and data. */
  public Path provenance() {
    return unlearned().resolve(ModelFiles.UNLEARNING);
  }

  /** One JSON object a training step. */
  public Path trainLog() {
    return root.resolve("logs").resolve("train.jsonl");
  }

  /** The parity verdict. */
  public Path verdict() {
    return root.resolve("verify.json");
  }

  /** What a little training brings back. */
  public Path relearning() {
    return root.resolve("relearn.json");
  }

  /** What attacks bring out. */
  public Path attacks() {
    return root.resolve("attacks.json");
  }

  /** How many directions changed. */
  public Path spectrum() {
    return root.resolve("spectrum.json");
  }

  /** The page. */
  public Path report() {
    return root.resolve("report.html");
  }

  /** The plots of the page, each an SVG file. */
  public Path plots() {
    return root.resolve("report");
  }

  /**
   * The evaluation of a model on a runtime: {@code eval/<model>.<runtime>.json}, the runtime's
   * colon written as a hyphen, since not every file system has colons in names.
   *
   * @param model {@code target}, {@code retain} or {@code unlearned}
   * @param runtime as {@link org.unlearn4j.lm.LanguageModel#runtime()} has it, for instance {@code
   *     onnx:fp32}
   */
  public Path evaluation(String model, String runtime) {
    return root.resolve("eval").resolve(model + "." + runtime.replace(':', '-') + ".json");
  }

  /** The evaluation in a file of that name. */
  public Path evaluation(String file) {
    return root.resolve("eval").resolve(file);
  }

  /** All evaluations that there are, sorted by name. */
  public List<Path> evaluations() {
    Path folder = root.resolve("eval");
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(p -> p.getFileName().toString().endsWith(".json"))
          .filter(p -> !p.getFileName().toString().startsWith("."))
          .sorted()
          .toList();
    } catch (IOException | UncheckedIOException e) {
      throw new MachineException(folder + ": could not be listed.", e);
    }
  }
}
