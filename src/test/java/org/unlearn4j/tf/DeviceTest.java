package org.unlearn4j.tf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
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

  /** TensorFlow itself, asked for a card of a number that no machine has. */
  @Test
  void tensorFlowDoesNotSeeTheHundredthCard() {
    assertEquals(
        List.of("CPU"), TfDevices.visible(99).stream().map(TfDevices.Device::type).toList());
    assertThrows(NoGpuException.class, () -> Device.named("--device", "gpu:99"));
  }
}
