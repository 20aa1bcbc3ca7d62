package org.unlearn4j.gpu;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What decides whether the runtimes use a GPU, as a description of the machine: read by {@link
 * GpuFactsReader}, judged by {@link GpuCauses}.
 *
 * @param system operating system and architecture, for instance {@code linux amd64}
 * @param onBus an NVIDIA display controller is on the PCI bus
 * @param cards what the driver's tool tells of each card; empty where it does not run
 * @param libraries shared libraries that the dynamic linker finds, by the name it looks for, with
 *     the name of the file behind it: {@code libcudnn.so.9} and {@code libcudnn.so.9.5.1}
 * @param visibleDevices the environment variable {@code CUDA_VISIBLE_DEVICES}
 */
public record GpuFacts(
    String system,
    boolean onBus,
    Driver driver,
    List<Card> cards,
    Map<String, String> libraries,
    Optional<String> visibleDevices,
    Builds builds) {

  public GpuFacts {
    cards = List.copyOf(cards);
    libraries = Map.copyOf(libraries);
  }

  /**
   * The kernel's side of the driver.
   *
   * @param loaded the kernel has it
   * @param version for instance {@code 535.104.05}; empty where it is not loaded or does not say
   * @param nodes names of its device files in {@code /dev}, for instance {@code nvidia0}
   */
  public record Driver(boolean loaded, Optional<String> version, List<String> nodes) {
    public Driver {
      nodes = List.copyOf(nodes);
    }
  }

  /**
   * A card.
   *
   * @param capability compute capability, for instance {@code 8.6}; empty where the driver's tool
   *     does not tell
   * @param users processes that hold memory of it
   */
  public record Card(
      int index,
      String name,
      Optional<String> capability,
      long memoryMb,
      long freeMb,
      List<User> users) {
    public Card {
      users = List.copyOf(users);
    }
  }

  /** A process that holds memory of a card. */
  public record User(long pid, String name, long memoryMb) {}

  /** Which builds of the two runtimes are on the class path. */
  public record Builds(
      boolean tensorFlowCpu, boolean tensorFlowCuda, int onnxRuntimes, boolean onnxRuntimeCuda) {}
}
