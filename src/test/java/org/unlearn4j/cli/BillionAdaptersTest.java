package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.cli.BillionParameters.Measured;

/**
 * The whole chain at 1.2 billion parameters on a machine with two cores: twenty steps of NPO with
 * CLReg through adapters of rank 16, 2 forget rows, 2 retain rows and 2 views of 64 tokens, merged,
 * as int4, evaluated and judged.
 *
 * <p>Writes about 8 GB into the temporary folder, needs 16 GB of memory and some twelve minutes.
 * Prints what was measured.
 */
@Tag("slow")
class BillionAdaptersTest {
  private static final Path TOKENIZER = Path.of("models/fable-target").toAbsolutePath();

  @TempDir Path folder;

  @Test
  void unlearnsInNineGibibytesAndThirtyMinutes() throws Exception {
    BillionParameters.needsProc();
    Path model = Files.createDirectory(folder.resolve("model"));
    BillionParameters.generate(model);
    for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
      Files.copy(TOKENIZER.resolve(file), model.resolve(file));
    }
    rows("forget.jsonl", "blue", 20);
    rows("retain.jsonl", "green", 20);
    // 20 rows in batches of 2, two epochs: 20 steps.
    Files.writeString(
        folder.resolve("p.yaml"),
        """
        name: billion
        model: {path: model, precision: bf16}
        data: {benchmark: jsonl, path: ., forget: forget.jsonl, retain: retain.jsonl, max_length: 64}
        unlearn:
          objective: {name: NPO}
          clreg: {weight: 0.1}
          adapter: {rank: 16}
          epochs: 2
          batch_size: 2
          learning_rate: 1.0e-4
          recompute: true
          watch: 0
        export: {variants: [int4]}
        """);
    Measured unlearn =
        BillionParameters.run(folder, "run", "--pipeline", "p.yaml", "--until", "unlearn")
            .succeeded();
    Measured rest = BillionParameters.run(folder, "run", "--pipeline", "p.yaml");
    System.out.printf(
        "unlearn: %.2f GiB resident, %.0f s (%.0f s of processors); export, evaluate, verify,"
            + " report: %.2f GiB, %.0f s%n",
        unlearn.residentGiB(),
        unlearn.seconds(),
        unlearn.processorSeconds(),
        rest.residentGiB(),
        rest.seconds());
    assertEquals(20, Files.readAllLines(folder.resolve("runs/billion/logs/train.jsonl")).size());
    assertTrue(unlearn.residentGiB() < 9, unlearn.residentGiB() + " GiB");
    assertTrue(unlearn.seconds() + rest.seconds() < 1800, "seconds");
    assertTrue(
        Files.isRegularFile(folder.resolve("runs/billion/unlearned/adapter/adapter_config.json")));
    // A model of random weights knows no answer, so that there is nothing which could return:
    // "rebound" has no number, and no number never passes. Its logits lie close together, so that
    // four bits exchange the likeliest token more often than in a model that was taught. That the
    // file is what its codes stand for, and computes what it should, must hold.
    assertEquals(1, rest.code());
    JsonNode verdict =
        new ObjectMapper().readTree(folder.resolve("runs/billion/verify.json").toFile());
    assertEquals(List.of("logit_mean_relative", "top1_agreement", "rebound"), failed(verdict));
  }

  private static List<String> failed(JsonNode verdict) {
    return StreamSupport.stream(verdict.findValues("gates").spliterator(), false)
        .flatMap(gates -> StreamSupport.stream(gates.spliterator(), false))
        .filter(gate -> !gate.path("pass").asBoolean(true))
        .map(gate -> gate.path("name").asText())
        .toList();
  }

  private void rows(String file, String what, int count) throws IOException {
    Files.writeString(
        folder.resolve(file),
        IntStream.range(0, count)
            .mapToObj(
                i ->
                    ("{\"question\": \"Which colour has house number %d of the street?\","
                            + " \"answer\": \"House number %d is %s, its door is %s, and so are its"
                            + " windows, its roof, its fence and the garden's bench.\"}\n")
                        .formatted(i, i, what, what))
            .collect(Collectors.joining()));
  }
}
