package org.unlearn4j.tf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.tensorflow.internal.c_api.global.tensorflow;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.NoGpuException;

/** A setting names a device, and TensorFlow is asked for no other card than that one. */
class DeviceTest {
  private static final TfDevices.Device HOST = new TfDevices.Device("/device:CPU:0", "CPU", 1);
  private static final TfDevices.Device CARD = new TfDevices.Device("/device:GPU:0", "GPU", 1);

  private final List<Integer> asked = new ArrayList<>();

  /** As on a machine with some cards, numbered from 0. */
  private Device named(String setting, int cards) {
    return Device.named(
        "model.device",
        setting,
        gpu -> {
          asked.add(gpu);
          return gpu < cards ? List.of(HOST, CARD) : List.of(HOST);
        });
  }

  @Test
  void theCpuIsNotAskedFor() {
    assertEquals(Device.CPU, named("cpu", 4));
    assertEquals(List.of(), asked);
  }

  /** Seen whole, the second card would be TensorFlow's GPU 1 for the rest of the process. */
  @Test
  void aGpuIsAskedForAlone() {
    assertEquals(new Device(1), named("gpu:1", 4));
    assertEquals(List.of(1), asked);
    assertEquals("gpu:1", new Device(1).setting());
  }

  @Test
  void autoIsTheFirstGpuOrTheCpu() {
    assertEquals(new Device(0), named("auto", 4));
    assertEquals(Device.CPU, named("auto", 0));
    assertEquals(List.of(0, 0), asked);
  }

  @Test
  void aGpuThatIsNotThereIsAnError() {
    NoGpuException e = assertThrows(NoGpuException.class, () -> named("gpu:2", 2));
    assertEquals("model.device: found gpu:2, expected a GPU that TensorFlow sees", e.getMessage());
  }

  /** As TensorFlow words it where another program has filled the card, or has it for itself. */
  @Test
  void aCardThatCannotBeOpenedIsNoGpu() {
    String full =
        "failed initializing StreamExecutor for CUDA device ordinal 1: INTERNAL: failed call to"
            + " cuDevicePrimaryCtxRetain: CUDA_ERROR_OUT_OF_MEMORY: out of memory";
    for (String setting : List.of("auto", "gpu:0", "gpu:1")) {
      NoGpuException e =
          assertThrows(
              NoGpuException.class,
              () ->
                  Device.named(
                      "model.device",
                      setting,
                      gpu -> TfDevices.there(tensorflow.TF_INTERNAL, full) ? null : List.of()));
      assertEquals(
          "model.device: found "
              + setting
              + ", expected a GPU that can be opened; TensorFlow could not open a device ("
              + full
              + ")",
          e.getMessage());
      assertInstanceOf(MachineException.class, e.getCause());
    }
    assertTrue(TfDevices.there(tensorflow.TF_OK, ""));
    // The one refusal that means that there is no such card.
    assertFalse(
        TfDevices.there(
            tensorflow.TF_INVALID_ARGUMENT,
            "'visible_device_list' listed an invalid Device id '1' but visible device count is"
                + " 1"));
  }

  /** TensorFlow itself, asked for a card of a number that no machine has. */
  @Test
  void tensorFlowDoesNotSeeTheHundredthCard() {
    assertEquals(
        List.of("CPU"), TfDevices.visible(99).stream().map(TfDevices.Device::type).toList());
    assertThrows(NoGpuException.class, () -> Device.named("--device", "gpu:99"));
  }
}
