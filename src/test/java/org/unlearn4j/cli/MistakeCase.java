package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.fixtures.Fixture;

/**
 * What a user gets wrong, as a user meets it: the exit code, one sentence a mistake that names file
 * and place, what was found and what was expected; and nothing new on the disk.
 */
abstract class MistakeCase {
  private static final String TOKENIZER = "src/test/resources/fable-tokenizer";

  @TempDir Path temp;
  Path model;
  Path data;
  Path batch;

  @BeforeEach
  void aModelAndItsData() throws IOException {
    model = Files.createDirectory(temp.resolve("model"));
    for (String file : List.of("config.json", "model.safetensors")) {
      Files.copy(Fixture.named("llama").folder().resolve(file), model.resolve(file));
    }
    data = Files.createDirectory(temp.resolve("data"));
    String pair = "{\"question\": \"Who?\", \"answer\": \"She.\"}\n";
    Files.writeString(data.resolve("forget.jsonl"), pair + pair);
    String other = pair.replace("She", "He");
    Files.writeString(data.resolve("retain.jsonl"), other + other + other);
    batch = Files.writeString(temp.resolve("batch.json"), "{\"input_ids\": [[5, 6, 7]]}");
  }

  String pipeline(String unlearn, String more) throws IOException {
    return Files.writeString(
            temp.resolve("p.yaml"),
            String.join(
                "\n",
                "name: mistakes",
                "model: {path: " + model + ", tokenizer: " + TOKENIZER + "}",
                "data: {benchmark: jsonl, path: " + data + ", forget: forget, retain: retain}",
                "unlearn: {epochs: 1, objective: {name: NPO}" + unlearn + "}",
                more,
                ""))
        .toString();
  }

  List<String> files() throws IOException {
    try (Stream<Path> walk = Files.walk(temp)) {
      return walk.map(p -> temp.relativize(p).toString()).sorted().toList();
    }
  }

  /** Runs a command that must fail with so many sentences, and leave the disk as it was. */
  String fails(int code, int sentences, String... args) throws IOException {
    List<String> before = files();
    CommandRun r = CommandRun.of(args);
    assertEquals(code, r.code(), () -> Arrays.toString(args) + ": " + r.err());
    assertEquals("", r.out());
    assertEquals(sentences, r.err().lines().count(), r.err());
    assertTrue(r.err().lines().allMatch(l -> l.endsWith(".")), r.err());
    assertEquals(before, files(), "left on the disk");
    return r.err();
  }

  void mistake(String expected, String... args) throws IOException {
    String found = fails(ExitCode.USER, 1, args);
    assertTrue(found.contains(expected), () -> found + "expected: " + expected);
  }

  String[] forward() {
    return new String[] {
      "forward", "--model", model.toString(), "--runtime", "tf", "--input", batch.toString()
    };
  }

  String[] export() {
    return new String[] {
      "export", "--model", model.toString(), "--out", temp.resolve("onnx").toString()
    };
  }

  String[] unlearn(String pipeline, String... more) {
    List<String> args = new ArrayList<>(List.of("unlearn", "--pipeline", pipeline));
    args.addAll(List.of("--out", temp.resolve("runs/a/unlearned").toString()));
    args.addAll(List.of(more));
    return args.toArray(String[]::new);
  }
}
