package org.unlearn4j.init;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.job.Job;
import org.unlearn4j.job.Needs;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.run.TaskData;
import org.unlearn4j.train.TrainingData;

/**
 * A pipeline file for a model and rows of one's own that runs as it is, each value with its reason.
 *
 * @param text of the file
 * @param said what was chosen and why, a sentence a line
 */
public record FirstPipeline(String text, List<String> said) {
  /**
   * What a user gives.
   *
   * @param model a Hugging Face folder
   * @param reference a retain-only model
   * @param data a folder with rows to forget and to keep, or the file to forget, with the rows to
   *     keep beside it
   * @param forget name in the folder of what is forgotten; empty: found by its name
   * @param retain the same of what is kept
   * @param out the file that it will be
   * @param device where it shall compute, if that was asked for
   */
  public record Given(
      Path model,
      Optional<Path> reference,
      Path data,
      Optional<String> forget,
      Optional<String> retain,
      Path out,
      Optional<String> device) {}

  public FirstPipeline {
    said = List.copyOf(said);
  }

  private record Planned(Lengths lengths, Room.Fit fit) {}

  /**
   * Looks at model, tokenizer, rows and memory, and chooses. The text that it gives has been read
   * back and planned.
   *
   * @throws UserException naming everything that is missing, one sentence a line
   * @throws MachineException if no setting fits into the memory
   */
  public static FirstPipeline of(Given given, Room room) {
    Problems problems = new Problems();
    Optional<ModelFacts> model = ModelFacts.read(given.model, problems);
    given.reference.ifPresent(r -> ModelFacts.read(r, problems));
    Optional<DataFiles> files =
        DataFiles.find(new DataFiles.Named(given.data, given.forget, given.retain), problems);
    Optional<DataFacts> data = files.flatMap(f -> DataFacts.read(f, given.model, model, problems));
    problems.require();
    return chosen(given, model.orElseThrow(), data.orElseThrow(), room);
  }

  private static FirstPipeline chosen(Given given, ModelFacts model, DataFacts data, Room room) {
    Choices choices = new Choices(given, model, data, room);
    Planned planned = planned(choices, model, data, room);
    Room.Fit fit = planned.fit;
    String text = choices.text(planned.lengths, Optional.of(fit));
    Pipeline pipeline = Pipeline.ofText(given.out, text);
    rows(pipeline, model);
    int stages = Job.of(pipeline).plan(Job.Options.ALL).size();
    List<String> said = new ArrayList<>();
    said.add("model: " + model.words());
    said.add(
        "data: " + data.forget().kinds() + " to forget, " + data.retain().kinds() + " to keep");
    said.add("method: " + choices.method().why());
    said.add("memory: " + fit.way().words() + "; " + choices.taken(fit));
    long measuring = Needs.ofEvaluation(given.model, Optional.empty());
    if (!room.gpu() && measuring > room.bytes()) {
      said.add(
          "Measuring may not fit: it takes about "
              + Room.gib(measuring)
              + ", and "
              + Room.gib(room.bytes())
              + " are free.");
    }
    said.add("stages: " + stages);
    return new FirstPipeline(text, said);
  }

  /** Shorter rows are tried only where nothing else makes it fit. */
  private static Planned planned(Choices choices, ModelFacts model, DataFacts data, Room room) {
    Lengths lengths = Lengths.of(data, model.positions());
    while (true) {
      Pipeline pipeline = Pipeline.ofText(choices.out(), choices.text(lengths, Optional.empty()));
      Optional<Room.Fit> fit = room.first(model, pipeline, rows(pipeline, model));
      if (fit.isPresent()) {
        return new Planned(lengths, fit.get());
      }
      Lengths shorter = lengths.halved(data, model.positions());
      if (shorter.equals(lengths)) {
        throw new MachineException(
            "init: found "
                + Room.gib(room.bytes())
                + " free, in which no setting of this program trains "
                + model.words()
                + "; unlearn4j inspect "
                + model.folder()
                + " --plan says what it takes.");
      }
      lengths = shorter;
    }
  }

  /** The rows that training reads; the sets that are measured are read as well. */
  private static TrainingData rows(Pipeline pipeline, ModelFacts model) {
    try (TaskData data = new TaskData(pipeline, model.folder(), model.positions())) {
      List<TokenRow> forget = data.forget();
      List<TokenRow> retain = data.retain();
      data.evaluationSets();
      return new TrainingData(forget, retain, List.of(), Map.of());
    }
  }
}
