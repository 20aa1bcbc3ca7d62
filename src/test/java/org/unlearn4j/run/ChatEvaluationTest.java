package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.eval.BigramModel;
import org.unlearn4j.eval.EvalSet;
import org.unlearn4j.eval.Progress;
import org.unlearn4j.eval.Subject;
import org.unlearn4j.lm.Generation;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;
import org.unlearn4j.text.Tokenizer;

/** An answer in a chat template ends where its turn ends, not only at the end of text. */
class ChatEvaluationTest {
  private static final String TEMPLATE =
      "{{ bos_token }}{% for m in messages %}<{{ m.role }}>\n{{ m.content }}<|mask|>\n{% endfor %}"
          + "{% if add_generation_prompt %}<assistant>\n{% endif %}";

  @TempDir Path folder;

  /** Says nothing, and remembers what would have ended it. */
  private static final class Listener extends BigramModel {
    private final Set<Integer> stops = new HashSet<>();

    Listener() {
      super("tf", BigramModel.random(2, 1));
    }

    @Override
    public List<TokenScores> score(List<TokenRow> rows) {
      return rows.stream()
          .map(TokenRow::labelled)
          .map(
              n ->
                  new TokenScores(new int[n], new float[n], new int[n], new float[n], new float[n]))
          .toList();
    }

    @Override
    public List<int[]> generate(List<int[]> prompts, Generation how, StepListener listener) {
      stops.addAll(how.stop());
      return prompts.stream().map(p -> new int[0]).toList();
    }
  }

  private Set<Integer> stops(String template, Tokenizer tokenizer) {
    Pipeline pipeline =
        Pipeline.defaults(
            "NPO", List.of("data.max_length=120", "evaluate.limit=1", "data.template=" + template));
    Listener model = new Listener();
    try (TaskData data = new TaskData(pipeline, folder, 128)) {
      Suites.of(pipeline, data, 128, EvalSet.Role.GENERATED)
          .suite()
          .evaluate(Subject.of("m", model, Progress.NONE), Set.of());
    }
    assertTrue(model.stops.containsAll(tokenizer.stopIds()), () -> "" + model.stops);
    return model.stops;
  }

  @Test
  void theTurnsEndStopsAGeneration() throws IOException {
    Path source = Path.of("src/test/resources/fable-tokenizer");
    Files.copy(source.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode config =
        (ObjectNode) mapper.readTree(source.resolve("tokenizer_config.json").toFile());
    config.put("chat_template", TEMPLATE);
    mapper.writeValue(folder.resolve("tokenizer_config.json").toFile(), config);
    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      int turn = tokenizer.encode("<|mask|>", false)[0];
      assertTrue(stops("chat", tokenizer).contains(turn));
      assertEquals(tokenizer.stopIds(), stops("default", tokenizer));
    }
  }
}
