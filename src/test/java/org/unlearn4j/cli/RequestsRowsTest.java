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

  /** A model that knows some rows by heart: what nobody knows can't be unlearned. */
  private Path taught(String rows, String kept) throws IOException {
    Path data = temp.resolve("taught");
    InitFolders.split(data, "full.jsonl", rows);
    InitFolders.split(data, "some.jsonl", kept);
    Path file =
        Files.writeString(
            temp.resolve("taught.yaml"),
            """
            name: taught
            model: {path: "%s"}
            data: {benchmark: jsonl, path: "%s", forget: some, retain: full, max_length: 64, window: 16}
            finetune: {epochs: 60, batch_size: 8, learning_rate: 1.0e-2}
            unlearn: {objective: {name: NPO}}
            """
                .formatted(new InitFolders(temp).model("llama", true), data));
    Path out = temp.resolve("knows");
    CommandRun run = CommandRun.of("finetune", "--pipeline", file.toString(), "--out", out + "");
    assertEquals(ExitCode.DONE, run.code(), run.err());
    return out;
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
   * rows counted and not questions, the evaluation would be refused. The run of a later request, of
   * pairs, measures both again.
   */
  @Test
  void passagesAndConversationsAreForgottenAndMeasured() throws IOException {
    String river = "The river bends below the mill and the barge. ".repeat(12).strip();
    String chats = InitFolders.row("chat", 1) + "\n" + InitFolders.row("chat", 2) + "\n";
    String passage = "{\"text\": \"" + river + "\"}\n";
    String pairs = InitFolders.rows(3, "pair");
    String kept = InitFolders.rows(10, "pair", "text", "chat");
    Path model = taught(passage + chats + pairs + kept, kept);
    Path root = temp.resolve("requests");
    Path template =
        Files.writeString(
            temp.resolve("template.yaml"),
            """
            name: template
            model: {path: "%s"}
            data: {benchmark: fable, max_length: 64}
            unlearn: {objective: {name: GradDiff}, epochs: 12, batch_size: 2, learning_rate: 5.0e-3}
            evaluate: {max_new_tokens: 2}
            export: {variants: [fp32]}
            """
                .formatted(model));
    InitFolders.split(
        root,
        "requests.yaml",
        "pipeline: " + template + "\nstrategy: held\nset: [data.window=16]\n");
    InitFolders.split(root, "ann/request.yaml", "about: ann\n");
    InitFolders.split(root, "ann/forget.jsonl", passage);
    InitFolders.split(root, "bob/request.yaml", "about: bob\n");
    InitFolders.split(root, "bob/forget.jsonl", chats + passage);
    InitFolders.split(root, "shared/retain.jsonl", kept);
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
    InitFolders.split(root, "cid/request.yaml", "about: cid\n");
    InitFolders.split(root, "cid/forget.jsonl", pairs);
    requests("run");
    List<String> later = Files.readAllLines(root.resolve("ledger.jsonl"));
    assertEquals(3, later.size());
    checks = json.readTree(later.get(2)).path("content").path("checks");
    rows =
        json.readTree(root.resolve("runs/0002-cid/check/deployed.json").toFile())
            .at("/per_row/forget");
    int earlier = rows.size() - 6; // cid's questions stand behind all others
    List<JsonNode> all = new ArrayList<>();
    rows.forEach(all::add);
    assertEquals(
        mean(json.valueToTree(all.subList(0, earlier)), q -> true),
        checks.at("/bob/forget_prob").asDouble(Double.NaN),
        1e-9);
    assertEquals(
        mean(json.valueToTree(all.subList(0, earlier)), q -> !q.startsWith("<user>")),
        checks.at("/ann/forget_prob").asDouble(Double.NaN),
        1e-9);
    assertEquals(
        mean(json.valueToTree(all.subList(earlier, all.size())), q -> true),
        checks.at("/cid/forget_prob").asDouble(Double.NaN),
        1e-9);
    requests("verify");
  }
}
