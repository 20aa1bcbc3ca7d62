package org.unlearn4j.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.unlearn4j.gpu.GpuFacts.Builds;
import org.unlearn4j.gpu.GpuFacts.Card;
import org.unlearn4j.gpu.GpuFacts.Driver;
import org.unlearn4j.gpu.GpuFacts.User;

/** Each cause alone on a machine that is healthy otherwise, and several at once. */
class GpuCausesTest {
  private static final Card CARD =
      new Card(0, "NVIDIA A100", Optional.of("8.0"), 81920, 80000, List.of());

  private static final String FAIL =
      "Error code - ORT_FAIL - message: /src/provider_bridge_ort.cc:1988 Get() [ONNXRuntimeError] :"
          + " 1 : FAIL : Failed to load library /tmp/x/libonnxruntime_providers_cuda.so with error:"
          + " ";

  /** A machine on which nothing is wrong; a test changes what it is about. */
  private static final class Machine {
    private String system = "linux amd64";
    private boolean onBus = true;
    private boolean loaded = true;
    private String version = "535.104.05";
    private List<String> nodes = List.of("nvidia-uvm", "nvidia0", "nvidiactl");
    private List<Card> cards = List.of(CARD);
    private final Map<String, String> libraries = new LinkedHashMap<>();
    private String visible;
    private Optional<String> providerError = Optional.empty();
    private Builds builds = new Builds(false, true, 1, true);

    private Machine() {
      CudaLibraries.all().forEach(l -> libraries.put(l.name(), l.name()));
      libraries.put("libcudnn.so.9", "libcudnn.so.9.5.1");
      libraries.put("libcuda.so.1", "libcuda.so.535.104.05");
    }

    private GpuFacts facts() {
      Driver driver = new Driver(loaded, loaded ? Optional.of(version) : Optional.empty(), nodes);
      return new GpuFacts(
          system, onBus, driver, cards, libraries, Optional.ofNullable(visible), builds);
    }

    private Machine cards(Card... other) {
      cards = List.of(other);
      return this;
    }

    private Machine visible(String value) {
      visible = value;
      return this;
    }

    private Machine driver(String other) {
      version = other;
      libraries.put("libcuda.so.1", "libcuda.so." + other);
      return this;
    }

    private Machine library(String name, String otherInstead) {
      libraries.remove(name);
      if (otherInstead != null) {
        libraries.put(otherInstead, otherInstead);
      }
      return this;
    }
  }

  private static List<String> ids(Machine machine) {
    return GpuCauses.of(machine.facts(), machine.providerError).stream().map(GpuCause::id).toList();
  }

  /** Exactly one cause, and its sentence holds what a user needs. */
  private static void only(Machine machine, String id, String... said) {
    List<GpuCause> causes = GpuCauses.of(machine.facts(), machine.providerError);
    assertEquals(List.of(id), ids(machine));
    for (String part : said) {
      assertTrue(causes.get(0).sentence().contains(part), causes.get(0).sentence());
    }
  }

  private static Card card(String name, String capability, long freeMb, User... users) {
    return new Card(0, name, Optional.of(capability), 16384, freeMb, List.of(users));
  }

  @Test
  void nothingIsWrongWithAHealthyMachine() {
    assertEquals(List.of(), ids(new Machine()));
    assertEquals(List.of(), ids(new Machine().visible("0")));
    assertEquals(List.of(), ids(new Machine().visible("GPU-8932f937-d72c")));
    Machine untold = new Machine().cards();
    assertEquals(List.of(), ids(untold), "the driver's tool need not be installed");
  }

  @Test
  void anotherPlatformIsTheOnlyCauseThatCounts() {
    Machine mac = new Machine();
    mac.system = "mac os x aarch64";
    mac.loaded = false;
    only(mac, "platform", "mac os x aarch64", "Linux on x86-64 only");
    Machine arm = new Machine();
    arm.system = "linux aarch64";
    only(arm, "platform");
  }

  @Test
  void noDriver() {
    Machine bare = new Machine();
    bare.loaded = false;
    only(bare, "driver_missing", "525.60.13", "modprobe nvidia");
    bare.onBus = false;
    only(bare, "no_card", "PCI bus");
  }

  @Test
  void aDriverThatIsTooOld() {
    only(new Machine().driver("470.223.02"), "driver_too_old", "470.223.02", "525.60.13");
    assertEquals(List.of(), ids(new Machine().driver("525.60.13")));
    only(new Machine().driver("525.60.11"), "driver_too_old");
    // TensorFlow has intermediate code only for 9.0, which this driver does not compile yet.
    Card h100 = card("NVIDIA H100", "9.0", 16000);
    only(new Machine().driver("535.104.05").cards(h100), "driver_too_old", "545.23.06");
    assertEquals(List.of(), ids(new Machine().driver("550.54.14").cards(h100)));
  }

  @Test
  void aContainerWithoutDeviceNodes() {
    Machine container = new Machine();
    container.nodes = List.of();
    only(container, "no_device_nodes", "/dev/nvidia0, /dev/nvidiactl", "--gpus all");
    container.nodes = List.of("nvidia3", "nvidiactl");
    only(container, "no_device_nodes", "but /dev/nvidia-uvm is not there");
    container.nodes = List.of("dxg"); // Windows' subsystem for Linux
    assertEquals(List.of(), ids(container));
  }

  @Test
  void theDriversLibrary() {
    only(
        new Machine().library("libcuda.so.1", null),
        "driver_library_missing",
        "NVIDIA_DRIVER_CAPABILITIES=compute,utility");
    Machine updated = new Machine();
    updated.libraries.put("libcuda.so.1", "libcuda.so.550.54.14");
    only(updated, "driver_mismatch", "535.104.05", "550.54.14", "restart");
  }

  @Test
  void devicesThatAreHidden() {
    only(new Machine().visible(""), "visible_devices", "CUDA_VISIBLE_DEVICES= hides");
    only(new Machine().visible("-1"), "visible_devices", "unset CUDA_VISIBLE_DEVICES");
    only(new Machine().visible("1"), "visible_devices", "there are 1, counted from 0");
    assertEquals(List.of(), ids(new Machine().visible("0,1")), "read up to the first unknown one");
  }

  @Test
  void computeCapability() {
    only(
        new Machine().cards(card("Tesla M60", "5.2", 8000)),
        "capability_too_low",
        "Tesla M60 has compute capability 5.2",
        "6.0");
    assertEquals(
        List.of(),
        ids(new Machine().cards(card("Tesla M60", "5.2", 8000), card("Tesla T4", "7.5", 15000))));
    assertEquals(
        List.of(),
        ids(new Machine().driver("570.86.10").cards(card("NVIDIA B200", "10.0", 16000))));
    assertEquals(
        List.of(), ids(new Machine().driver("570.86.10").cards(card("RTX 5090", "12.0", 16000))));
    assertEquals(List.of(), ids(new Machine().cards(card("GTX 1080", "6.1", 7000))));
  }

  @Test
  void builds() {
    Machine machine = new Machine();
    machine.builds = new Builds(true, false, 1, true);
    only(machine, "tensorflow_cpu_build", "make build GPU=1");
    machine.builds = new Builds(false, true, 1, false);
    only(machine, "onnxruntime_cpu_build", "make build GPU=1");
    machine.builds = new Builds(true, true, 1, true);
    only(machine, "natives_mixed", "one class path");
    machine.builds = new Builds(false, true, 2, true);
    only(machine, "natives_mixed");
  }

  @Test
  void libraries() {
    only(
        new Machine().library("libcufft.so.11", null),
        "library_missing",
        "not found: libcufft.so.11:",
        "make gpu-libs");
    only(
        new Machine().library("libcudnn.so.9", "libcudnn.so.8"),
        "library_version",
        "found libcudnn.so.8, wanted libcudnn.so.9");
    only(new Machine().library("libcurand.so.10", null), "library_missing");
    assertEquals(
        GpuCause.Affects.ONNX_RUNTIME,
        GpuCauses.of(new Machine().library("libcurand.so.10", null).facts(), Optional.empty())
            .get(0)
            .affects());
    only(new Machine().library("libz.so.1", null), "zlib_missing", "zlib1g");
    assertEquals(List.of(), ids(new Machine().library("libcupti.so.12", null)));
    Machine old = new Machine();
    old.libraries.put("libcudnn.so.9", "libcudnn.so.9.1.0");
    only(old, "cudnn_too_old", "9.1.0", "9.3");
    old.libraries.put("libcudnn.so.9", "libcudnn.so.9"); // the file does not say
    assertEquals(List.of(), ids(old));
  }

  /** Both messages are what versions 1.29 and 1.27 say where the libraries are such. */
  @Test
  void whatTheProviderItselfSays() {
    Machine machine = new Machine();
    machine.libraries.put("libcudart.so.12", "libcudart.so.12.6.77");
    machine.providerError =
        Optional.of(
            FAIL
                + "/tmp/x/libonnxruntime_providers_cuda.so: undefined symbol: cudaLibraryGetKernel,"
                + " version libcudart.so.12\n");
    only(
        machine,
        "cudart_too_old",
        "libcudart.so.12.6.77",
        "has no cudaLibraryGetKernel",
        "make gpu-libs");
    assertEquals(
        GpuCause.Affects.ONNX_RUNTIME,
        GpuCauses.of(machine.facts(), machine.providerError).get(0).affects());
    machine.providerError =
        Optional.of(
            FAIL + "libcurand.so.10: cannot open shared object file: No such file or directory\n");
    only(machine, "onnxruntime_provider", "libcurand.so.10: cannot open shared object file");
    assertTrue(
        GpuCauses.of(machine.facts(), machine.providerError).get(0).what().length() < 200,
        "without where in the source it was said");
    // What was found already explains it: once is enough.
    only(machine.library("libcurand.so.10", null), "library_missing", "libcurand.so.10");
    machine.libraries.put("libcurand.so.10", "libcurand.so.10");
    // Where it loads, nothing that it said is repeated; where it does not, TensorFlow's view stays.
    String json = GpuDiagnosis.of(machine.facts(), true, false, machine.providerError).toJson();
    assertTrue(json.contains("onnxruntime_provider") && !json.contains("\"why\""), json);
  }

  @Test
  void memoryThatOthersHold() {
    Card full = card("NVIDIA A100", "8.0", 300, new User(4711, "python3", 15900));
    only(
        new Machine().cards(full),
        "memory_in_use",
        "300 of 16384 MB free",
        "python3 (process 4711) holds 15900 MB");
    assertEquals(List.of(), ids(new Machine().cards(full, CARD)), "there is another one");
  }

  @Test
  void allCausesAtOnceTheMostFundamentalFirst() {
    Machine machine = new Machine().visible("-1").library("libcudnn.so.9", "libcudnn.so.8");
    machine.library("libcufft.so.11", null);
    machine.loaded = false;
    machine.builds = new Builds(true, false, 1, false);
    List<String> expected =
        new ArrayList<>(List.of("driver_missing", "visible_devices", "tensorflow_cpu_build"));
    expected.addAll(List.of("onnxruntime_cpu_build", "library_version", "library_missing"));
    assertEquals(expected, ids(machine));
  }

  @Test
  void whatARuntimeSeesIsNotExplainedAway() {
    Machine cpuOnnx = new Machine().visible("-1");
    cpuOnnx.builds = new Builds(false, true, 1, false);
    String json = GpuDiagnosis.of(cpuOnnx.facts(), true, false, Optional.empty()).toJson();
    assertTrue(json.contains("onnxruntime_cpu_build") && !json.contains("visible_devices"), json);
    assertTrue(!json.contains("\"why\""), json);
    String none = GpuDiagnosis.of(new Machine().facts(), false, false, Optional.empty()).toJson();
    assertTrue(none.contains("TF_CPP_MIN_LOG_LEVEL=0"), none);
    assertTrue(none.contains("\"capability\" : \"8.0\""), none);
  }

  /**
   * The slim bundle: TensorFlow works without cuDNN's engines, ONNX Runtime's provider does not.
   */
  @Test
  void librariesThatTensorFlowWorksWithoutAreStillMissed() {
    Machine slim = new Machine().library("libcudnn_cnn.so.9", null);
    slim.providerError = Optional.of(FAIL + "libcudnn_cnn.so.9: cannot open shared object file");
    String json = GpuDiagnosis.of(slim.facts(), true, false, slim.providerError).toJson();
    assertTrue(json.contains("not found: libcudnn_cnn.so.9"), json);
    assertTrue(json.contains("\"affects\" : \"onnxruntime\""), json);
    String all = GpuDiagnosis.of(slim.facts(), true, true, Optional.empty()).toJson();
    assertTrue(!all.contains("libcudnn_cnn"), all);
  }
}
