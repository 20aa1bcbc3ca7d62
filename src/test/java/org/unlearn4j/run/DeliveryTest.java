package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;

/** Which of several runs is delivered, and what of it. */
class DeliveryTest {
  private static final Pipeline PIPELINE =
      Pipeline.defaults(
          "NPO", List.of("unlearn.seeds=3", "unlearn.choose={goal: strangers, utility_min: 0.9}"));

  @TempDir Path folder;

  private final Map<String, Path> runs = new LinkedHashMap<>();

  private void run(String name, double distance, double utility) throws IOException {
    Path model = Files.createDirectories(folder.resolve(name).resolve("unlearned/adapter"));
    Files.writeString(model.resolve("a.bin"), "adapter of " + name);
    Files.writeString(model.resolveSibling("model.safetensors"), name);
    Files.writeString(
        model.resolveSibling("unlearning.json"),
        "{\"tuning\": {\"chosen\": {\"step\": 3, \"distance\": DISTANCE, \"utility\": UTILITY}}}"
            .replace("DISTANCE", "" + distance)
            .replace("UTILITY", "" + utility));
    Path logs = Files.createDirectories(folder.resolve(name).resolve("logs"));
    Files.writeString(logs.resolve("train.jsonl"), "steps of " + name);
    runs.put(name, model.getParent());
  }

  /** The second is the nearest but keeps less than 0.9; of the others the third is nearer. */
  @Test
  void theNearestThatKeepsEnoughIsDeliveredWhole() throws IOException {
    run("seed-0", 0.04, 0.95);
    run("seed-1", 0.01, 0.85);
    run("seed-2", 0.03, 0.91);
    Path out = folder.resolve("unlearned");
    String said = new Delivery(PIPELINE, runs).run(out, folder.resolve("logs/train.jsonl"));
    assertTrue(
        said.endsWith("seed-2 of 3 runs, 0.0300 from the goal, 0.9100 of the utility"), said);
    assertEquals("seed-2", Files.readString(out.resolve("model.safetensors")));
    assertEquals("adapter of seed-2", Files.readString(out.resolve("adapter/a.bin")));
    assertEquals("steps of seed-2", Files.readString(folder.resolve("logs/train.jsonl")));
    JsonNode seeds =
        new ObjectMapper().readTree(out.resolve("unlearning.json").toFile()).path("seeds");
    assertEquals("seed-2", seeds.path("delivered").asText());
    assertEquals(0.85, seeds.path("seed-1").path("utility").doubleValue());
  }

  /** Where none keeps enough, the one that keeps most. */
  @Test
  void whereNoneKeepsEnoughTheOneThatKeepsMost() throws IOException {
    run("seed-0", 0.01, 0.5);
    run("seed-1", 0.30, 0.8);
    new Delivery(PIPELINE, runs).run(folder.resolve("unlearned"), folder.resolve("train.jsonl"));
    assertEquals("seed-1", Files.readString(folder.resolve("unlearned/model.safetensors")));
  }

  /** Before and after the work: the model that is unlearned again is not replaced. */
  @Test
  void theModelToStartFromIsNotReplaced() throws IOException {
    run("seed-0", 0.04, 0.95);
    Path base = Files.createDirectories(folder.resolve("base"));
    Files.writeString(base.resolve("config.json"), "{}");
    Files.writeString(base.resolve("model.safetensors"), "the only copy");
    Delivery delivery = new Delivery(PIPELINE.with("model.path=" + base), runs);
    for (Executable wrong :
        List.<Executable>of(
            () -> delivery.requireWritable(base),
            () -> delivery.run(base, folder.resolve("train.jsonl")))) {
      UserException e = assertThrows(UserException.class, wrong);
      assertTrue(e.getMessage().contains("found the model to start from"), "" + e);
    }
    assertEquals("the only copy", Files.readString(base.resolve("model.safetensors")));
  }

  /** It is delivered anew if and only if a run or the rule is another one. */
  @Test
  void anotherRunOrRuleIsAnotherDelivery() throws IOException {
    run("seed-0", 0.04, 0.95);
    run("seed-1", 0.01, 0.85);
    String before = identity(PIPELINE);
    assertEquals(before, identity(PIPELINE.with("unlearn.watch_rows=3")));
    assertNotEquals(before, identity(PIPELINE.with("unlearn.choose.utility_min=0.8")));
    Files.writeString(runs.get("seed-1").resolve("model.safetensors"), "another");
    assertNotEquals(before, identity(PIPELINE));
  }

  private String identity(Pipeline pipeline) {
    return new Delivery(pipeline, runs).inputs(FileHashes.inMemory()).identity("unlearn");
  }

  @Test
  void oneRunAloneMakesNoSeveral() {
    UserException e =
        assertThrows(
            UserException.class,
            () -> new UnlearnStage(PIPELINE, System.err, "test").run(folder.resolve("out")));
    assertTrue(e.getMessage().startsWith("unlearn.seeds: found 3, expected 1 here"), "" + e);
  }
}
