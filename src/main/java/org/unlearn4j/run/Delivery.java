package org.unlearn4j.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.ModelFiles;
import org.unlearn4j.base.Standing;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.ModelSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.stage.Inputs;
import org.unlearn4j.train.ModelFolder;

/**
 * Of several runs, delivers the one that the rule {@code unlearn.choose} finds best on tuning rows;
 * no evaluation is looked at.
 */
public final class Delivery {
  private final Pipeline pipeline;
  private final Map<String, Path> runs;

  /**
   * Of these runs.
   *
   * @param runs folders of their models, by name
   */
  public Delivery(Pipeline pipeline, Map<String, Path> runs) {
    this.pipeline = pipeline;
    this.runs = new LinkedHashMap<>(runs);
  }

  /**
   * Refuses a folder that holds what the runs start from, or what is not of a run.
   *
   * @throws UserException naming it
   */
  public void requireWritable(Path out) {
    ModelSettings models = pipeline.model();
    ModelFolder.requireWritable(
        out, List.of(models.path(), models.reference(), models.tokenizer()));
  }

  /** What decides which one it is, and what it is. */
  public Inputs inputs(FileHashes hashes) {
    StageInputs inputs = new StageInputs(pipeline, hashes);
    runs.forEach(
        (name, folder) ->
            inputs
                .model(name, folder)
                .file(name + "/" + ModelFiles.UNLEARNING, folder.resolve(ModelFiles.UNLEARNING)));
    return inputs.settings("unlearn.choose").build();
  }

  /**
   * Copies the best run's model and its log of training. Its record says how all of them stood.
   *
   * @return what was chosen, in words
   */
  public String run(Path out, Path log) {
    requireWritable(out);
    Map<String, Standing> standings = new LinkedHashMap<>();
    runs.forEach((name, folder) -> standings.put(name, standing(folder)));
    String best = best(standings);
    Path from = runs.get(best);
    AtomicFiles.writeFolder(out, part -> copy(from, part, record(from, best, standings)));
    Path theirs = from.resolveSibling("logs").resolve(log.getFileName());
    if (Files.isRegularFile(theirs)) {
      try {
        AtomicFiles.writeString(log, Files.readString(theirs));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    Standing s = standings.get(best);
    return String.format(
        Locale.ROOT,
        "%s: %s of %d runs, %.4f from the goal, %.4f of the utility",
        out,
        best,
        runs.size(),
        s.distance(),
        s.kept());
  }

  /** The best by its standing; of equal ones the first. */
  static String best(Map<String, Standing> standings) {
    String best = standings.keySet().iterator().next();
    for (Map.Entry<String, Standing> s : standings.entrySet()) {
      best = s.getValue().better(standings.get(best)) ? s.getKey() : best;
    }
    return best;
  }

  private Standing standing(Path folder) {
    double enough = pipeline.unlearn().tuning().choose().orElseThrow().utilityMin();
    return Standing.ofChosen(folder, enough)
        .orElseGet(() -> new Standing(Double.MAX_VALUE, -1, enough));
  }

  private static ObjectNode record(Path from, String best, Map<String, Standing> standings) {
    ObjectNode record = JsonInput.object(from.resolve(ModelFiles.UNLEARNING), "a record");
    ObjectNode seeds = record.withObjectProperty("seeds").put("delivered", best);
    standings.forEach(
        (name, s) -> seeds.putObject(name).put("distance", s.distance()).put("utility", s.kept()));
    return record;
  }

  private static void copy(Path from, Path to, ObjectNode record) throws IOException {
    List<Path> all;
    try (Stream<Path> walk = Files.walk(from)) {
      all = walk.sorted().toList();
    }
    for (Path source : all) {
      Path target = to.resolve(from.relativize(source).toString());
      if (Files.isDirectory(source)) {
        Files.createDirectories(target);
      } else if (source.equals(from.resolve(ModelFiles.UNLEARNING))) {
        Files.writeString(
            target, new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(record));
      } else {
        Files.copy(source, target);
      }
    }
  }
}
