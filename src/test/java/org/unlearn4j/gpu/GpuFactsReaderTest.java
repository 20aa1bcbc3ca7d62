package org.unlearn4j.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.gpu.GpuFacts.Builds;
import org.unlearn4j.gpu.GpuFacts.Card;
import org.unlearn4j.gpu.GpuFacts.Driver;
import org.unlearn4j.gpu.GpuFacts.User;

/** A made-up file system and made-up answers of the driver's tool. */
class GpuFactsReaderTest {
  private static final Builds CUDA = new Builds(false, true, 1, true);

  @TempDir Path root;

  private void write(String file, String text) throws IOException {
    Path path = root.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }

  private GpuFacts read(Map<String, String> environment, Map<String, String> answers) {
    return new GpuFactsReader(
            root,
            environment,
            command ->
                answers.entrySet().stream()
                    .filter(a -> String.join(" ", command).contains(a.getKey()))
                    .map(Map.Entry::getValue)
                    .findFirst()
                    .orElse(""))
        .read("linux amd64", CUDA);
  }

  @Test
  void aMachineWithNothing() {
    assertEquals(
        new GpuFacts(
            "linux amd64",
            false,
            new Driver(false, Optional.empty(), List.of()),
            List.of(),
            Map.of(),
            Optional.empty(),
            CUDA),
        read(Map.of(), Map.of()));
  }

  @Test
  void driverNodesAndBus() throws IOException {
    write(
        "proc/driver/nvidia/version",
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\nGCC version:  gcc version 11.4.0\n");
    write("dev/nvidia0", "");
    write("dev/nvidiactl", "");
    write("dev/null", "");
    write("sys/bus/pci/devices/0000:01:00.0/vendor", "0x10de\n");
    write("sys/bus/pci/devices/0000:01:00.0/class", "0x030200\n");
    GpuFacts facts = read(Map.of("CUDA_VISIBLE_DEVICES", ""), Map.of());
    assertTrue(facts.onBus());
    assertEquals(
        new Driver(true, Optional.of("535.104.05"), List.of("nvidia0", "nvidiactl")),
        facts.driver());
    assertEquals(Optional.of(""), facts.visibleDevices());
    write("sys/bus/pci/devices/0000:01:00.0/class", "0x040300\n"); // the sound that comes with it
    assertFalse(read(Map.of(), Map.of()).onBus());
  }

  @Test
  void theOpenKernelModuleSpellsItsVersionOtherwise() {
    assertEquals(
        Optional.of("555.42.06"),
        GpuFactsReader.driverVersion(
            "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  555.42.06  Release Build  (root@host)\n"));
    assertEquals(Optional.empty(), GpuFactsReader.driverVersion(""));
  }

  @Test
  void cardsAndWhoUsesThem() {
    GpuFacts facts =
        read(
            Map.of(),
            Map.of(
                "--query-gpu",
                "0, GPU-a, 8.0, 81920, 512, NVIDIA A100-SXM4-80GB\n1, GPU-b, [N/A], 16384, 16000, Tesla, odd name\n",
                "--query-compute-apps",
                "GPU-a, 4711, /usr/bin/python3, 81000\n"));
    assertEquals(
        List.of(
            new Card(
                0,
                "NVIDIA A100-SXM4-80GB",
                Optional.of("8.0"),
                81920,
                512,
                List.of(new User(4711, "/usr/bin/python3", 81000))),
            new Card(1, "Tesla, odd name", Optional.empty(), 16384, 16000, List.of())),
        facts.cards());
  }

  @Test
  void librariesInTheOrderOfTheDynamicLinker() throws IOException {
    write("opt/cuda/libcudnn.so.9.5.1", "");
    Files.createSymbolicLink(root.resolve("opt/cuda/libcudnn.so.9"), Path.of("libcudnn.so.9.5.1"));
    Files.createSymbolicLink(root.resolve("opt/cuda/libcufft.so.11"), Path.of("gone"));
    write("opt/cuda/libpng.so.16", "");
    write("usr/lib/x86_64-linux-gnu/libz.so.1", "");
    write("usr/lib/x86_64-linux-gnu/libcudnn.so.9", "");
    GpuFacts facts =
        read(
            Map.of("LD_LIBRARY_PATH", root.resolve("opt/cuda") + ":/no/such/folder:"),
            Map.of(
                "ldconfig",
                """
                3 libs found in cache
                \tlibcublas.so.12 (libc6,x86-64) => /usr/local/cuda/libcublas.so.12
                \tlibcuda.so.1 (libc6) => /usr/lib32/libcuda.so.1
                \tlibm.so.6 (libc6,x86-64) => /lib/libm.so.6
                """));
    assertEquals(
        Map.of(
            "libcudnn.so.9", "libcudnn.so.9.5.1",
            "libcudnn.so.9.5.1", "libcudnn.so.9.5.1",
            "libcublas.so.12", "libcublas.so.12",
            "libz.so.1", "libz.so.1"),
        facts.libraries());
  }
}
