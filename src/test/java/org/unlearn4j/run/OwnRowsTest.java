package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.eval.EvalItem;
import org.unlearn4j.eval.EvalSet;

/** Which rows of one's own are measured, and which are refused. */
class OwnRowsTest {
  private static final Path TOKENIZER = Path.of("src/test/resources/fable-tokenizer");

  @TempDir Path data;

  @BeforeEach
  void rows() throws IOException {
    write("forget.jsonl", text("Mara Lind was born by the river."));
    write("retain.jsonl", text("The town has a bridge of stone."));
  }

  private void write(String name, String rows) throws IOException {
    Files.writeString(data.resolve(name), rows);
  }

  private static String text(String text) {
    return "{\"text\": \"" + text + "\"}\n";
  }

  private static String pair(String question, String answer) {
    return "{\"question\": \"" + question + "\", \"answer\": \"" + answer + "\"}\n";
  }

  private TaskData open() throws IOException {
    Path file =
        Files.writeString(
            data.resolve("own.yaml"),
            """
            name: own
            model:
              init: random
              tokenizer: %s
              architecture: {hidden_size: 16, layers: 1, heads: 2, ffn: 16, max_positions: 64}
            data: {benchmark: jsonl, path: %s, forget: forget, retain: retain, max_length: 64}
            unlearn: {objective: {name: NPO}, epochs: 1, batch_size: 2, learning_rate: 1.0e-3}
            """
                .formatted(TOKENIZER.toAbsolutePath(), data));
    return new TaskData(Pipeline.read(file, List.of()), TOKENIZER, 64);
  }

  private List<EvalItem> set(String name) throws IOException {
    try (TaskData task = open()) {
      return task.evaluationSets().stream()
          .filter(s -> s.name().equals(name))
          .map(EvalSet::items)
          .findFirst()
          .orElseThrow();
    }
  }

  @Test
  void rowsSetApartAreMeasuredWhateverTheirKind() throws IOException {
    assertEquals(EvalItem.Kind.CONTINUATION, set("retain").get(0).kind());
    assertTrue("The town has a bridge of stone.".endsWith(set("retain").get(0).answer()));
    write("retain_perturbed.jsonl", text("Snow fell on the hills that winter."));
    assertTrue("Snow fell on the hills that winter.".endsWith(set("retain").get(0).answer()));
    write("retain_perturbed.jsonl", pair("Who?", "Ann."));
    assertEquals(EvalItem.Kind.ANSWER, set("retain").get(0).kind());
    assertEquals("Ann.", set("retain").get(0).answer());
    write("forget_perturbed.jsonl", text("Of Mara Lind it is said that she sang."));
    assertTrue("Of Mara Lind it is said that she sang.".endsWith(set("forget").get(0).answer()));
  }

  @Test
  void whatIsMeasuredIsNotReadTwice() throws IOException {
    write("retain_perturbed.jsonl", text("Snow fell on the hills that winter."));
    try (TaskData task = open()) {
      task.evaluationSets();
      assertTrue(task.provenance().containsKey("retain_perturbed.jsonl"));
      assertTrue(!task.provenance().containsKey("retain.jsonl"), task.provenance().toString());
    }
  }

  @Test
  void whatIsForgottenIsNotKept() throws IOException {
    write("retain.jsonl", pair("Q", "A") + text("Mara Lind was born by the river."));
    try (TaskData task = open()) {
      String complaint = assertThrows(UserException.class, task::retain).getMessage();
      assertTrue(complaint.contains("found 1 rows of retain"), complaint);
      assertTrue(complaint.contains("retain.jsonl, line 2"), complaint);
    }
  }

  @Test
  void alternateAnswersNeedQuestions() throws IOException {
    write("forget.jsonl", pair("Q", "A") + text("Mara Lind was born by the river."));
    try (TaskData task = open()) {
      String complaint =
          assertThrows(UserException.class, () -> task.alternates(0, Optional.empty()))
              .getMessage();
      assertTrue(complaint.contains("forget.jsonl, line 2: found a passage"), complaint);
    }
  }
}
