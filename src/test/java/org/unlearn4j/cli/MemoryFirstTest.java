package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a training will take is known before a model is loaded, and the trained model is measured
 * where it was trained: with {@code --verbose} every graph that gets weights says so once.
 */
class MemoryFirstTest {
  private static final String WEIGHTS = "assignment of parameters: ";

  @TempDir Path temp;
  private final Path model = Path.of("models/fable-target");
  private Path data;

  @BeforeEach
  void pairs() throws IOException {
    data = Files.createDirectory(temp.resolve("data"));
    String pair = "{\"question\": \"Who?\", \"answer\": \"She.\"}\n";
    Files.writeString(data.resolve("forget.jsonl"), pair + pair.replace("She", "They"));
    Files.writeString(data.resolve("retain.jsonl"), pair.replace("She", "He").repeat(2));
  }

  @AfterEach
  void quiet() {
    System.clearProperty("unlearn4j.verbose");
  }

  private Path pipeline(Path path) throws IOException {
    return Files.writeString(
        temp.resolve("p.yaml"),
        String.join(
            "\n",
            "name: memory",
            "model:",
            "  path: " + path,
            "  tokenizer: " + model,
            "  device: cpu",
            "data: {benchmark: jsonl, path: " + data + ", forget: forget, retain: retain,",
            "  max_length: 24}",
            "unlearn: {epochs: 3, objective: {name: NPO}}", // the first step only warms up
            "evaluate: {max_new_tokens: 1}",
            "relearn: {share: 0.5, epochs: 1}",
            ""));
  }

  private CommandRun run(Path pipeline, String... line) {
    List<String> args = new ArrayList<>(Arrays.asList(line));
    args.addAll(List.of("--pipeline", pipeline.toString(), "--verbose"));
    args.addAll(List.of("--out", temp.resolve("out").toString()));
    return CommandRun.withNotes(args.toArray(String[]::new));
  }

  /** The first line that begins so; each of them after the one before. */
  private static void inThisOrder(CommandRun r, String... begins) {
    List<String> lines = r.err().lines().toList();
    int last = -1;
    for (String begin : begins) {
      int at =
          lines.indexOf(lines.stream().filter(l -> l.startsWith(begin)).findFirst().orElse(""));
      assertTrue(at > last, begin + " of " + Arrays.toString(begins) + " in " + r.err());
      last = at;
    }
  }

  private static long count(CommandRun r, String begin) {
    return r.err().lines().filter(l -> l.startsWith(begin)).count();
  }

  @Test
  void unlearningHasOneCopyOfTheModel() throws IOException {
    CommandRun r = run(pipeline(model), "unlearn");
    assertEquals(ExitCode.DONE, r.code(), r.err());
    inThisOrder(
        r,
        "unlearn: ", // the plan
        WEIGHTS,
        "assignment of adamw_m, adamw_v: ",
        "reference: score 2/2",
        "training step: ",
        "forget set after: score 2/2");
    assertEquals(1, count(r, WEIGHTS), r.err());
    assertEquals(1, count(r, "scoring: "), "one graph scores before and after");
  }

  /**
   * Two models are measured as they are, one by one; the pupil's arms are measured in its graph.
   */
  @Test
  void relearningHasOneCopyOfThePupil() throws IOException {
    CommandRun r = run(pipeline(model), "relearn", "--model", model.toString());
    assertEquals(ExitCode.DONE, r.code(), r.err());
    inThisOrder(
        r,
        "relearn: ", // the plan
        WEIGHTS,
        "relearn target: ",
        "relearn unlearned: ",
        "assignment of adamw_m, adamw_v: ",
        "training step: ",
        "relearn unlearned after forget: score",
        "relearn unlearned after retain: score");
    assertEquals(1, count(r, "relearn: "), "of two arms, the one that takes more");
    assertEquals(3, count(r, WEIGHTS), r.err());
  }

  /** A model of terabytes, by its configuration; of its weights there is nothing that fits. */
  private Path huge() throws IOException {
    Path folder = Files.createDirectory(temp.resolve("huge"));
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode config = (ObjectNode) mapper.readTree(model.resolve("config.json").toFile());
    config.put("hidden_size", 1 << 16).put("intermediate_size", 1 << 18);
    config.put("num_hidden_layers", 40).put("head_dim", 1 << 8);
    config.put("num_attention_heads", 1 << 8).put("num_key_value_heads", 1 << 8);
    mapper.writeValue(folder.resolve("config.json").toFile(), config);
    Files.copy(model.resolve("model.safetensors"), folder.resolve("model.safetensors"));
    return folder;
  }

  private void isStopped(CommandRun r, String block) {
    assertEquals(ExitCode.MACHINE, r.code(), r.err());
    String found = block + ": found [0-9]+ MiB free on cpu, expected the [0-9]+ that training will";
    assertTrue(r.err().lines().anyMatch(l -> l.matches(found + " take; .*")), r.err());
    assertFalse(r.err().contains("score"), r.err());
    assertEquals(0, count(r, WEIGHTS), r.err());
    assertFalse(Files.exists(temp.resolve("out")));
  }

  /** Whoever opened the weights first would say that they do not fit the configuration. */
  @Test
  void unlearningThatCannotFitIsStoppedBeforeItLoadsWeights() throws IOException {
    isStopped(run(pipeline(huge()), "unlearn"), "unlearn");
  }

  @Test
  void relearningThatCannotFitIsStoppedBeforeItMeasures() throws IOException {
    Path huge = huge();
    isStopped(run(pipeline(model), "relearn", "--model", huge.toString()), "relearn");
  }
}
