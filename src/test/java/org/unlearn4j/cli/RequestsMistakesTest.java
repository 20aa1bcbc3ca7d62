package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.TargetLock;

/** What is said of requests that cannot be run, without running any. */
class RequestsMistakesTest {
  @TempDir Path temp;
  private Path root;

  @BeforeEach
  void fable() {
    root = temp.resolve("requests");
    CommandRun r = CommandRun.of("requests", "example", root.toString());
    assertEquals(ExitCode.DONE, r.code(), r.err());
  }

  private CommandRun requests(String action, String... more) {
    return CommandRun.of(
        Stream.concat(Stream.of("requests", action, root.toString()), Stream.of(more))
            .toArray(String[]::new));
  }

  private void refused(CommandRun r, String... parts) {
    assertEquals(ExitCode.USER, r.code(), r.out() + r.err());
    for (String part : parts) {
      assertTrue(r.err().contains(part), part + " in " + r.err());
    }
  }

  /** 15 authors of 12 pairs in five requests, 135 others to keep. */
  @Test
  void theExampleIsFablesForgetSetInFive() throws IOException {
    CommandRun r = requests("list");
    assertEquals(
        List.of(
            "authors-135: new",
            "authors-138: new",
            "authors-141: new",
            "authors-144: new",
            "authors-147: new"),
        r.out().lines().toList());
    for (String name : List.of("authors-135", "authors-147")) {
      assertEquals(36, Files.readAllLines(root.resolve(name).resolve("forget.jsonl")).size());
      assertEquals(27 * 12, Files.readAllLines(root.resolve(name).resolve("retain.jsonl")).size());
    }
    refused(requests("example"), "found something there");
  }

  @Test
  void aSecondOneIsRefusedAtOnce() throws Exception {
    CommandRun[] second = new CommandRun[1];
    TargetLock.<Boolean, Exception>holding(
        root.resolve("ledger.jsonl"),
        s -> {},
        () -> {
          Thread other = new Thread(() -> second[0] = requests("run"));
          other.start();
          other.join();
          return true;
        });
    assertEquals(ExitCode.USER, second[0].code());
    assertTrue(second[0].err().contains("expected that nobody else"), second[0].err());
    assertFalse(Files.exists(root.resolve("ledger.jsonl")));
  }

  @Test
  void mistakesAreToldTogether() throws IOException {
    Files.writeString(root.resolve("requests.yaml"), "strategi: held\nhold: 2\nstrategy: best\n");
    CommandRun r = requests("run");
    assertEquals(ExitCode.USER, r.code());
    for (String part :
        List.of(
            "strategi: found an unknown key",
            "hold: found 2",
            "strategy: found best",
            "pipeline: found nothing")) {
      assertTrue(r.err().contains(part), r.err());
    }
    refused(requests("runn"), "found runn", "did you mean run");
  }

  @Test
  void whatIsNotThereIsNamed() throws IOException {
    refused(requests("verify"), "ledger.jsonl: found no such file");
    refused(requests("withdraw"), "--request: found nothing");
    refused(requests("withdraw", "--request", "x"), "has not forgotten");
    refused(requests("seal", "--request", "x"), "--key: found nothing");
    Path key = Files.writeString(temp.resolve("key"), "0f".repeat(32));
    refused(
        requests("seal", "--request", "x", "--key", key.toString()), "the ledger does not know");
    refused(requests("list", "--key", temp.resolve("none").toString()), "found no such file");
    Files.createDirectories(root.resolve("a b"));
    Files.writeString(root.resolve("a b").resolve("request.yaml"), "");
    refused(requests("list"), "this name of a request");
  }
}
