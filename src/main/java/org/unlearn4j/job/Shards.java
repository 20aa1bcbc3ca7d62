package org.unlearn4j.job;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.Shard;
import org.unlearn4j.base.UserException;
import org.unlearn4j.eval.ScoreJournal;
import org.unlearn4j.run.EvaluateStage;
import org.unlearn4j.run.OpenEvaluation;
import org.unlearn4j.stage.Inputs;
import org.unlearn4j.stage.Stage;
import org.unlearn4j.stage.StageCheck;

/**
 * An evaluation in parts, each a stage that any machine may run: its output is a journal of whole
 * batches in {@code FILE.shards/} beside the evaluation's file. Put together the journals leave the
 * evaluation nothing to ask the model, and it comes out as if one machine had made it.
 *
 * @param evaluate measures
 * @param request what
 * @param out the evaluation's file
 * @param context of the process
 */
public record Shards(
    EvaluateStage evaluate, EvaluateStage.Request request, Path out, Context context) {

  /** The journal of a part. */
  public Path file(Shard shard) {
    return out.resolveSibling(out.getFileName() + ".shards").resolve(shard.fileName() + ".rows");
  }

  /** A part, which opens the model for itself. */
  public Stage stage(Shard shard) {
    return stage(
        shard,
        work -> {
          try (OpenEvaluation open = evaluate.prepare(request)) {
            return work.with(open);
          }
        });
  }

  /** What is done with an open model. */
  @FunctionalInterface
  public interface Work {
    Stage.Done with(OpenEvaluation open);
  }

  /** Opens a model, or has it open already. */
  @FunctionalInterface
  public interface Opener {
    Stage.Done on(Work work);
  }

  /**
   * A part.
   *
   * @param opener has the model, which it may keep open for the next part
   */
  public Stage stage(Shard shard, Opener opener) {
    Path file = file(shard);
    return new Stage(
        "shard " + shard + " of " + out.getFileName(),
        List.of(),
        file,
        (hashes, earlier) -> of(evaluate.inputs(request, earlier), shard),
        () -> Needs.ofEvaluation(request.model(), Optional.empty()),
        () -> opener.on(open -> ask(open, shard, file)));
  }

  private static Stage.Done ask(OpenEvaluation open, Shard shard, Path file) {
    Path kept = file.resolveSibling("." + file.getFileName() + ".part");
    OpenEvaluation.Asked asked = open.ask(shard, kept);
    AtomicFiles.writeFile(file, part -> Files.copy(kept, part));
    String line =
        String.format(
            Locale.ROOT,
            "%s: %d of %d batches, %d tokens",
            file,
            asked.batches(),
            asked.all(),
            asked.tokens());
    return new Stage.Done(
        List.of(line), true, open.read(), List.of(file), () -> AtomicFiles.deleteTree(kept));
  }

  /** Which part it is decides what it has, and nothing else of it is its own. */
  private static Inputs of(Inputs evaluation, Shard shard) {
    SortedMap<String, String> settings = new TreeMap<>(evaluation.settings());
    settings.put("shard", shard.toString());
    return new Inputs(settings, evaluation.content());
  }

  /** All parts, in order. */
  public static List<Shard> all(int of) {
    return IntStream.rangeClosed(1, of).mapToObj(i -> new Shard(i, of)).toList();
  }

  /**
   * Puts the journals of all parts where the evaluation looks for rows that are known.
   *
   * @param parts how many there are
   * @throws UserException naming every part that is missing, unfinished, changed or of other inputs
   */
  public void join(int parts) {
    List<String> mistakes = new ArrayList<>();
    for (Shard shard : all(parts)) {
      StageCheck check = StageCheck.of(stage(shard), context.hashes());
      if (!check.current()) {
        mistakes.add(
            file(shard)
                + ": found that "
                + String.join("; ", check.reasons())
                + ", expected part "
                + shard
                + " of this evaluation.");
      }
    }
    if (!mistakes.isEmpty()) {
      throw new UserException(String.join("\n", mistakes));
    }
    ScoreJournal.join(all(parts).stream().map(this::file).toList(), PipelineStages.kept(out));
  }
}
