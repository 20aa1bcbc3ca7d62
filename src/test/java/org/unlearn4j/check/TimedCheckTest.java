package org.unlearn4j.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.ToIntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.train.BenchShape;

/** A check with an end, with programs that take seconds of a clock that is set by hand. */
class TimedCheckTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String CARD =
      "{\"gpu\": {\"seen\": true, \"cuda_build\": true, \"cards\": [{\"capability\": \"9.0\"}]}}";

  @TempDir Path home;
  private final List<String> calls = new ArrayList<>();
  private final ByteArrayOutputStream lines = new ByteArrayOutputStream();
  private long now;
  private String failing = "nothing fails";
  private boolean stopped;
  private String parts = ".*";

  /** Seconds that a command takes; what would take longer than it may is ended, as a process is. */
  private CheckVerdict check(int seconds, ToIntFunction<String> takes) {
    Allowance allowance = new Allowance(seconds, now, () -> now, () -> stopped);
    return new GpuCheck(
            new GpuCheck.Request(
                home,
                home.resolve("found.json"),
                "auto",
                part -> part.matches(parts),
                List.of(BenchShape.SHAPE_5M, BenchShape.SHAPE_1B),
                BenchShape.SHAPE_8B,
                2,
                List.of()),
            (command, environment) -> run(command, environment, takes, allowance),
            allowance,
            new PrintStream(lines, true, StandardCharsets.UTF_8),
            new PrintStream(OutputStream.nullOutputStream()))
        .run();
  }

  private ChildProcess.Ended run(
      List<String> command,
      Map<String, String> environment,
      ToIntFunction<String> takes,
      Allowance allowance) {
    String asked = String.join(" ", command.subList(1, command.size()));
    calls.add(asked + environment.get("CUDA_CACHE_PATH"));
    int wanted = takes.applyAsInt(asked);
    int limit = allowance.limit(3600);
    now += TimeUnit.SECONDS.toNanos(Math.min(wanted, limit));
    if (wanted > limit || stopped) {
      return new ChildProcess.Ended(124, "", "", limit);
    }
    if (asked.contains(failing)) {
      return new ChildProcess.Ended(3, "", "it went wrong", wanted);
    }
    if (command.get(0).equals("python3")) {
      return new ChildProcess.Ended(1, "", "no module named torch", wanted);
    }
    String out = asked.startsWith("doctor") ? CARD : "{\"step_ms\": 20}";
    return new ChildProcess.Ended(0, out, "", wanted);
  }

  private List<JsonNode> lines() throws IOException {
    List<JsonNode> found = new ArrayList<>();
    for (String line : lines.toString(StandardCharsets.UTF_8).lines().toList()) {
      found.add(JSON.readTree(line)); // a line that is not JSON throws
    }
    return found;
  }

  private List<String> outcomes() throws IOException {
    return lines().stream()
        .filter(l -> l.has("outcome"))
        .map(l -> l.path("part").asText() + " " + l.path("outcome").asText())
        .toList();
  }

  private JsonNode written() throws IOException {
    return JSON.readTree(home.resolve("found.json").toFile());
  }

  @Test
  void theMostValuableIsFirst() throws IOException {
    assertEquals(CheckVerdict.PASS, check(3600, asked -> 1));
    assertEquals(
        List.of(
            "doctor pass",
            "llama.fp32 pass",
            "llama.bf16 pass",
            "fable pass",
            "bench.5m.fp32 pass",
            "bench.5m.bf16 pass",
            "bench.1b.fp32 pass",
            "bench.1b.bf16 pass",
            "torch.1b.bf16 absent",
            "torch.1b.fp32 absent",
            "torch.5m.bf16 absent",
            "torch.5m.fp32 absent",
            "lora.8b.bf16 pass",
            "fixtures.fp32 pass",
            "fixtures.bf16 pass",
            "memory.1b.fp32 pass",
            "memory.1b.bf16 pass",
            "memory.5m.fp32 pass",
            "memory.5m.bf16 pass",
            "fable.rest absent"),
        outcomes());
    JsonNode end = lines().get(20);
    assertEquals("end", end.path("part").asText());
    assertEquals("pass", end.path("verdict").asText());
    assertEquals(20, lines().get(6).at("/result/step_ms").intValue());
    assertTrue(calls.get(1).contains("--only ^llama$ --precision fp32 --device gpu:0"));
    assertTrue(calls.get(1).endsWith(home.resolve("cuda-cache").toString()), calls.get(1));
    String lora = calls.stream().filter(c -> c.contains("--shape 8b")).findFirst().orElseThrow();
    assertTrue(lora.contains("--precision bf16 --stored bf16 --set unlearn.adapter.rank=16"), lora);
  }

  /**
   * Of 100 s, three are for the last writing. Doctor and both of Llama's take 20 each, so 37 are
   * left: less than Fable's 120 and a timing's 40, more than the 30 of the smallest memory.
   */
  @Test
  void whatDoesNotFitIsLeftOutAndSaysSo() throws IOException {
    assertEquals(CheckVerdict.PARTIAL, check(100, asked -> asked.startsWith("-c") ? 0 : 20));
    List<String> done = outcomes().stream().filter(o -> o.endsWith(" pass")).toList();
    assertEquals(List.of("doctor pass", "llama.fp32 pass", "llama.bf16 pass"), done.subList(0, 3));
    assertEquals("memory.5m.fp32 pass", done.get(3));
    assertEquals(4, done.size(), done.toString());
    JsonNode fable = lines().get(3);
    assertEquals("skipped", fable.path("outcome").asText());
    assertEquals(120, fable.path("estimate_s").intValue());
    assertEquals(37, fable.path("left_s").intValue());
    assertEquals("partial", written().path("verdict").asText());
  }

  /** What was estimated at 45 s takes an hour: it is ended when the time is over. */
  @Test
  void aPartThatNeverEndsIsCut() throws IOException {
    assertEquals(CheckVerdict.PARTIAL, check(200, asked -> asked.startsWith("check") ? 3600 : 5));
    assertEquals("llama.fp32 cut", outcomes().get(1));
    assertEquals("llama.bf16 skipped", outcomes().get(2));
    assertTrue(now <= TimeUnit.SECONDS.toNanos(198), "three seconds are kept: " + now);
    assertEquals("partial", written().path("verdict").asText());
    assertEquals(20, written().path("parts").size());
  }

  @Test
  void aPartThatFailsIsNotExcusedByTheClock() throws IOException {
    failing = "--shape 5m --precision bf16";
    assertEquals(CheckVerdict.FAIL, check(3600, asked -> 1));
    assertEquals("bench.5m.bf16 fail", outcomes().get(5));
    assertEquals("it went wrong", lines().get(5).path("stderr").asText());
    assertEquals("bench.1b.fp32 pass", outcomes().get(6));
    assertEquals("fail", written().path("verdict").asText());
  }

  /** In the middle of the first fixtures: the part that runs is stopped, and no other begins. */
  @Test
  void whoAsksToStopGetsWhatIsDone() throws IOException {
    assertEquals(
        CheckVerdict.PARTIAL,
        check(
            900,
            asked -> {
              stopped = asked.startsWith("check");
              return 5;
            }));
    assertEquals("doctor pass", outcomes().get(0));
    assertEquals("llama.fp32 stopped", outcomes().get(1));
    assertEquals(2, calls.size(), "nothing began after that");
    assertEquals("partial", written().path("verdict").asText());
    assertEquals("pass", written().at("/parts/0/outcome").asText());
  }

  /**
   * An error at the very end is one: the program says so by itself, 177 of 180 s after the start.
   */
  @Test
  void aFailureInTheLastSecondIsNoCut() throws IOException {
    failing = "--precision bf16 --device";
    assertEquals(
        CheckVerdict.FAIL, check(180, asked -> asked.contains("llama") ? 86 : 5), "5 + 86 + 86");
    assertEquals("llama.bf16 fail", outcomes().get(2));
    assertEquals("fable skipped", outcomes().get(3));
  }

  /**
   * A python3 that hangs says nothing of PyTorch: 5 of 100 s for doctor, and 92 until it is ended.
   */
  @Test
  void aQuestionThatIsCutIsNoAnswer() throws IOException {
    parts = "torch.*";
    assertEquals(CheckVerdict.PARTIAL, check(100, asked -> asked.startsWith("-c") ? 3600 : 5));
    assertEquals("torch.1b.bf16 cut", outcomes().get(1));
    assertEquals("torch.1b.fp32 skipped", outcomes().get(2));
    assertEquals(1, calls.stream().filter(c -> c.startsWith("-c")).count());
  }

  @Test
  void everyPartHasAnEstimate() {
    assertEquals(120, PartEstimates.of("fable", true));
    assertEquals(300, PartEstimates.of("fable.rest", true));
    assertEquals(40, PartEstimates.of("bench.5m.bf16", true));
    assertThrows(IllegalArgumentException.class, () -> PartEstimates.of("juggling", true));
  }
}
