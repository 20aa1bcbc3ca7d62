package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.NoGpuException;

class DoctorCommandTest {
  @Test
  void findsEveryRuntimeOfThisMachine() throws Exception {
    CommandRun r = CommandRun.of("doctor", "--json");
    assertEquals(ExitCode.DONE, r.code(), r.err() + r.out());
    JsonNode found = new ObjectMapper().readTree(r.out());
    assertEquals("2.18.0", found.at("/tensorflow/version").asText());
    assertEquals("/device:CPU:0", found.at("/tensorflow/devices/0/name").asText());
    assertTrue(found.at("/onnxruntime/providers").toString().contains("CPU"), r.out());
    assertTrue(found.at("/tokenizers/loads").asBoolean(), r.out());
    assertTrue(found.at("/machine/cpus").asInt() > 0, r.out());
    assertTrue(found.at("/disk/working_directory/free_mb").asLong() > 0, r.out());
    boolean seen = found.at("/gpu/seen").asBoolean();
    assertEquals(!seen, found.at("/gpu/why").isTextual(), r.out());
    assertTrue(seen || found.at("/gpu/causes/0/remedy").isTextual(), r.out());
  }

  /** The library is fine, and the reason is there to be read. */
  @Test
  void aCardThatCannotBeOpenedIsAnErrorOfTheCard() {
    String text =
        DoctorCommand.tensorFlow(
                () -> {
                  throw new MachineException("TensorFlow could not open a device (it is full)");
                })
            .entries()
            .toString();
    assertTrue(text.startsWith("{loads=true, version=2.18.0, "), text);
    assertTrue(
        text.endsWith(
            ", devices=[], gpu=false, error=TensorFlow could not open a device (it is full)}"),
        text);
    Failure failure =
        Failure.of(
            new NoGpuException(
                "model.device: found auto, expected a GPU that can be opened; it is full",
                new MachineException("it is full")));
    assertEquals(ExitCode.MACHINE, failure.exitCode());
    assertTrue(failure.message().contains("it is full: "), failure.message());
  }

  @Test
  void theTextSaysTheSame() {
    CommandRun r = CommandRun.of("doctor");
    assertEquals(ExitCode.DONE, r.code());
    assertTrue(r.out().contains("\ntensorflow\n  loads    yes\n  version  2.18.0\n"), r.out());
    assertFalse(r.out().contains("{"), r.out());
  }
}
