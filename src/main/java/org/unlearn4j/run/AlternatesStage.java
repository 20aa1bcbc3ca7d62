package org.unlearn4j.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.ProgressBar;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.data.QaExample;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.nn.ModelConfig;

/**
 * Writes other answers to the questions that are to be forgotten, drawn from the model before it
 * forgets: what AltPO reads as {@code data.alternates}.
 */
public final class AlternatesStage {
  private AlternatesStage() {}

  /**
   * How answers are drawn.
   *
   * @param samples of each question
   * @param temperature above 0
   */
  public record Dice(int samples, double temperature, long seed) {}

  /**
   * Draws and writes.
   *
   * @param pipeline whose {@code data} names what is forgotten
   * @param model a Hugging Face folder
   * @param out JSON Lines with {@code question} and {@code answer}, a question's answers together;
   *     nothing may be there yet
   * @param log for notes on the data
   * @return what was drawn, in a sentence
   * @throws UserException if data, model or {@code out} are at fault
   */
  public static String run(Pipeline pipeline, Path model, Path out, Dice dice, PrintStream log) {
    if (Files.exists(out)) {
      throw UserException.at(out, "", "something there", "a file that does not exist yet");
    }
    try (TaskData data =
        new TaskData(
            pipeline,
            pipeline.model().tokenizerFolder().orElse(model),
            ModelConfig.read(model).maxPositions())) {
      List<QaExample> pairs = data.pairs("unlearn4j alternates");
      List<int[]> prompts = pairs.stream().map(data::prompt).toList();
      AlternateDraws draws =
          new AlternateDraws(
              dice.samples(),
              dice.temperature(),
              dice.seed(),
              pipeline.evaluate().maxNewTokens(),
              data.stopIds(),
              text -> data.tokenizer().encode(text, false),
              ids -> data.tokenizer().decode(ids, true));
      data.notes().forEach(log::println);
      AlternateDraws.Drawn drawn;
      try (LanguageModel opened =
              RuntimeModels.open(model, "tf", () -> RuntimeModels.measuring(pipeline.model()));
          ProgressBar bar = ProgressBar.named("alternates")) {
        drawn = draws.of(opened, pairs, prompts, done -> bar.update(done, pairs.size(), ""));
      }
      AtomicFiles.writeString(out, lines(pairs, drawn.answers()));
      return said(pairs.size(), dice, drawn);
    }
  }

  private static String lines(List<QaExample> pairs, List<List<String>> answers) {
    ObjectMapper mapper = new ObjectMapper();
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < pairs.size(); i++) {
      for (String answer : answers.get(i)) {
        lines
            .append(
                mapper
                    .createObjectNode()
                    .put("question", pairs.get(i).question())
                    .put("answer", answer))
            .append('\n');
      }
    }
    return lines.toString();
  }

  private static String said(int questions, Dice dice, AlternateDraws.Drawn drawn) {
    int all = questions * dice.samples();
    return String.format(
        Locale.ROOT,
        "%d answers to %d questions, %d more draws; %s.",
        all,
        questions,
        drawn.again(),
        drawn.same() == 0
            ? "none says what is to be forgotten"
            : drawn.same()
                + " of "
                + all
                + " still say what is to be forgotten: a higher --temperature may help, or correct"
                + " them by hand");
  }
}
