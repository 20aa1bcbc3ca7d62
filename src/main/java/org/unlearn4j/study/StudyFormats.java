package org.unlearn4j.study;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.report.RunFolder;
import org.unlearn4j.run.EvaluateStage;
import org.unlearn4j.run.EvaluationFiles;
import org.unlearn4j.run.ExportStage;
import org.unlearn4j.run.RuntimeModels;
import org.unlearn4j.weights.Variant;

/**
 * The deployed files of a study's runs: exported and measured on ONNX Runtime where a pipeline's
 * own run folder has them. What a record says is there is not made again.
 */
final class StudyFormats {
  private final Study study;
  private final EvaluateStage evaluate;
  private final PrintStream log;

  StudyFormats(Study study, EvaluateStage evaluate, PrintStream log) {
    this.study = study;
    this.evaluate = evaluate;
    this.log = log;
  }

  /** Where the evaluation of a run's deployed file is. */
  static Path evaluation(RunFolder folder, Variant format) {
    return folder.evaluation(EvaluationFiles.ofDeployed(format));
  }

  /** Whether every format of a run is measured, of the weights and by the suite of its record. */
  boolean areDone(RunFolder folder, RunRecord record) {
    return study.formats().stream().allMatch(f -> isDone(folder, record, f));
  }

  private boolean isDone(RunFolder folder, RunRecord record, Variant format) {
    return record.export().equals(exportKey(record))
        && key(record, format).equals(record.deployed().get(format.label()))
        && Files.isRegularFile(evaluation(folder, format));
  }

  /** Makes what is missing of a run whose trained weights are measured. */
  void make(RunFolder folder, RunRecord evaluated, Optional<Path> reference) {
    RunRecord record = evaluated;
    for (Variant format : study.formats()) {
      if (isDone(folder, record, format)) {
        continue;
      }
      if (!record.export().equals(exportKey(record)) || !isExported(folder)) {
        new ExportStage(study.shared(), log)
            .run(folder.unlearned(), folder.deployed(), study.formats());
        record = record.exported(exportKey(record));
        record.write(folder.root());
      }
      EvaluationResult result =
          evaluate.run(
              new EvaluateStage.Request(
                  "unlearned",
                  folder.deployed(),
                  RuntimeModels.runtime(format),
                  reference.map(EvaluationResult::read)));
      EvaluationFiles.write(result, evaluation(folder, format));
      record = record.deployed(format, key(record, format));
      record.write(folder.root());
    }
  }

  /** The folder is written whole or not at all. */
  private static boolean isExported(RunFolder folder) {
    return Files.isRegularFile(folder.deployed().resolve("config.json"));
  }

  private String exportKey(RunRecord record) {
    List<String> labels = study.formats().stream().map(Variant::label).sorted().toList();
    return Hashes.sha256(record.unlearning() + labels + study.shared().export().opset());
  }

  private String key(RunRecord record, Variant format) {
    return Hashes.sha256(record.evaluation() + exportKey(record) + format.label());
  }
}
