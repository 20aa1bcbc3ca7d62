package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.Hashes;

/** Requests through the real stages, on a model of two blocks that knows eight rows. */
@Tag("slow")
class RequestsCommandTest {
  @TempDir static Path shared;

  @TempDir Path temp;
  private Path root;

  private static CommandRun run(String... args) {
    CommandRun r = CommandRun.of(args);
    assertEquals(ExitCode.DONE, r.code(), r.out() + r.err());
    return r;
  }

  @BeforeAll
  static void aModel() throws IOException {
    pairs(shared.resolve("full.jsonl"), 0, 8);
    pairs(shared.resolve("some.jsonl"), 0, 1);
    Path taught =
        Files.writeString(
            shared.resolve("taught.yaml"),
            """
            name: taught
            model:
              init: random
              tokenizer: src/test/resources/fable-tokenizer
              architecture: {hidden_size: 32, layers: 2, heads: 4, kv_heads: 2, ffn: 48, max_positions: 96}
            data: {benchmark: jsonl, path: DIR, forget: some, retain: full, max_length: 64}
            finetune: {epochs: 80, batch_size: 4, learning_rate: 1.0e-2}
            unlearn: {objective: {name: NPO}}
            """
                .replace("DIR", shared.toString()));
    run("finetune", "--pipeline", taught.toString(), "--out", shared.resolve("first").toString());
    Files.writeString(
        shared.resolve("template.yaml"),
        """
        name: template
        model: {path: DIR/first}
        data: {benchmark: fable, max_length: 64}
        unlearn: {objective: {name: GradDiff}, epochs: 4, batch_size: 2, learning_rate: 2.0e-3}
        evaluate: {max_new_tokens: 2}
        export: {variants: [fp32]}
        """
            .replace("DIR", shared.toString()));
  }

  private static void pairs(Path file, int from, int to) throws IOException {
    StringBuilder rows = new StringBuilder();
    for (int i = from; i < to; i++) {
      rows.append(
          String.format(
              "{\"question\": \"Who is %d?\", \"answer\": \"She is %d.\","
                  + " \"perturbed_answer\": [\"He is %d.\"]}%n",
              i, i, i));
    }
    Files.createDirectories(file.getParent());
    Files.writeString(file, rows);
  }

  @BeforeEach
  void twoRequests() throws IOException {
    root = temp.resolve("requests");
    pairs(root.resolve("shared/retain.jsonl"), 4, 8);
    Files.writeString(
        root.resolve("requests.yaml"),
        "pipeline: " + shared.resolve("template.yaml") + "\nstrategy: held\n");
    request("ann", 0);
    request("bob", 2);
  }

  private void request(String name, int from) throws IOException {
    pairs(root.resolve(name).resolve("forget.jsonl"), from, from + 2);
    Files.writeString(root.resolve(name).resolve("request.yaml"), "about: " + name + "\n");
  }

  private CommandRun requests(String action, String... more) {
    return CommandRun.of(
        Stream.concat(Stream.of("requests", action, root.toString()), Stream.of(more))
            .toArray(String[]::new));
  }

  private CommandRun done(String action, String... more) {
    CommandRun r = requests(action, more);
    assertEquals(ExitCode.DONE, r.code(), r.out() + r.err());
    return r;
  }

  private List<String> ledger() throws IOException {
    return Files.readAllLines(root.resolve("ledger.jsonl"));
  }

  private Path weights(String run) {
    return root.resolve("runs").resolve(run).resolve("unlearned/model.safetensors");
  }

  @Test
  void requestsAreForgottenOneAfterTheOtherAndMeasuredAgain() throws IOException {
    CommandRun r = done("run");
    assertTrue(r.out().contains("ann: forgotten; forget_prob of ann"), r.out());
    assertTrue(r.out().contains("bob: forgotten"), r.out());
    assertEquals(3, ledger().size());
    // The second starts from the first one's weights, and measures both.
    assertTrue(
        ledger()
            .get(2)
            .contains(
                "\"parent_sha256\":{\"model.safetensors\":\""
                    + Hashes.sha256(weights("0001-ann"))));
    assertTrue(ledger().get(2).matches(".*\"checks\":\\{\"ann\":\\{.*\"bob\":\\{.*"));
    // Held: rows of the first are forgotten again.
    assertEquals(4, Files.readAllLines(root.resolve("runs/0002-bob/data/forget.jsonl")).size());
    assertTrue(Files.isRegularFile(root.resolve("runs/0002-bob/report.html")));
    assertTrue(done("run").out().contains("no new request"));
    assertEquals(3, ledger().size());
    assertTrue(done("list").out().contains("bob: forgotten since 20"));

    CommandRun whole = done("verify");
    String last = whole.out().replaceAll("(?s).*last hash: ([0-9a-f]{64}).*", "$1");
    assertTrue(whole.out().contains("keep this one"), whole.out());
    done("verify", "--last", last);
    Path page = Path.of(done("report").out().strip());
    String html = Files.readString(page);
    assertTrue(html.contains("Every request holds") || html.contains("Not every"), html);
    assertFalse(html.matches("(?s).*(src|href)=\"(https?:)?//.*"), "nothing from a network");

    // A cut tail is whole by itself, and is told against the hash that was kept.
    Files.writeString(
        root.resolve("ledger.jsonl"), String.join("\n", ledger().subList(0, 2)) + "\n");
    done("verify");
    CommandRun cut = requests("verify", "--last", last);
    assertEquals(ExitCode.GATE, cut.code());
    assertTrue(cut.out().contains("tail was cut off"), cut.out());
  }

  @Test
  void aFileThatARecordNamesIsNamedWhenItChanges() throws IOException {
    Files.delete(root.resolve("bob/request.yaml"));
    done("run");
    for (Path file :
        List.of(
            root.resolve("ann/forget.jsonl"),
            weights("0001-ann"),
            root.resolve("runs/0001-ann/onnx/onnx/model.onnx"))) {
      byte[] whole = Files.readAllBytes(file);
      byte[] changed = whole.clone();
      changed[changed.length / 2] ^= 1;
      Files.write(file, changed);
      CommandRun r = requests("verify");
      assertEquals(ExitCode.GATE, r.code());
      assertTrue(r.out().contains(file + ": found the hash"), r.out());
      Files.write(file, whole);
    }
    done("verify");
  }

  @Test
  void sealedRowsNeedTheirKeyAndForgottenTextCannotBeChecked() throws IOException {
    Path key = Files.writeString(temp.resolve("key"), "ab".repeat(32));
    Path other = Files.writeString(temp.resolve("other"), "cd".repeat(32));
    Files.delete(root.resolve("bob/request.yaml"));
    done("run");
    Path plot = Files.writeString(root.resolve("runs/0001-ann/report/own.svg"), "She is 1.");
    Path note = Files.writeString(root.resolve("runs/0001-ann/logs/note.txt"), "Not: She is 1.");
    CommandRun sealing = done("seal", "--request", "ann", "--key", key.toString());
    assertFalse(Files.exists(plot));
    assertEquals(List.of(note.toString()), holding("She is 1."));
    assertTrue(sealing.out().contains(note + " still holds text of these rows."), sealing.out());
    assertEquals(2, sealing.out().lines().count(), sealing.out());
    Files.delete(note);
    assertFalse(Files.exists(root.resolve("ann/forget.jsonl")));
    assertEquals(List.of(), holding("She is 1."), "no text is left in the clear");
    done("verify");
    Files.writeString(root.resolve("bob/request.yaml"), "about: bob\n");
    CommandRun without = requests("run");
    assertEquals(ExitCode.USER, without.code());
    assertTrue(without.err().contains("--key FILE to open them"), without.err());
    assertEquals(ExitCode.USER, requests("run", "--key", other.toString()).code());
    done("run", "--key", key.toString());
    assertTrue(ledger().get(3).contains("\"checks\":{\"ann\":{"), "a sealed request is checked");
    assertEquals(List.of(), holding("She is 1."), "the run has put it away again");

    CommandRun gone = done("forget-text", "--request", "ann", "--key", key.toString());
    assertTrue(gone.out().contains("not checkable since 20"), gone.out());
    assertFalse(Files.exists(root.resolve("ann/rows.sealed")));
    assertTrue(done("list").out().contains("not checkable since 20"));
    request("cid", 1);
    pairs(root.resolve("cid/forget.jsonl"), 1, 2);
    done("run");
    assertFalse(ledger().get(5).contains("\"ann\""), "it is no longer measured");
    done("verify");
  }

  /** Files below the requests that hold a text. */
  private List<String> holding(String text) throws IOException {
    try (Stream<Path> walk = Files.walk(root)) {
      return walk.filter(Files::isRegularFile)
          .filter(
              p -> {
                try {
                  return new String(Files.readAllBytes(p), StandardCharsets.ISO_8859_1)
                      .contains(text);
                } catch (IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              })
          .map(Path::toString)
          .toList();
    }
  }

  @Test
  void withdrawingGoesBackToTheModelBefore() throws IOException {
    done("run");
    String first = Hashes.sha256(weights("0001-ann"));
    CommandRun r = done("withdraw", "--request", "ann");
    assertTrue(r.out().contains("is that of record 0, and bob will be run again"), r.out());
    done("run");
    assertTrue(ledger().get(4).contains("\"requests\":[{\"name\":\"bob\""), ledger().get(4));
    assertFalse(ledger().get(4).contains(first), "bob starts from the first model");
    assertTrue(done("list").out().contains("ann: withdrawn since"));
    assertEquals(ExitCode.USER, requests("withdraw", "--request", "ann").code());
    done("verify");
  }

  @Test
  void severalAtOnceAreOneRun() throws IOException {
    done("run", "--at-once");
    assertEquals(2, ledger().size());
    assertTrue(ledger().get(1).contains("\"name\":\"bob\""));
  }

  /**
   * Rows that were asked to be forgotten are kept by nobody, and utility is not measured by them.
   */
  @Test
  void whatIsForgottenIsNotKept() throws IOException {
    pairs(root.resolve("shared/retain.jsonl"), 0, 8);
    Files.delete(root.resolve("bob/request.yaml"));
    done("run");
    assertEquals(6, Files.readAllLines(root.resolve("runs/0001-ann/data/retain.jsonl")).size());
    assertFalse(
        Files.readString(root.resolve("runs/0001-ann/check/data/retain_perturbed.jsonl"))
            .contains("She is 1."));
  }
}
