package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.data.fable.PersonCorpus;

/** A request that is proposed out of texts, and run as it is. */
class PrepareCommandTest {
  @TempDir Path temp;
  private PersonCorpus corpus;
  private String author;

  @BeforeEach
  void aCorpus() throws IOException {
    corpus = PersonCorpus.write(temp.resolve("corpus"), 11, true);
    author = corpus.asked().get(0);
  }

  private CommandRun prepare(Path out, String... more) {
    Stream<String> always =
        Stream.of(
            "prepare",
            "--about",
            author,
            "--from",
            corpus.folder().toString(),
            "--out",
            out.toString());
    return CommandRun.of(Stream.concat(always, Stream.of(more)).toArray(String[]::new));
  }

  private Path prepared(String name, String... more) {
    Path out = temp.resolve("requests").resolve(name);
    CommandRun run = prepare(out, more);
    assertEquals(ExitCode.DONE, run.code(), run.err());
    return out;
  }

  private static Map<String, String> files(Path folder) throws IOException {
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> list = Files.list(folder)) {
      for (Path file : list.toList()) {
        files.put(file.getFileName().toString(), Files.readString(file));
      }
    }
    return files;
  }

  private static List<String> lines(Path folder, String file) throws IOException {
    return Files.readAllLines(folder.resolve(file));
  }

  @Test
  void theFolderHoldsWhatIsForgottenKeptMeasuredAndLeftOut() throws IOException {
    Path questions = temp.resolve("own.jsonl");
    Files.writeString(questions, "{\"question\": \"Who is it?\", \"answer\": \"An author.\"}\n");
    Path one = prepared("one", "--questions", questions.toString(), "--neighbours", "20");
    assertEquals(
        List.of(
            "forget.jsonl",
            "forget_perturbed.jsonl",
            "request.yaml",
            "retain.jsonl",
            "retain_perturbed.jsonl",
            "review.jsonl"),
        List.copyOf(files(one).keySet()));
    assertEquals(
        20, lines(one, "retain.jsonl").size() + lines(one, "retain_perturbed.jsonl").size());
    String measured = Files.readString(one.resolve("forget_perturbed.jsonl"));
    assertTrue(measured.contains("\"made_by\":\"user\""), measured);
    assertTrue(measured.contains("\"made_by\":\"template, passage "), measured);
    String request = Files.readString(one.resolve("request.yaml"));
    assertTrue(request.contains("about: \"" + author + "\""), request);
    assertTrue(request.contains("by_user: 1"), request);
    // A namesake by surname has been left out, and is named.
    String namesake = corpus.authors().get(12);
    assertTrue(request.contains("\"names " + namesake.toLowerCase(Locale.ROOT) + "\": "), request);
    // Of a fifth apart, rounded, what was found is all in one file or the other.
    int train = lines(one, "forget.jsonl").size();
    long apart =
        lines(one, "forget_perturbed.jsonl").stream().filter(l -> l.startsWith("{\"text")).count();
    assertEquals(Math.round(0.2 * (train + apart)), apart);
  }

  @Test
  void theSameSeedGivesTheSameFolderAndAnotherAnotherSplit() throws IOException {
    Map<String, String> first = files(prepared("first", "--seed", "3"));
    assertEquals(first, files(prepared("second", "--seed", "3")));
    assertFalse(first.equals(files(prepared("third", "--seed", "4"))));
  }

  @Test
  void mistakesAreTold() throws IOException {
    Path there = Files.createDirectories(temp.resolve("there"));
    told(prepare(there), "something there, expected a new folder");
    told(prepare(temp.resolve("a b")), "expected one of letters, digits, - and _");
    told(prepare(temp.resolve("x"), "--holdout", "0.9"), "--holdout: found 0.9");
    told(prepare(temp.resolve("x"), "--alias", "!"), "--alias: found !");
    Path rows = Files.writeString(temp.resolve("q.jsonl"), "{\"text\": \"No question.\"}\n");
    told(prepare(temp.resolve("x"), "--questions", rows.toString()), "found no question");
    author = "Nobody Knownhere";
    told(prepare(temp.resolve("x")), "found no passage about Nobody Knownhere");
    assertFalse(Files.exists(temp.resolve("x")), "nothing is written");
  }

  private static void told(CommandRun run, String part) {
    assertEquals(ExitCode.USER, run.code(), run.out());
    assertTrue(run.err().contains(part), run.err());
  }

  private Path pipeline(Path data) throws IOException {
    return Files.writeString(
        temp.resolve("own.yaml"),
        """
        name: own
        model:
          init: random
          tokenizer: src/test/resources/fable-tokenizer
          architecture: {hidden_size: 32, layers: 2, heads: 4, kv_heads: 2, ffn: 48, max_positions: 128}
        data: {benchmark: jsonl, path: %s, forget: forget, retain: retain, max_length: 128}
        finetune: {epochs: 1, batch_size: 16, learning_rate: 1.0e-3}
        unlearn: {objective: {name: GradDiff}, epochs: 1, batch_size: 16, learning_rate: 1.0e-4}
        evaluate: {max_new_tokens: 2}
        export: {variants: [fp32]}
        """
            .formatted(data));
  }

  @Test
  void aPipelineTakesTheFolderAsItIs() throws IOException {
    Path data = prepared("one");
    CommandRun shown =
        CommandRun.withNotes("pipeline", "--pipeline", pipeline(data).toString(), "--rows", "2");
    assertEquals(ExitCode.DONE, shown.code(), shown.err());
    String first = lines(data, "forget.jsonl").get(0);
    assertTrue(shown.out().contains(first.substring(20, 40)), shown.out());
    CommandRun plan =
        CommandRun.withNotes(
            "run",
            "--pipeline",
            pipeline(data).toString(),
            "--run",
            temp.resolve("run").toString(),
            "--plan");
    assertEquals(ExitCode.DONE, plan.code(), plan.err());
    assertTrue(plan.out().contains("unlearn"), plan.out());
  }

  @Test
  @Tag("slow")
  void requestsRunTakesItAsItIs() throws IOException {
    Path request = prepared("one", "--neighbours", "24");
    Path requests = request.getParent();
    Path own = pipeline(request);
    CommandRun taught =
        CommandRun.withNotes(
            "finetune", "--pipeline", own.toString(), "--out", temp.resolve("first").toString());
    assertEquals(ExitCode.DONE, taught.code(), taught.err());
    Path shared = Files.createDirectories(requests.resolve("shared"));
    Files.copy(request.resolve("retain_perturbed.jsonl"), shared.resolve("retain.jsonl"));
    Path template =
        Files.writeString(
            temp.resolve("template.yaml"),
            """
            name: template
            model: {path: %s}
            data: {benchmark: fable, max_length: 128}
            unlearn: {objective: {name: GradDiff}, epochs: 3, batch_size: 8, learning_rate: 1.0e-2}
            evaluate: {max_new_tokens: 2}
            export: {variants: [fp32]}
            """
                .formatted(temp.resolve("first")));
    Files.writeString(requests.resolve("requests.yaml"), "pipeline: " + template + "\n");
    CommandRun run = CommandRun.withNotes("requests", "run", requests.toString());
    assertTrue(run.code() <= ExitCode.GATE, run.out() + run.err());
    assertTrue(run.out().contains("forget_prob of one"), run.out() + run.err());
  }
}
