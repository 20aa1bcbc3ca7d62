package org.unlearn4j.job;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.report.RunFolder;
import org.unlearn4j.run.EvaluationFiles;
import org.unlearn4j.run.VerifyStage;
import org.unlearn4j.stage.StageCheck;
import org.unlearn4j.stage.StageRecord;

/** What a run folder says of itself, for who reads it without its pipeline. */
public final class RecordedRun {
  private RecordedRun() {}

  /**
   * A sentence for each result that is not what its record says, and for a verdict that is of other
   * evaluations, weights or settings than lie beside it.
   */
  public static List<String> differences(RunFolder folder) {
    FileHashes hashes = FileHashes.inMemory();
    List<String> sentences = new ArrayList<>();
    List<Path> results = new ArrayList<>(folder.evaluations());
    results.addAll(List.of(folder.verdict(), folder.relearning()));
    for (Path result : results) {
      if (!Files.isRegularFile(result)) {
        continue;
      }
      Optional<StageRecord> record = StageRecord.read(result);
      if (record.isEmpty()) {
        sentences.add(result + ": found no record of what it was made from.");
      } else {
        StageCheck.changes(result, record.get(), hashes)
            .forEach(clause -> sentences.add(result + ": " + clause + "."));
      }
    }
    if (Files.isRegularFile(folder.verdict())) {
      StageRecord.read(folder.verdict())
          .ifPresent(
              record -> {
                sentences.addAll(otherEvaluations(folder, record, hashes));
                sentences.addAll(otherModels(folder, record, hashes));
                sentences.addAll(otherSettings(folder, record));
              });
    }
    return sentences;
  }

  private static List<String> otherModels(
      RunFolder folder, StageRecord verdict, FileHashes hashes) {
    List<String> sentences = new ArrayList<>();
    Map<String, Path> places =
        Map.of("model/", folder.unlearned(), "onnx/", folder.deployed().resolve("onnx"));
    places.forEach(
        (role, place) ->
            verdict
                .inputs()
                .content()
                .forEach(
                    (name, hash) -> {
                      Path file = place.resolve(name.substring(name.indexOf('/') + 1));
                      boolean weights = name.endsWith(".safetensors") || name.contains(".onnx");
                      if (name.startsWith(role)
                          && weights
                          && !(Files.isRegularFile(file) && hashes.of(file).equals(hash))) {
                        sentences.add(
                            folder.verdict() + ": is of another " + file + " than lies there.");
                      }
                    }));
    return sentences;
  }

  /** Settings of the verdict that the run's pipeline, as it was last asked for, has otherwise. */
  private static List<String> otherSettings(RunFolder folder, StageRecord verdict) {
    if (!Files.isRegularFile(folder.pipeline())) {
      return List.of();
    }
    Map<String, String> now =
        Pipeline.readRecord(folder.pipeline()).settings(List.of("data", "evaluate", "verify"));
    return verdict.inputs().settings().entrySet().stream()
        .filter(e -> now.containsKey(e.getKey()) && !now.get(e.getKey()).equals(e.getValue()))
        .map(
            e ->
                folder.verdict()
                    + ": "
                    + e.getKey()
                    + " was "
                    + e.getValue()
                    + " and is "
                    + now.get(e.getKey())
                    + " in "
                    + folder.pipeline().getFileName()
                    + ".")
        .toList();
  }

  private static List<String> otherEvaluations(
      RunFolder folder, StageRecord verdict, FileHashes hashes) {
    List<String> sentences = new ArrayList<>();
    for (Map.Entry<String, String> input : verdict.inputs().content().entrySet()) {
      if (input.getKey().startsWith(VerifyStage.EVALUATIONS)) {
        String name = input.getKey().substring(VerifyStage.EVALUATIONS.length());
        Path file = folder.evaluation(name);
        if (!Files.isRegularFile(file)
            || !EvaluationFiles.meaning(file, hashes).equals(input.getValue())) {
          sentences.add(folder.verdict() + ": is of another " + name + " than lies there.");
        }
      }
    }
    return sentences;
  }
}
