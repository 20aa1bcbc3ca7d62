package org.unlearn4j.gpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.unlearn4j.gpu.GpuCause.Affects;

/**
 * Why a GPU is not used, and what to do about it: every cause that holds on a machine, the most
 * fundamental first.
 *
 * <p>What the CUDA builds hold was read from the device code in their shared libraries: TensorFlow
 * 2.18 has machine code for 6.0, 7.0, 8.0 and 8.9 and intermediate code (PTX 8.3) for 9.0, which
 * the driver compiles for such and newer cards; ONNX Runtime 1.27 has machine code for 6.0, 7.0,
 * 7.5, 8.0 and 9.0 and intermediate code for 9.0. So neither leaves out a card that the other
 * takes.
 */
public final class GpuCauses {
  /** CUDA 12's first driver for Linux; minor versions of CUDA are compatible from there on. */
  static final String LEAST_DRIVER = "525.60.13";

  /** The first driver that compiles PTX 8.3 (CUDA 12.3). */
  static final String LEAST_DRIVER_FOR_PTX = "545.23.06";

  /** From here on TensorFlow's kernels are compiled by the driver. */
  public static final double PTX_CAPABILITY = 9.0;

  static final double LEAST_CAPABILITY = 6.0;

  /** A CUDA context and the libraries' workspaces alone take about half of it. */
  static final long LEAST_FREE_MB = 1024;

  private static final String DRIVER =
      "install NVIDIA's driver, version " + LEAST_DRIVER + " or newer (";
  private static final String NEW_CARDS = LEAST_DRIVER_FOR_PTX + " from compute capability 9.0 on)";

  private final GpuFacts facts;
  private final List<GpuCause> found = new ArrayList<>();

  private GpuCauses(GpuFacts facts) {
    this.facts = facts;
  }

  /**
   * All that keep TensorFlow or ONNX Runtime from a GPU; empty where nothing was found to.
   *
   * @param providerError what ONNX Runtime said when its CUDA provider was asked for, where it did
   *     not load
   */
  public static List<GpuCause> of(GpuFacts facts, Optional<String> providerError) {
    GpuCauses causes = new GpuCauses(facts);
    if (!facts.system().equals("linux amd64")) {
      // Nothing else can be judged there, nor would it help.
      causes.add(
          "platform",
          Affects.BOTH,
          "this is "
              + facts.system()
              + ", and TensorFlow for Java has its CUDA build for Linux on x86-64 only",
          "compute on the CPU here, or take the bundle of make gpu-bundle to such a machine");
      return causes.found;
    }
    causes.driver();
    causes.devices();
    causes.builds();
    causes.found.addAll(LibraryCauses.of(facts));
    causes.memory();
    boolean explained =
        causes.found.stream().anyMatch(c -> c.affects() != GpuCause.Affects.TENSORFLOW);
    providerError
        .flatMap(message -> LibraryCauses.ofProvider(facts, message, explained))
        .ifPresent(causes.found::add);
    return List.copyOf(causes.found);
  }

  /** The most fundamental cause that keeps TensorFlow from a GPU, as a sentence without its end. */
  public static String why(List<GpuCause> causes) {
    return causes.stream()
        .filter(GpuCause::hitsTensorFlow)
        .findFirst()
        .map(GpuCause::sentence)
        .orElse(
            "the reason is in TensorFlow's own messages: run doctor again with"
                + " TF_CPP_MIN_LOG_LEVEL=0");
  }

  private void add(String id, Affects affects, String what, String remedy) {
    found.add(new GpuCause(id, affects, what, remedy));
  }

  private void driver() {
    GpuFacts.Driver driver = facts.driver();
    if (!driver.loaded()) {
      if (facts.onBus()) {
        add(
            "driver_missing",
            Affects.BOTH,
            "an NVIDIA card is there but its driver is not loaded (no /proc/driver/nvidia/version)",
            DRIVER + NEW_CARDS + ", and load it: sudo modprobe nvidia");
      } else {
        add(
            "no_card",
            Affects.BOTH,
            "no NVIDIA card is on the PCI bus and no NVIDIA driver is loaded",
            "compute on the CPU, or use a machine with a card");
      }
      return;
    }
    String least = newestCard() >= PTX_CAPABILITY ? LEAST_DRIVER_FOR_PTX : LEAST_DRIVER;
    driver
        .version()
        .filter(v -> compare(v, least) < 0)
        .ifPresent(
            v ->
                add(
                    "driver_too_old",
                    Affects.BOTH,
                    "the driver is version " + v + ", CUDA 12 needs " + least + " on this card",
                    DRIVER + NEW_CARDS));
    nodes(driver.nodes());
    driverLibrary(driver);
  }

  private void nodes(List<String> nodes) {
    boolean card = nodes.stream().anyMatch(n -> n.matches("nvidia[0-9]+|dxg"));
    List<String> missing = new ArrayList<>();
    if (!card) {
      missing.add("/dev/nvidia0");
    }
    if (!nodes.contains("dxg")) { // Windows' subsystem has that one node for everything
      for (String node : List.of("nvidiactl", "nvidia-uvm")) {
        if (!nodes.contains(node)) {
          missing.add("/dev/" + node);
        }
      }
    }
    if (!missing.isEmpty()) {
      add(
          "no_device_nodes",
          Affects.BOTH,
          "the driver is loaded but "
              + String.join(", ", missing)
              + " is not there, as in a container without its devices",
          "start the container with its GPUs (docker run --gpus all, NVIDIA's container toolkit);"
              + " outside of one: sudo nvidia-modprobe -u -c 0");
    }
  }

  private void driverLibrary(GpuFacts.Driver driver) {
    String file = facts.libraries().get("libcuda.so.1");
    if (file == null) {
      add(
          "driver_library_missing",
          Affects.BOTH,
          "the driver is loaded but its library libcuda.so.1 is not found",
          "install the driver's compute libraries; in a container set"
              + " NVIDIA_DRIVER_CAPABILITIES=compute,utility");
      return;
    }
    Optional<String> version = version(file, "libcuda.so");
    if (version.isPresent()
        && version.get().contains(".")
        && driver.version().isPresent()
        && compare(version.get(), driver.version().get()) != 0) {
      add(
          "driver_mismatch",
          Affects.BOTH,
          "the kernel has driver "
              + driver.version().get()
              + " loaded, its library is of "
              + version.get(),
          "restart the machine after the driver's update, or reload its kernel modules");
    }
  }

  private void devices() {
    facts
        .visibleDevices()
        .filter(v -> hides(v))
        .ifPresent(
            v ->
                add(
                    "visible_devices",
                    Affects.BOTH,
                    "CUDA_VISIBLE_DEVICES="
                        + v
                        + " hides every GPU"
                        + (facts.cards().isEmpty()
                            ? ""
                            : " (there are " + facts.cards().size() + ", counted from 0)"),
                    "unset CUDA_VISIBLE_DEVICES"));
    List<GpuFacts.Card> told =
        facts.cards().stream().filter(c -> c.capability().isPresent()).toList();
    if (!told.isEmpty() && newestCard() < LEAST_CAPABILITY) {
      add(
          "capability_too_low",
          Affects.BOTH,
          names(told) + ", TensorFlow 2.18 is built for 6.0 and newer",
          "compute on the CPU, or use a card of Pascal's generation or a newer one");
    }
  }

  private static String names(List<GpuFacts.Card> cards) {
    return String.join(
        ", ",
        cards.stream()
            .map(c -> c.name() + " has compute capability " + c.capability().orElse("?"))
            .toList());
  }

  private boolean hides(String visible) {
    String first = visible.split(",", -1)[0].strip();
    boolean beyond =
        !facts.cards().isEmpty()
            && first.matches("[0-9]{1,4}")
            && Integer.parseInt(first) >= facts.cards().size();
    // CUDA reads the list up to the first entry that is no device.
    return first.isEmpty() || first.startsWith("-") || beyond;
  }

  private void builds() {
    GpuFacts.Builds builds = facts.builds();
    if ((builds.tensorFlowCpu() && builds.tensorFlowCuda()) || builds.onnxRuntimes() > 1) {
      add(
          "natives_mixed",
          Affects.BOTH,
          "the CPU and the CUDA build of a runtime are on one class path",
          "build afresh: make build GPU=1");
    } else if (!builds.tensorFlowCuda()) {
      add(
          "tensorflow_cpu_build",
          Affects.TENSORFLOW,
          "TensorFlow's CPU build is on the class path",
          "make build GPU=1 takes the CUDA build");
    }
    if (!builds.onnxRuntimeCuda()) {
      add(
          "onnxruntime_cpu_build",
          Affects.ONNX_RUNTIME,
          "ONNX Runtime's CPU build is on the class path",
          "make build GPU=1 takes the CUDA build");
    }
  }

  private void memory() {
    boolean full =
        !facts.cards().isEmpty()
            && facts.cards().stream().allMatch(c -> c.freeMb() < LEAST_FREE_MB);
    if (full) {
      List<String> cards = new ArrayList<>();
      for (GpuFacts.Card c : facts.cards()) {
        List<String> users =
            c.users().stream()
                .map(
                    u ->
                        String.format(
                            Locale.ROOT,
                            "%s (process %d) holds %d MB",
                            u.name(),
                            u.pid(),
                            u.memoryMb()))
                .toList();
        cards.add(
            String.format(
                    Locale.ROOT, "%s has %d of %d MB free", c.name(), c.freeMb(), c.memoryMb())
                + (users.isEmpty() ? "" : ": " + String.join(", ", users)));
      }
      add(
          "memory_in_use",
          Affects.BOTH,
          String.join("; ", cards),
          "end those processes or wait for them; TensorFlow needs about 1 GB before the model's own");
    }
  }

  private double newestCard() {
    return facts.cards().stream().mapToDouble(GpuCauses::capability).max().orElse(0);
  }

  private static double capability(GpuFacts.Card card) {
    return card.capability()
        .filter(c -> c.matches("[0-9]+\\.[0-9]+"))
        .map(Double::valueOf)
        .orElse(0.0);
  }

  /** What follows {@code stem.} in a file's name: {@code 9.5.1} of {@code libcudnn.so.9.5.1}. */
  static Optional<String> version(String file, String stem) {
    Matcher m = Pattern.compile(Pattern.quote(stem) + "\\.([0-9.]+)").matcher(file);
    return m.matches() ? Optional.of(m.group(1)) : Optional.empty();
  }

  /** Compares dotted version numbers as far as both go. */
  static int compare(String a, String b) {
    int[] x = numbers(a);
    int[] y = numbers(b);
    for (int i = 0; i < Math.min(x.length, y.length); i++) {
      if (x[i] != y[i]) {
        return Integer.compare(x[i], y[i]);
      }
    }
    return 0;
  }

  private static int[] numbers(String version) {
    return Arrays.stream(version.split("\\.", -1))
        .filter(s -> s.matches("[0-9]{1,9}"))
        .mapToInt(Integer::parseInt)
        .toArray();
  }
}
