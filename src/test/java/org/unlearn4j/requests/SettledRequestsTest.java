package org.unlearn4j.requests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.ModelSettings.Precision;
import org.unlearn4j.ledger.History;
import org.unlearn4j.ledger.Ledger;

/** {@code precision: auto} of a ledger: one choice for all of its runs. */
class SettledRequestsTest {
  private static final Path MODEL = Path.of("models/fable-target");
  private static final String TEMPLATE = "pipeline/fable-requests.yaml";
  private static final List<String> AUTO =
      List.of("model.precision=auto", "model.device=cpu", "unlearn.batch_size=2");

  @TempDir Path temp;
  private final PrintStream log =
      new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
  private Path root;

  @BeforeEach
  void fable() throws IOException {
    root = temp.resolve("requests");
    FableRequests.write(root, TEMPLATE);
    Path data = Files.createDirectory(temp.resolve("data"));
    for (String rows : List.of("forget.jsonl", "retain.jsonl")) {
      Files.copy(root.resolve("authors-135").resolve(rows), data.resolve(rows));
    }
  }

  private Precision settled(String request) {
    RequestsFile file =
        new RequestsFile(
            Path.of(TEMPLATE),
            Optional.of(MODEL),
            Strategy.of("sequential").orElseThrow(),
            0.93,
            0.05,
            AUTO);
    RequestFolder folder = new RequestFolder(root, Optional.empty());
    History none = Ledger.read(root).history();
    return new RequestRun(folder, file, none, List.of(request), true, log)
        .settled(MODEL, temp.resolve("data"))
        .model()
        .precision();
  }

  /** The first run measures; the record then says the other format, which the second run takes. */
  @Test
  void allRunsHaveTheFirstOnes() throws IOException {
    Precision first = settled("authors-135");
    Path record = root.resolve("runs/precision.json");
    String text = Files.readString(record);
    boolean brain = first == Precision.BF16;
    assertTrue(text.contains("\"chosen\" : \"" + (brain ? "bf16" : "fp32") + '"'), text);
    String other = brain ? "fp32" : "bf16";
    Files.writeString(
        record, text.replaceFirst("\"chosen\" : \"[a-z0-9]*\"", "\"chosen\" : \"" + other + '"'));
    assertEquals(brain ? Precision.FP32 : Precision.BF16, settled("authors-138"));
  }

  @Test
  void strategiesAreNotComparedInDifferentOnes() {
    StrategyStudy study =
        new StrategyStudy(
            Path.of("study.yaml"),
            Path.of(TEMPLATE),
            AUTO,
            List.of(1L),
            List.of(
                new StrategyStudy.Row(
                    "one",
                    Strategy.of("sequential").orElseThrow(),
                    new StrategyStudy.Data(FableRequests.Kind.QUESTIONS, 1, false),
                    List.of())));
    Path out = temp.resolve("out");
    String message = assertThrows(UserException.class, () -> study.run(out, log)).getMessage();
    assertEquals(
        "study.yaml, strategies.one: found model.precision=auto, expected fp32, tf32 or bf16, so"
            + " that all strategies have the same.",
        message);
    assertFalse(Files.exists(out));
  }
}
