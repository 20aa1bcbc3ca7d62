package org.unlearn4j.onnx;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.SessionOptions;
import java.util.List;
import java.util.Optional;

/** What ONNX Runtime can compute on. */
public final class OrtDevices {
  private OrtDevices() {}

  /** Loads the native library, which takes a core a third of a second, before a model needs it. */
  public static void load() {
    new OrtRuntime(OrtSettings.defaults());
  }

  /** ONNX Runtime's version; loads the native library. */
  public static String version() {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    OrtRuntime.silence(environment);
    return environment.getVersion();
  }

  /**
   * Why CUDA's execution provider cannot be added to a session, which loads its libraries, in ONNX
   * Runtime's words; empty where it can. That the build has one does not mean that it loads.
   */
  public static Optional<String> cudaError() {
    version();
    try (SessionOptions options = new SessionOptions()) {
      OrtSettings.addCuda(options, 0);
      return Optional.empty();
    } catch (OrtException e) {
      return Optional.of(String.valueOf(e.getMessage()).strip());
    }
  }

  /** The execution providers of this build, for instance {@code CPU} or {@code CUDA}. */
  public static List<String> providers() {
    return OrtEnvironment.getAvailableProviders().stream().map(Enum::name).toList();
  }
}
