package org.unlearn4j.onnx;

import ai.onnxruntime.OrtEnvironment;
import java.util.List;

/** What ONNX Runtime can compute on. */
public final class OrtDevices {
  private OrtDevices() {}

  /** ONNX Runtime's version; loads the native library. */
  public static String version() {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    OrtRuntime.silence(environment);
    return environment.getVersion();
  }

  /** The execution providers of this build, for instance {@code CPU} or {@code CUDA}. */
  public static List<String> providers() {
    return OrtEnvironment.getAvailableProviders().stream().map(Enum::name).toList();
  }
}
