package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;
import org.unlearn4j.onnx.OrtModel;
import org.unlearn4j.onnx.OrtSettings;

/** An evaluation in parts of an ONNX file, each part by a command of its own. */
class ShardCommandTest {
  private static final int PARTS = 3;

  @TempDir static Path shared;
  @TempDir Path temp;
  private static Path pipeline;
  private static Path model;

  @BeforeAll
  static void export() throws IOException {
    pipeline =
        Files.writeString(
            shared.resolve("p.yaml"),
            """
            name: parts
            model: {path: models/fable-target}
            data: {benchmark: fable, max_length: 96}
            unlearn: {objective: {name: NPO}}
            evaluate: {limit: 4, token_budget: 128, max_new_tokens: 4, threads: 2}
            """);
    model = shared.resolve("onnx");
    assertEquals(
        0,
        CommandRun.of(
                "export",
                "--model",
                "models/fable-target",
                "--out",
                model.toString(),
                "--variants",
                "fp32,int8-dynamic")
            .code());
  }

  private CommandRun evaluate(String runtime, Path out, String... more) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "evaluate",
                "--pipeline",
                pipeline.toString(),
                "--model",
                model.toString(),
                "--runtime",
                runtime,
                "--out",
                out.toString()));
    args.addAll(List.of(more));
    return CommandRun.of(args.toArray(String[]::new));
  }

  /** Everything but how long it took. */
  private static String said(Path file) throws IOException {
    return Files.readAllLines(file).stream()
        .filter(l -> !l.matches(" *\"(seconds|tokens_per_second)\" : .*"))
        .collect(Collectors.joining("\n"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"onnx", "onnx:int8-dynamic"})
  void theBytesOfTheWhole(String runtime) throws IOException {
    Path whole = temp.resolve("whole/m.json");
    assertEquals(0, evaluate(runtime, whole).code());
    Path parts = temp.resolve("parts/m.json");
    for (int i = PARTS; i >= 1; i--) { // in whatever order
      CommandRun part = evaluate(runtime, parts, "--shard", i + "/" + PARTS);
      assertEquals(0, part.code(), part.err());
      assertTrue(part.out().contains(i + "-of-3.rows: "), part.out());
      assertFalse(Files.exists(parts), "a part is no evaluation");
    }
    CommandRun again = evaluate(runtime, parts, "--shard", "2/3");
    assertTrue(again.out().contains("2-of-3.rows: there"), "not asked again: " + again.out());
    CommandRun merged = evaluate(runtime, parts, "--merge", "3");
    assertEquals(0, merged.code(), merged.err());
    assertTrue(merged.out().contains(" 0 tokens a second"), "nothing was asked: " + merged.out());
    assertEquals(said(whole), said(parts));
  }

  @Test
  void partsThatDoNotBelongAreRefusedByName() throws IOException {
    Path out = temp.resolve("m.json");
    Path folder = temp.resolve("m.json.shards");
    assertEquals(0, evaluate("onnx", out, "--shard", "1/3").code());
    assertEquals(
        0, evaluate("onnx", out, "--shard", "2/3", "--set", "evaluate.token_budget=64").code());
    CommandRun merged = evaluate("onnx", out, "--merge", "3");
    assertEquals(ExitCode.USER, merged.code());
    assertEquals(
        folder.resolve("2-of-3.rows")
            + ": found that evaluate.token_budget was 64 and is 128, expected part 2/3 of this"
            + " evaluation.\n"
            + folder.resolve("3-of-3.rows")
            + ": found that 3-of-3.rows does not exist yet, expected part 3/3 of this"
            + " evaluation.\n",
        merged.err());
    assertFalse(Files.exists(out));

    assertEquals(0, evaluate("onnx", out, "--shard", "2/3").code());
    assertEquals(0, evaluate("onnx", out, "--shard", "3/3").code());
    Path changed = folder.resolve("1-of-3.rows");
    Files.writeString(changed, "{}\n", StandardOpenOption.APPEND);
    merged = evaluate("onnx", out, "--merge", "3");
    assertEquals(ExitCode.USER, merged.code());
    assertTrue(merged.err().contains("1-of-3.rows was changed after it was written"), merged.err());
    AtomicFiles.deleteTree(changed);
    assertEquals(0, evaluate("onnx", out, "--shard", "1/3").code());
    assertEquals(0, evaluate("onnx", out, "--merge", "3").code());

    CommandRun none = evaluate("onnx", out, "--shard", "4/3");
    assertEquals(
        "--shard: found 4/3, expected the number of a part and how many there are, for instance"
            + " 2/8.\n",
        none.err());
    assertEquals(ExitCode.USER, evaluate("onnx", out, "--shard", "1/3", "--merge", "3").code());
  }

  /** Why parts are of whole batches: one scale a batch rounds what every row of it says. */
  @Test
  void aBatchThatIsCutSaysOtherNumbers() {
    List<TokenRow> batch =
        List.of(
            TokenRow.answered(new int[] {40, 41, 42}, 50, 51, 52),
            TokenRow.answered(new int[] {900, 17, 3}, 1200, 1201, 2));
    try (OrtModel file = OrtModel.open(model, "int8-dynamic", OrtSettings.defaults())) {
      List<TokenScores> together = file.score(batch);
      List<TokenScores> again = file.score(batch);
      boolean same = true;
      for (int i = 0; i < batch.size(); i++) {
        assertArrayEquals(together.get(i).logProbs(), again.get(i).logProbs());
        float[] alone = file.score(List.of(batch.get(i))).get(0).logProbs();
        same &= Arrays.equals(together.get(i).logProbs(), alone);
      }
      assertFalse(same, "rows of a batch do not know each other");
    }
  }
}
