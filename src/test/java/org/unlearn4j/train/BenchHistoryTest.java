package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;

/** Measurements over time. */
class BenchHistoryTest {
  @TempDir Path temp;
  private Path file;
  private BenchHistory history;

  @BeforeEach
  void open() {
    file = temp.resolve("bench.jsonl");
    history = new BenchHistory(file);
  }

  private static ObjectNode measured(String precision, double ms) {
    return new ObjectMapper()
        .createObjectNode()
        .put("step_ms", ms)
        .put("precision", precision)
        .put("rows", 8);
  }

  /** Of 100, 110 and 90 the median is 100: 130 is 1.3 of it. The other format is another line. */
  @Test
  void aSlowerStepIsSeen() throws IOException {
    for (double ms : new double[] {100, 110, 90}) {
      history.append(measured("FP32", ms), "this one");
    }
    history.append(measured("BF16", 50), "this one");
    history.append(measured("FP32", 130), "this one");
    List<BenchHistory.Trend> trends = history.trends();
    assertEquals(2, trends.size());
    assertEquals(4, trends.get(0).count());
    assertEquals(100, trends.get(0).first());
    assertEquals(1.3, trends.get(0).ratio(), 1e-12);
    assertTrue(trends.get(0).what().startsWith("this one"), trends.get(0).what());
    assertEquals(1, trends.get(1).ratio(), "nothing to compare with");
    assertEquals(5, Files.readAllLines(file).size());
    assertTrue(new ObjectMapper().readTree(Files.readAllLines(file).get(4)).has("java"));
  }

  @Test
  void machinesAreNotComparedWithEachOther() {
    history.append(measured("FP32", 100), "one");
    history.append(measured("FP32", 300), "another");
    assertEquals(2, history.trends().size());
  }

  /** Each of these changes what a step costs: none of them is held against the others. */
  @Test
  void stepsOfAnotherKindAreNotCompared() {
    history.append(measured("FP32", 100), "one");
    List<String> others =
        List.of("shape", "labelled", "stored", "adapter", "optimizer", "recompute", "sets");
    for (String key : others) {
      history.append(measured("FP32", 300).put(key, "another " + key), "one");
    }
    List<BenchHistory.Trend> trends = history.trends();
    assertEquals(1 + others.size(), trends.size());
    assertTrue(trends.stream().allMatch(t -> t.count() == 1));
    history.append(measured("FP32", 150), "one");
    assertEquals(1.5, history.trends().get(0).ratio(), 1e-12);
  }

  @Test
  void noFileHasNoTrend() {
    String message = assertThrows(UserException.class, history::trends).getMessage();
    assertTrue(message.contains("bench.jsonl: found no such file, expected measure"), message);
  }

  @Test
  void anotherFileIsLeftAlone() throws IOException {
    Files.writeString(file, "{\"answer\": 42}\n");
    UserException e =
        assertThrows(UserException.class, () -> history.append(measured("FP32", 1), "one"));
    assertTrue(e.getMessage().contains("bench.jsonl, line 1: found"), e.getMessage());
    assertEquals("{\"answer\": 42}\n", Files.readString(file));
    Files.writeString(file, "step\n");
    assertThrows(UserException.class, history::trends);
  }

  /** Whoever reads, adds a line and writes without a lock loses the other's line. */
  @Test
  void measurementsOfTwoAtOnceAreAllThere() {
    IntStream.range(0, 8).parallel().forEach(i -> history.append(measured("FP32", 100 + i), "one"));
    assertEquals(8, history.trends().get(0).count());
  }

  @Test
  void aFolderIsNoHistory() throws IOException {
    Files.createDirectory(file);
    String message = assertThrows(UserException.class, history::requireOwn).getMessage();
    assertTrue(message.contains("bench.jsonl: found a folder, expected a file"), message);
    assertEquals(message, assertThrows(UserException.class, history::trends).getMessage());
  }
}
