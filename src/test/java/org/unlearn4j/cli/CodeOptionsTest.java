package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.unlearn4j.onnx.OnnxSummary;
import org.unlearn4j.weights.Variant;

/** What {@code export} and {@code round} take for codes and outputs. */
class CodeOptionsTest {
  private static final String MODEL = "src/test/resources/fixtures/llama";

  @TempDir Path temp;

  private CommandRun run(String command, String... more) {
    List<String> words =
        List.of(command, "--model", MODEL, "--out", temp.resolve("out").toString());
    String[] all = new String[words.size() + more.length];
    for (int i = 0; i < all.length; i++) {
      all[i] = i < words.size() ? words.get(i) : more[i - words.size()];
    }
    return CommandRun.of(all);
  }

  /** Codes of a file that is not written would be ignored in silence. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "export|--variants fp32,int8 --int4 block_size=16|--int4: found no variant that has such"
            + " codes (fp32, int8), expected int4 or q4f16 among them.",
        "export|--variants int8-dynamic --int8 block_size=16|--int8: found no variant that has such"
            + " codes (int8-dynamic), expected int8 among them.",
        "round|--variant int8 --int4 block_size=16|--int4: found no variant that has such codes"
            + " (int8), expected int4 or q4f16 among them.",
        "round|--variant int4 --int4 block_size=17|--int4: block_size: found \"17\", expected one",
        "export|--logits first|--logits: found first, expected all or last.",
      })
  void mistakesAreTold(String command, String options, String message) {
    CommandRun r = run(command, options.split(" "));
    assertEquals(ExitCode.USER, r.code(), r.err());
    assertTrue(r.err().contains(message), r.err());
    assertFalse(Files.exists(temp.resolve("out")));
  }

  @Test
  void whatTheyAskForIsWritten() {
    CommandRun r =
        run(
            "export",
            "--variants",
            "q4f16",
            "--int4",
            "block_size=16",
            "--hidden-states",
            "--logits",
            "last");
    assertEquals(ExitCode.DONE, r.code(), r.err());
    Path onnx = OnnxSummary.locate(temp.resolve("out"), Variant.Q4F16.label());
    String choices = OnnxSummary.of(onnx).metadata().get("unlearn4j.choices");
    assertEquals("block_size=16,hidden_states=true,logits=last", choices);
  }
}
