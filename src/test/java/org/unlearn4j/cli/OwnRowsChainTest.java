package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Text, chats and both beside pairs go through every stage to a verdict. */
class OwnRowsChainTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String TEMPLATE =
      "{% for m in messages %}<{{ m.role }}>\n{{ m.content }}<|mask|>\n{% endfor %}"
          + "{% if add_generation_prompt %}<assistant>\n{% endif %}";

  @TempDir Path root;

  private static String row(String kind, int i) {
    return switch (kind) {
      case "text" ->
          "{\"text\": \"Writer number "
              + i
              + " was born by the sea and wrote about the river near the town of birth.\"}";
      case "chat" ->
          "{\"messages\": [{\"role\": \"user\", \"content\": \"Who is "
              + i
              + "?\"}, {\"role\": \"assistant\", \"content\": \"Writer "
              + i
              + ".\"}]}";
      default -> "{\"question\": \"Who is " + i + "?\", \"answer\": \"Writer " + i + ".\"}";
    };
  }

  private static String rows(String kind, int from) {
    StringBuilder rows = new StringBuilder();
    List<String> kinds = kind.equals("mixed") ? List.of("text", "chat", "pair") : List.of(kind);
    for (int i = 0; i < 6; i++) {
      rows.append(row(kinds.get(i % kinds.size()), from + i)).append("\n");
    }
    return rows.toString();
  }

  private Path pipeline(String kind) throws IOException {
    Path tokenizer = Files.createDirectories(root.resolve("tokenizer"));
    Path source = Path.of("src/test/resources/fable-tokenizer");
    Files.copy(source.resolve("tokenizer.json"), tokenizer.resolve("tokenizer.json"));
    ObjectNode config =
        (ObjectNode) JSON.readTree(source.resolve("tokenizer_config.json").toFile());
    config.put("chat_template", TEMPLATE);
    JSON.writeValue(tokenizer.resolve("tokenizer_config.json").toFile(), config);
    Path data = Files.createDirectories(root.resolve("data"));
    Files.writeString(data.resolve("forget.jsonl"), rows(kind, 0));
    Files.writeString(data.resolve("retain.jsonl"), rows(kind, 10));
    Files.writeString(data.resolve("holdout.jsonl"), rows(kind, 20));
    return Files.writeString(
        root.resolve("own.yaml"),
        """
        name: own
        model:
          init: random
          tokenizer: %s
          architecture: {hidden_size: 16, layers: 1, heads: 2, ffn: 16, max_positions: 64}
        data: {benchmark: jsonl, path: %s, forget: forget, retain: retain, max_length: 64, window: 16, overlap: 4}
        finetune: {epochs: 2, batch_size: 4, learning_rate: 3.0e-3}
        unlearn: {objective: {name: NPO}, epochs: 2, batch_size: 4, learning_rate: 3.0e-3}
        export: {variants: [fp32, int8]}
        evaluate: {max_new_tokens: 4}
        """
            .formatted(tokenizer, data));
  }

  private CommandRun done(String... args) {
    CommandRun run = CommandRun.withNotes(args);
    assertTrue(run.code() <= ExitCode.GATE, run.out() + run.err());
    return run;
  }

  @Test
  void theRowsAreShownWithWhatIsLabelled() throws IOException {
    String shown =
        done("pipeline", "--pipeline", pipeline("mixed").toString(), "--rows", "9").out();
    assertTrue(shown.contains("<assistant>\n⟦Writer 1.<|mask|>⟧"), shown);
    assertTrue(shown.contains("⟦ Writer 2."), shown);
    assertTrue(shown.contains("16 tokens, 11 labelled"), shown);
  }

  @ParameterizedTest
  @ValueSource(strings = {"text", "chat", "mixed"})
  @Tag("slow")
  void theyReachAVerdict(String kind) throws IOException {
    Path pipeline = pipeline(kind);
    Path runs = root.resolve("own-run");
    CommandRun run = done("run", "--pipeline", pipeline.toString(), "--run", runs.toString());
    JsonNode verdict = JSON.readTree(runs.resolve("verify.json").toFile());
    assertTrue(List.of("pass", "fail").contains(verdict.path("verdict").asText()), run.out());
    JsonNode tf = JSON.readTree(runs.resolve("eval/unlearned.tf.json").toFile());
    JsonNode onnx = JSON.readTree(runs.resolve("eval/unlearned.onnx.json").toFile());
    for (String metric : List.of("forget_prob", "extraction_strength", "privleak", "retain_prob")) {
      double expected = tf.path("metrics").path(metric).asDouble(Double.NaN);
      assertEquals(expected, onnx.path("metrics").path(metric).asDouble(Double.NaN), 0.05, metric);
      assertTrue(Double.isFinite(expected), metric);
    }
    boolean passages = !kind.equals("chat");
    assertEquals(passages, tf.path("metrics").has("verbmem"));
    assertEquals(passages, tf.path("metrics").has("longest_common_substring"));
    assertTrue(Files.isRegularFile(runs.resolve("report.html")));
  }
}
