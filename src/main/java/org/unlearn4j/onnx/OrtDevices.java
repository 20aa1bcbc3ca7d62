package org.unlearn4j.onnx;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.SessionOptions;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
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

  /**
   * Whether CUDA's execution provider can be added to a session, which loads its libraries; that
   * the build has one does not mean that it loads.
   */
  public static boolean cudaLoads() {
    version();
    try (SessionOptions options = new SessionOptions();
        OrtCUDAProviderOptions cuda = new OrtCUDAProviderOptions(0)) {
      options.addCUDA(cuda);
      return true;
    } catch (OrtException e) {
      return false;
    }
  }

  /** The execution providers of this build, for instance {@code CPU} or {@code CUDA}. */
  public static List<String> providers() {
    return OrtEnvironment.getAvailableProviders().stream().map(Enum::name).toList();
  }
}
