package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.proto.Event;

class EventLogTest {
  @TempDir Path folder;

  /** Reads TFRecords as TensorBoard does, every checksum looked at. */
  private static List<Event> events(Path folder) throws IOException {
    List<Event> events = new ArrayList<>();
    try (var files = Files.list(folder)) {
      for (Path file : files.sorted().toList()) {
        assertTrue(String.valueOf(file.getFileName()).startsWith("events.out.tfevents."));
        ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        while (in.hasRemaining()) {
          byte[] length = bytes(in, 8);
          assertArrayEquals(EventLog.checksum(length), bytes(in, 4), "checksum of a length");
          int size = (int) ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong();
          byte[] data = bytes(in, size);
          assertArrayEquals(EventLog.checksum(data), bytes(in, 4), "checksum of a record");
          events.add(Event.parseFrom(data));
        }
      }
    }
    return events;
  }

  private static byte[] bytes(ByteBuffer in, int n) {
    byte[] bytes = new byte[n];
    in.get(bytes);
    return bytes;
  }

  /**
   * CRC-32C of "123456789" is 0xE3069283 (the algorithm's published check value); turned right by
   * 15 bits it is 0x2507C60D, and with 0xA282EAD8 added 0xC78AB0E5.
   */
  @Test
  void theChecksumIsTheMaskedOne() {
    byte[] expected = {(byte) 0xE5, (byte) 0xB0, (byte) 0x8A, (byte) 0xC7};
    assertArrayEquals(expected, EventLog.checksum("123456789".getBytes(StandardCharsets.US_ASCII)));
  }

  /** Metrics as they are named in the evaluation; an older evaluation does not stay beside them. */
  @Test
  void scalarsOfNoStepReplaceThoseBefore() throws IOException {
    Path own = folder.resolve("eval-target.tf");
    EventLog.replace(own, Map.of("forget_prob", 0.25, "gone", 1.0));
    EventLog.replace(own, Map.of("forget_prob", 0.5, "forget_quality", 1e-24));
    List<Event> events = events(own);
    assertEquals(2, events.size());
    var values = new java.util.HashMap<String, Float>();
    events
        .get(1)
        .getSummary()
        .getValueList()
        .forEach(v -> values.put(v.getTag(), v.getSimpleValue()));
    assertEquals(Map.of("forget_prob", 0.5f, "forget_quality", 1e-24f), values);
    assertEquals(0, events.get(1).getStep());
  }

  @Test
  void stepsAreInTheLogAndInTheEventsAlike() throws IOException {
    Path file = folder.resolve("train.jsonl");
    try (TrainLog log = new TrainLog(file, 0)) {
      for (int i = 0; i < 3; i++) {
        log.step(
            new TrainLog.Circumstances(i, 0, 0.5, Optional.of(2.0 + i), 100, 0.25),
            new TrainingStep.Outcome(Map.of("forget", 3.0 + i), 7, 0.125, Map.of()),
            Map.of("retain_prob", 0.5));
      }
      assertEquals(Map.of("forget", 5.0), log.last().terms());
    }
    List<Event> events = events(folder.resolve("tensorboard").resolve("train"));
    assertEquals("brain.Event:2", events.get(0).getFileVersion());
    assertEquals(4, events.size());
    for (int i = 0; i < 3; i++) {
      Event event = events.get(i + 1);
      assertEquals(i, event.getStep());
      var values = new java.util.HashMap<String, Float>();
      event.getSummary().getValueList().forEach(v -> values.put(v.getTag(), v.getSimpleValue()));
      assertEquals(8, values.size(), () -> "" + values);
      assertClose("watch_retain_prob", 0.5, values.get("watch_retain_prob"), 0, 0);
      assertClose("forget", 3 + i, values.get("forget"), 0, 0);
      assertClose("alpha", 2 + i, values.get("alpha"), 0, 0);
      assertClose("lr", 0.5, values.get("lr"), 0, 0);
      assertClose("tokens_per_second", 400, values.get("tokens_per_second"), 0, 0);
    }
    try (TrainLog resumed = new TrainLog(file, 3)) {
      assertEquals(Map.of("forget", 5.0), resumed.last().terms(), "what is watched is no term");
    }
  }
}
