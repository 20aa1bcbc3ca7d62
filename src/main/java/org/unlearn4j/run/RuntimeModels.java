package org.unlearn4j.run;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.tensorflow.TensorFlow;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.DeviceSetting;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.config.ModelSettings;
import org.unlearn4j.config.OnnxRuntimeSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.onnx.OrtModel;
import org.unlearn4j.onnx.OrtSettings;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Device;
import org.unlearn4j.tf.FurtherProcess;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.tf.Processes;
import org.unlearn4j.tf.Spread;
import org.unlearn4j.tf.SystemAllocator;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.Variant;

/** Opens a model on the runtime that a command line names. */
public final class RuntimeModels {
  /** In what models are measured, whatever they are trained in. */
  static final Precision MEASURING = Precision.FP32;

  private static final String ONNX = "onnx:";

  private RuntimeModels() {}

  /** Opens a model, ONNX Runtime with its defaults. */
  public static LanguageModel open(Path path, String runtime, Supplier<Computation> computation) {
    return open(path, runtime, computation, OrtSettings.defaults());
  }

  /**
   * Opens a model.
   *
   * @param runtime {@code tf}, {@code onnx} (which is {@code onnx:fp32}) or {@code onnx:VARIANT}
   * @param computation of TensorFlow, which is not loaded for the other runtime
   * @param ort how ONNX Runtime computes
   * @throws UserException if there is no such runtime, or the folder does not hold such a model
   * @throws org.unlearn4j.base.MachineException if there is no such execution provider
   */
  public static LanguageModel open(
      Path path, String runtime, Supplier<Computation> computation, OrtSettings ort) {
    if (!Files.exists(path)) {
      throw UserException.at(path, "", "nothing there", "a model folder");
    }
    if (runtime.equals("tf")) {
      return TensorFlowModel.open(path, computation.get());
    }
    if (runtime.equals("onnx") || runtime.startsWith(ONNX)) {
      return OrtModel.open(path, variant(runtime), ort);
    }
    throw new UserException("--runtime: found " + runtime + ", expected tf, onnx or onnx:VARIANT.");
  }

  /** The runtime that computes a deployed folder's file of a variant. */
  public static String runtime(Variant variant) {
    return ONNX + variant.label();
  }

  /** The variant whose file a runtime of ONNX computes. */
  public static Variant named(String runtime) {
    return Variant.named(variant(runtime));
  }

  /** The variant that a runtime of ONNX names: {@code fp32} of {@code onnx}. */
  static String variant(String runtime) {
    return runtime.equals("onnx") ? Variant.FP32.label() : runtime.substring(ONNX.length());
  }

  /**
   * How a pipeline's ONNX files are computed: with CUDA on the card of {@code model.device}, the
   * first where it names none.
   */
  static OrtSettings ort(Pipeline pipeline) {
    OnnxRuntimeSettings settings = pipeline.evaluate().onnxRuntime();
    return new OrtSettings(
            OrtSettings.Provider.valueOf(settings.provider().name()),
            settings.threads().orElse(0),
            OrtSettings.GraphOptimization.valueOf(settings.graphOptimization().name()))
        .onCard(Device.number(pipeline.model().device().first()).orElse(0));
  }

  /**
   * Says that this process will not train, so that a model that is closed leaves no memory behind.
   * To be called before the first model is opened.
   */
  public static void onlyMeasured() {
    SystemAllocator.use();
  }

  /** Where a pipeline's models are measured: in float32 always. */
  static Computation measuring(ModelSettings settings) {
    return Computation.of(MEASURING, device(settings));
  }

  /** How a pipeline's models are trained. */
  static Computation training(ModelSettings settings, LoopSettings loop) {
    boolean recompute = loop.recompute();
    if (!settings.device().several()) {
      return new Computation(precision(settings), device(settings), recompute);
    }
    Spread.Form form = Spread.Form.valueOf(settings.spread().name());
    Spread spread =
        settings.device().processes().isEmpty()
            ? new Spread(form, Device.several("model.device", settings.device().names()))
            : apart(form, settings);
    return new Computation(precision(settings), spread.devices().get(0), recompute).on(spread);
  }

  /** Only the first device is of this process. */
  private static Spread apart(Spread.Form form, ModelSettings settings) {
    DeviceSetting setting = settings.device();
    List<Device> all = new ArrayList<>(List.of(device(settings)));
    for (int place = 1; place < setting.names().size(); place++) {
      all.add(Device.elsewhere(setting.device(place)));
    }
    return new Spread(form, all, Optional.of(new Processes(setting.processes())));
  }

  /**
   * Computes for the first of a pipeline's processes until that has ended.
   *
   * @param place of this one among the processes; the first is 0
   * @param patience how long to wait for the first one
   * @return what the first one has failed with, a sentence; empty where all is done
   * @throws UserException if the pipeline has no such process
   * @throws org.unlearn4j.base.MachineException if the first process is gone, or has lost another
   */
  public static Optional<String> serve(
      ModelSettings settings, int place, Duration patience, PrintStream log) {
    List<String> addresses = settings.device().processes();
    if (place < 1 || place >= addresses.size()) {
      throw new UserException(
          "--place: found "
              + place
              + (addresses.isEmpty()
                  ? ", and no processes in model.device, expected [HOST:PORT/cpu, HOST:PORT/cpu]"
                  : ", expected 1 to " + (addresses.size() - 1) + " (0 runs the training command)")
              + ".");
    }
    Precision precision = precision(settings);
    Device own = Device.named("model.device", settings.device().device(place));
    return new FurtherProcess(new Processes(addresses), place).serve(own, precision, patience, log);
  }

  /**
   * {@code cpu} or {@code gpu}: where TensorFlow computes. A build without CUDA has no GPU to ask
   * for, and is not loaded to say so.
   */
  static String deviceClass(ModelSettings settings) {
    boolean cuda =
        TensorFlow.class.getResource("internal/c_api/linux-x86_64-gpu/libtensorflow_cc.so.2")
            != null; // in its jar, or unpacked beside it in a bundle
    return cuda && device(settings).isGpu() ? "gpu" : "cpu";
  }

  /**
   * SHA-256 of each file that holds weights of a model, by file name.
   *
   * @param runtime decides which files those are
   * @throws UserException if there is no such model
   */
  static Map<String, String> weightHashes(Path model, String runtime, FileHashes hashes) {
    Map<String, String> byName = new TreeMap<>();
    for (Path file : weightFiles(model, runtime)) {
      byName.put(String.valueOf(file.getFileName()), hashes.of(file));
    }
    return byName;
  }

  private static List<Path> weightFiles(Path model, String runtime) {
    if (!runtime.equals("tf")) {
      return OrtModel.files(model, variant(runtime));
    }
    try (SafeTensors weights = SafeTensors.open(model)) {
      return List.copyOf(weights.files());
    }
  }

  static Device device(ModelSettings settings) {
    return Device.named("model.device", settings.device().first());
  }

  /**
   * A pipeline's precision.
   *
   * @throws UserException if it is not settled yet
   */
  static Precision precision(ModelSettings settings) {
    return switch (settings.precision()) {
      case FP32 -> Precision.FP32;
      case TF32 -> Precision.TF32;
      case BF16 -> Precision.BF16;
      case AUTO ->
          throw new UserException(
              "model.precision: found auto, expected fp32, tf32 or bf16 here (run, finetune,"
                  + " unlearn and relearn choose one).");
    };
  }
}
