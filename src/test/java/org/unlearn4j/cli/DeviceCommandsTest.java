package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every command that computes takes its device from the setting, and from nowhere else. A process
 * in which TensorFlow has been asked for all cards cannot use the second one any more, and under
 * {@code cpu} no card shall be opened at all; {@code --verbose} tells of every question.
 */
class DeviceCommandsTest {
  private static final String LLAMA = "src/test/resources/fixtures/llama";
  private static final String ASKED = "TensorFlow is asked for its devices, and opens ";

  /** No machine has that many. */
  private static final String GPU = "gpu:77";

  @TempDir Path temp;

  @AfterEach
  void quiet() {
    System.clearProperty("unlearn4j.verbose");
  }

  private static CommandRun run(String line, String... more) {
    List<String> args = new ArrayList<>(Arrays.asList(line.split(" ", -1)));
    args.addAll(List.of(more));
    args.add("--verbose");
    return CommandRun.withNotes(args.toArray(String[]::new));
  }

  private static List<String> asked(CommandRun r) {
    return r.err().lines().filter(l -> l.startsWith(ASKED)).distinct().toList();
  }

  private static void opensThatCardAlone(CommandRun r, String key) {
    assertEquals(ExitCode.MACHINE, r.code(), r.err());
    assertEquals(List.of(ASKED + "GPU 77"), asked(r));
    String found = key + ": found " + GPU + ", expected a GPU that TensorFlow sees: ";
    assertTrue(r.err().lines().anyMatch(l -> l.startsWith(found)), r.err());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "forward --runtime tf --model " + LLAMA + " --input " + LLAMA + "/expected.json",
        "generate --model models/fable-target --prompt The --max-new-tokens 1",
        "check --fixtures src/test/resources/fixtures --only llama$ --methods nothing",
        "probe --objective SimNPO --set unlearn.objective.gamma=1 --model "
            + LLAMA
            + " --input "
            + LLAMA
            + "/batches.json",
        "bench --hidden 8 --layers 1 --heads 1 --ffn 8 --vocab 8 --rows 1 --tokens 4 --memory"
      })
  void withoutAPipeline(String line) {
    CommandRun cpu = run(line, "--device", "cpu");
    assertEquals(ExitCode.DONE, cpu.code(), cpu.err());
    assertEquals(List.of(), asked(cpu));
    opensThatCardAlone(run(line, "--device", GPU), "--device");
    if (line.startsWith("forward")) { // the question shows where it is asked
      assertEquals(List.of(ASKED + "GPU 0"), asked(run(line)));
    }
  }

  private String pipeline() throws IOException {
    Path data = Files.createDirectory(temp.resolve("data"));
    String pair = "{\"question\": \"Who?\", \"answer\": \"She.\"}\n";
    Files.writeString(data.resolve("forget.jsonl"), pair + pair);
    Files.writeString(data.resolve("retain.jsonl"), (pair + pair).replace("She", "He"));
    return Files.writeString(
            temp.resolve("p.yaml"),
            String.join(
                "\n",
                "name: devices",
                "model: {path: models/fable-target, device: '" + GPU + "'}",
                "data: {benchmark: jsonl, path: " + data + ", forget: forget, retain: retain,",
                "  max_length: 64}",
                "finetune: {epochs: 1}",
                "unlearn: {epochs: 1, objective: {name: SimNPO}}",
                "evaluate: {max_new_tokens: 1}",
                "relearn: {share: 0.5}",
                ""))
        .toString();
  }

  @Test
  void withAPipeline() throws IOException {
    String p = pipeline();
    String out = temp.resolve("out").toString();
    for (String line :
        List.of(
            "finetune --out " + out,
            "unlearn --out " + out,
            "evaluate --model models/fable-target --runtime tf --out " + out,
            "relearn --model models/fable-target --out " + out,
            "verify --model models/fable-target --onnx "
                + temp.resolve("onnx")
                + " --out "
                + out)) {
      opensThatCardAlone(run(line, "--pipeline", p), "model.device");
    }
  }
}
