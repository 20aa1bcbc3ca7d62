package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Requests whose rows are passages and conversations. */
@Tag("slow")
class RequestsRowsTest {
  @TempDir Path temp;

  private CommandRun requests(String action, String... more) {
    List<String> args = new ArrayList<>(List.of("requests", action));
    args.add(temp.resolve("requests").toString());
    args.addAll(List.of(more));
    CommandRun r = CommandRun.of(args.toArray(String[]::new));
    assertTrue(r.code() <= ExitCode.GATE, r.out() + r.err());
    return r;
  }

  /** The mean of what is measured about questions of a kind, chats beginning with a user's turn. */
  private static double mean(JsonNode rows, Predicate<String> asked) {
    return StreamSupport.stream(rows.spliterator(), false)
        .filter(r -> asked.test(r.path("question").asText()))
        .mapToDouble(r -> r.path("prob").asDouble())
        .average()
        .orElseThrow();
  }

  /**
   * Ann's passage has 12 sentences, so several windows of 16 tokens, each of which is a question
   * about a row; bob names the same passage, which is asked about once, and two conversations. Were
   * rows counted and not questions, the evaluation would be refused.
   */
  @Test
  void passagesAndConversationsAreForgottenAndMeasured() throws IOException {
    Path model = new InitFolders(temp).model("llama", true);
    Path root = temp.resolve("requests");
    Path template =
        Files.writeString(
            temp.resolve("template.yaml"),
            """
            name: template
            model: {path: "%s"}
            data: {benchmark: fable, max_length: 64}
            unlearn: {objective: {name: GradDiff}, epochs: 2, batch_size: 2, learning_rate: 2.0e-3}
            evaluate: {max_new_tokens: 2}
            export: {variants: [fp32]}
            """
                .formatted(model));
    InitFolders.split(
        root,
        "requests.yaml",
        "pipeline: " + template + "\nstrategy: held\nset: [data.window=16]\n");
    String river = "The river bends below the mill and the barge. ".repeat(12).strip();
    InitFolders.split(root, "ann/request.yaml", "about: ann\n");
    InitFolders.split(root, "ann/forget.jsonl", "{\"text\": \"" + river + "\"}\n");
    InitFolders.split(root, "bob/request.yaml", "about: bob\n");
    InitFolders.split(
        root,
        "bob/forget.jsonl",
        InitFolders.row("chat", 1)
            + "\n{\"text\": \""
            + river
            + "\"}\n"
            + InitFolders.row("chat", 2));
    InitFolders.split(root, "shared/retain.jsonl", InitFolders.rows(10, "pair", "text", "chat"));
    CommandRun run = requests("run", "--at-once");
    List<String> ledger = Files.readAllLines(root.resolve("ledger.jsonl"));
    assertEquals(2, ledger.size(), run.out() + run.err());
    ObjectMapper json = new ObjectMapper();
    JsonNode checks = json.readTree(ledger.get(1)).path("content").path("checks");
    Path made = root.resolve("runs/0001-ann");
    JsonNode rows =
        json.readTree(made.resolve("check/deployed.json").toFile()).path("per_row").path("forget");
    assertTrue(rows.size() > 6, rows.toString());
    assertEquals(mean(rows, q -> true), checks.at("/bob/forget_prob").asDouble(Double.NaN), 1e-9);
    double passages = mean(rows, q -> !q.startsWith("<user>"));
    assertNotEquals(mean(rows, q -> true), passages, 1e-9);
    assertEquals(passages, checks.at("/ann/forget_prob").asDouble(Double.NaN), 1e-9);
    requests("verify");
  }
}
