package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.NoGpuException;
import org.unlearn4j.tf.TfDevices;

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

  private static JsonNode several(long... cards) throws Exception {
    List<TfDevices.Device> devices = new ArrayList<>();
    devices.add(new TfDevices.Device("/device:CPU:0", "CPU", 1L << 28));
    for (int i = 0; i < cards.length; i++) {
      devices.add(new TfDevices.Device("/device:GPU:" + i, "GPU", cards[i] << 20));
    }
    String json = DoctorCommand.tensorFlow(() -> devices).toJson();
    return new ObjectMapper().readTree(json).path("several");
  }

  /** Of cards that differ the smallest counts: each has as much as any other. */
  @Test
  void severalDevicesAreSpelledAsAPipelineDoes() throws Exception {
    JsonNode three = several(81000, 79000, 80000);
    assertEquals("[gpu:0, gpu:1, gpu:2]", three.path("model.device").asText());
    assertEquals(79000, three.path("memory_mb_of_each").asInt());
    assertTrue(three.path("plan").asText().endsWith("--plan --devices 3"), three.toString());
    assertEquals("[cpu:0, cpu:1]", several().path("model.device").asText());
    assertTrue(several().path("memory").asText().contains("virtual"));
    assertTrue(several(81000).isMissingNode(), "one card is no several");
  }

  @Test
  void theTextSaysTheSame() {
    CommandRun r = CommandRun.of("doctor");
    assertEquals(ExitCode.DONE, r.code());
    assertTrue(r.out().contains("\ntensorflow\n  loads    yes\n  version  2.18.0\n"), r.out());
    assertFalse(r.out().contains("{"), r.out());
  }
}
