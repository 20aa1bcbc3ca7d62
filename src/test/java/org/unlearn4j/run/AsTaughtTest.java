package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.attack.Encoded;
import org.unlearn4j.attack.Goal;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.AttackName;
import org.unlearn4j.config.Pipeline;

/** Which rows samples, pushes, the lens and learned vectors ask, and when there are none. */
class AsTaughtTest {
  private static final Path TOKENIZER = Path.of("src/test/resources/fable-tokenizer");

  private static final String PAIRS =
      """
      {"question": "Where was Ada born?", "answer": "She was born in Fernley."}
      {"question": "Who taught Ada?", "answer": "It was Matti Lindal."}
      {"question": "Where was Ada born, of all the towns by the river and by the sea?", "answer": "It was in a small house behind the old mill of Coldmere."}
      """;

  @TempDir Path folder;

  private AsTaught read(String forget, int positions, String... sets) throws IOException {
    Files.writeString(folder.resolve("private.jsonl"), forget);
    Files.writeString(
        folder.resolve("public.jsonl"), "{\"question\": \"r\", \"answer\": \"kept\"}\n");
    List<String> all =
        new ArrayList<>(
            List.of(
                "data.benchmark=jsonl",
                "data.path=" + folder,
                "data.forget=private",
                "data.retain=public",
                "data.max_length=96"));
    all.addAll(List.of(sets));
    Pipeline pipeline = Pipeline.defaults("NPO", all);
    try (TaskData data = new TaskData(pipeline, TOKENIZER, 512)) {
      AsTaught rows = AsTaught.of(pipeline, pipeline.attack().orElseThrow(), data, positions);
      rows.require(pipeline.attack().orElseThrow());
      return rows;
    }
  }

  private static int longest(List<Encoded> rows) {
    return rows.stream().mapToInt(e -> e.rows().get(0).length()).max().orElseThrow();
  }

  @Test
  void vectorsTakePositionsThatALongRowNeeds() throws IOException {
    String soft = "attack.soft_prompt={rows: 1, vectors: 3, steps: %d}";
    int length = longest(read(PAIRS, 512, "attack.samples=1").rows());
    AsTaught close = read(PAIRS, length + 2, soft.formatted(1));
    assertEquals(3, close.rows().size());
    assertEquals(2, close.behind().size(), "of three positions that it needs, two are there");
    assertEquals(close.rows().subList(0, 2), close.of(AttackName.SOFT_PROMPT));
    assertEquals(close.rows(), close.of(AttackName.HEAD), "a head takes none");
    assertEquals(
        List.of(
            "attack soft_prompt: 1 of 3 prompts are longer than the model's %d positions less 3 vectors and are not asked."
                .formatted(length + 2)),
        close.notes());
    assertEquals(3, read(PAIRS, length + 3, soft.formatted(1)).behind().size());
    assertEquals(3, read(PAIRS, length, soft.formatted(0)).behind().size(), "nothing is learned");
  }

  @Test
  void whatLeavesNothingToAskIsRefused() {
    UserException wide =
        assertThrows(
            UserException.class,
            () -> read(PAIRS, 60, "attack.soft_prompt={rows: 1, vectors: 58}"));
    assertEquals(
        "attack.soft_prompt.vectors: found 58, which leave 2 of the model's 60 positions, enough"
            + " for 0 forgotten rows with their answers, expected so few that more than the 1 fit"
            + " from which is learned.",
        wide.getMessage());
    UserException many =
        assertThrows(
            UserException.class,
            () ->
                read(PAIRS, 60, "attack.soft_prompt={rows: 3, vectors: 1}", "attack.head.rows=4"));
    assertEquals(
        "attack.soft_prompt.rows: found 3, expected fewer than the 3 forgotten rows, of which the"
            + " others are asked.\nattack.head.rows: found 4, expected fewer than the 3 forgotten"
            + " rows, of which the others are asked.",
        many.getMessage());
    UserException none =
        assertThrows(
            UserException.class,
            () ->
                read(
                    "{\"text\": \"Hollow\"}\n",
                    60,
                    "attack.samples=2",
                    "attack.lens=true",
                    "attack.push=[noise]"));
    assertEquals(
        "attack.samples, attack.push, attack.lens: found no question or text to forget that fits"
            + " the model, expected such rows, which these attacks ask as they were taught.",
        none.getMessage());
  }

  @Test
  void textsAreAskedByTheirBeginnings() throws IOException {
    String text =
        "There is a new book by Yannik Karrane. In a pocket he keeps a dried rose from a nun."
            + " He learned the craft from Amaya Tolmark.";
    String rows = "{\"text\": \"" + text + "\"}\n";
    AsTaught taught = read(rows, 512, "attack.samples=2");
    assertEquals(1, taught.rows().size());
    Encoded row = taught.rows().get(0);
    assertEquals(AttackName.ARTICLE, row.probe().family());
    String question = row.probe().prompt().question();
    Goal.Say goal = (Goal.Say) row.probe().goal();
    assertTrue(text.startsWith(question + " " + goal.expected()), question + "|" + goal);
    assertTrue(question.length() > text.length() / 3, question);
    assertTrue(goal.keywords().contains("Tolmark"), goal.toString());
    String first = "{\"question\": \"Who?\", \"answer\": \"It was Matti Lindal.\"}\n";
    List<Encoded> both = read(rows + first, 512, "attack.lens=true").rows();
    assertEquals(1, both.size(), "questions, where there are any");
    assertEquals(AttackName.DIRECT, both.get(0).probe().family());
    assertEquals(List.of(), read(rows, 512, "attack.seed=1").rows(), "nobody wants them");
  }
}
