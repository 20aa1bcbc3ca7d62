package org.unlearn4j.cli;

import ai.djl.huggingface.tokenizers.jni.LibUtils;
import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.tensorflow.TensorFlow;
import org.unlearn4j.base.HostMemory;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.Tree;
import org.unlearn4j.base.Versions;
import org.unlearn4j.gpu.GpuDiagnosis;
import org.unlearn4j.gpu.GpuFactsReader;
import org.unlearn4j.onnx.OrtDevices;
import org.unlearn4j.tf.TfDevices;

/** Can this machine do the work? Exit 3 where a native library does not load. */
final class DoctorCommand implements Command {
  private static final long MIB = 1 << 20;

  @Override
  public String name() {
    return "doctor";
  }

  @Override
  public String summary() {
    return "shows versions, native libraries, devices, why a GPU is not seen, free memory and disk";
  }

  @Override
  public Options options() {
    return CommandOptions.of(CommandOptions.json());
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Tree tensorFlow = check(() -> tensorFlow(TfDevices::list));
    Tree onnxRuntime = check(DoctorCommand::onnxRuntime);
    Tree tokenizers = check(DoctorCommand::tokenizers);
    new Tree()
        .put("unlearn4j", Versions.unlearn4j())
        .put("java", java())
        .put("machine", machine())
        .put("disk", disk())
        .put("tensorflow", tensorFlow)
        .put("onnxruntime", onnxRuntime)
        .put("tokenizers", tokenizers)
        .put(
            "gpu",
            GpuDiagnosis.of(
                GpuFactsReader.ofThisMachine(),
                tensorFlow.holds("gpu"),
                onnxRuntime.holds("gpu"),
                onnxRuntime.text("gpu_error")))
        .print(out, line.hasOption("json"));
    boolean loads =
        List.of(tensorFlow, onnxRuntime, tokenizers).stream().allMatch(t -> t.holds("loads"));
    return loads ? ExitCode.DONE : ExitCode.MACHINE;
  }

  /**
   * What a runtime says of itself; a runtime that does not load is a finding here, not a failure.
   */
  private static Tree check(Supplier<Tree> runtime) {
    try {
      return runtime.get();
    } catch (LinkageError | RuntimeException e) {
      return new Tree().put("loads", false).put("error", String.valueOf(e));
    }
  }

  /**
   * What TensorFlow is and sees.
   *
   * @param list its devices; a card that cannot be opened is an error there, not of the library
   */
  static Tree tensorFlow(Supplier<List<TfDevices.Device>> list) {
    String version = TfDevices.version();
    Tree tree =
        new Tree()
            .put("loads", true)
            .put("version", version)
            .put("java_api", Versions.ofPackage(TensorFlow.class));
    try {
      List<TfDevices.Device> all = list.get();
      List<Map<String, Object>> devices = all.stream().map(DoctorCommand::device).toList();
      return tree.put("devices", devices)
          .put("gpu", devices.stream().anyMatch(d -> "GPU".equals(d.get("type"))))
          .put("several", several(all));
    } catch (MachineException e) {
      return tree.put("devices", List.of()).put("gpu", false).put("error", e.getMessage());
    }
  }

  /** How a pipeline spells all GPUs together, or the processor in place of two, and what it has. */
  private static Optional<Tree> several(List<TfDevices.Device> devices) {
    List<TfDevices.Device> cards = devices.stream().filter(TfDevices.Device::gpu).toList();
    if (cards.size() == 1) {
      return Optional.empty();
    }
    String kind = cards.isEmpty() ? "cpu:" : "gpu:";
    int count = Math.max(2, cards.size());
    Tree tree =
        new Tree()
            .put(
                "model.device",
                IntStream.range(0, count)
                    .mapToObj(i -> kind + i)
                    .collect(Collectors.joining(", ", "[", "]")));
    if (cards.isEmpty()) {
      tree.put("memory", "that of the processor, for both together: virtual, for trying");
    } else {
      long least = cards.stream().mapToLong(TfDevices.Device::memoryBytes).min().orElseThrow();
      tree.put("memory_mb_of_each", least / MIB);
    }
    return Optional.of(tree.put("plan", "unlearn4j inspect DIR --plan --devices " + count));
  }

  private static Map<String, Object> device(TfDevices.Device device) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("name", device.name());
    map.put("type", device.type());
    if (device.type().equals("GPU")) { // what is reported for the CPU is a constant
      map.put("memory_mb", device.memoryBytes() / MIB);
    }
    return map;
  }

  private static Tree onnxRuntime() {
    boolean cuda = OrtDevices.providers().contains("CUDA");
    Optional<String> error = cuda ? OrtDevices.cudaError() : Optional.empty();
    return new Tree()
        .put("loads", true)
        .put("version", OrtDevices.version())
        .put("providers", OrtDevices.providers())
        .put("gpu", cuda && error.isEmpty())
        .put("gpu_error", error);
  }

  private static Tree tokenizers() {
    LibUtils.checkStatus();
    return new Tree().put("loads", true);
  }

  private static Tree java() {
    return new Tree()
        .put("version", System.getProperty("java.runtime.version"))
        .put("vendor", System.getProperty("java.vendor"))
        .put("home", System.getProperty("java.home"))
        .put("heap_max_mb", Runtime.getRuntime().maxMemory() / MIB);
  }

  private static Tree machine() {
    Tree tree =
        new Tree()
            .put("system", System.getProperty("os.name") + " " + System.getProperty("os.version"))
            .put("architecture", System.getProperty("os.arch"))
            .put("cpus", Runtime.getRuntime().availableProcessors());
    if (ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean os) {
      tree.put("memory_mb", os.getTotalMemorySize() / MIB);
      tree.put("memory_free_mb", HostMemory.available() / MIB);
    }
    return tree;
  }

  /** Where runs are written, and where native libraries are unpacked. */
  private static Tree disk() {
    return new Tree()
        .put("working_directory", disk(Path.of("").toAbsolutePath()))
        .put("native_cache", disk(Path.of(System.getProperty("user.home"))))
        .put("temporary", disk(Path.of(System.getProperty("java.io.tmpdir"))));
  }

  private static Tree disk(Path folder) {
    Tree tree = new Tree().put("path", folder.toString());
    try {
      return tree.put("free_mb", Files.getFileStore(folder).getUsableSpace() / MIB);
    } catch (IOException e) {
      return tree.put("error", String.valueOf(e));
    }
  }
}
