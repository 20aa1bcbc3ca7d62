package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Optional;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.NativeMemory;
import org.unlearn4j.base.UserException;

/** Opens sessions with one set of options, and says in a sentence why one could not be opened. */
final class OrtRuntime {
  private final OrtEnvironment environment;
  private final OrtSettings settings;
  private final Optional<ActiveAdapter> adapter;

  /**
   * The process's environment.
   *
   * @param settings of each session
   */
  OrtRuntime(OrtSettings settings) {
    this(settings, Optional.empty());
  }

  /**
   * The same with an adapter that is on in each session.
   *
   * @param adapter stays the caller's
   */
  OrtRuntime(OrtSettings settings, Optional<ActiveAdapter> adapter) {
    this.adapter = adapter;
    this.environment =
        OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, "unlearn4j");
    silence(environment);
    this.settings = settings;
  }

  /**
   * ONNX Runtime reports its use to its maker unless it is told not to. The launcher keeps it from
   * starting to (ORT_DISABLE_TELEMETRY=1, read when the library loads); this is for programs that
   * have no launcher. They had better set the variable too: what version 1.29 starts reads the
   * command line into 4 KB, and ends the process with a segmentation fault where it is longer.
   */
  static void silence(OrtEnvironment environment) {
    try {
      environment.setTelemetry(false);
    } catch (OrtException e) {
      throw new IllegalStateException(e);
    }
  }

  OrtEnvironment environment() {
    return environment;
  }

  /** Memory of ours as a tensor, without a copy. */
  OnnxTensor tensor(FloatBuffer direct, long... shape) {
    try {
      return OnnxTensor.createTensor(environment, direct, shape);
    } catch (OrtException e) {
      throw new IllegalStateException(e);
    }
  }

  OrtSettings settings() {
    return settings;
  }

  /**
   * A session on the file as it is.
   *
   * @throws UserException if ONNX Runtime refuses it
   * @throws MachineException if there is no memory for it
   */
  OrtSession open(OnnxFile file) {
    try (SessionOptions options = options()) {
      return joined(environment.createSession(file.path().toString(), options), file.model());
    } catch (OrtException e) {
      throw refused(file.path(), e);
    }
  }

  /**
   * A session on a graph that was derived from a file and shares its external data.
   *
   * @throws UserException if ONNX Runtime refuses it
   * @throws MachineException if there is no memory for it
   */
  OrtSession open(ModelProto derived, Path file) {
    try (SessionOptions options = options()) {
      options.addConfigEntry(
          "session.model_external_initializers_file_folder_path",
          file.toAbsolutePath().getParent().toString());
      return joined(environment.createSession(derived.toByteArray(), options), derived);
    } catch (OrtException e) {
      throw refused(file, e);
    }
  }

  private OrtSession joined(OrtSession session, ModelProto model) throws OrtException {
    try {
      adapter.ifPresent(a -> a.join(session, model));
      return session;
    } catch (RuntimeException e) {
      session.close();
      throw e;
    }
  }

  /** What a run of a session is told: which adapter is on. The caller closes it. */
  OrtSession.RunOptions running(OrtSession session) throws OrtException {
    OrtSession.RunOptions options = new OrtSession.RunOptions();
    try {
      if (adapter.isPresent()) {
        adapter.get().activate(session, options);
      }
      return options;
    } catch (OrtException | RuntimeException e) {
      options.close();
      throw e;
    }
  }

  private SessionOptions options() throws OrtException {
    SessionOptions options = new SessionOptions();
    try {
      settings.apply(options);
      options.setInterOpNumThreads(1);
      options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
      // Waiting threads sleep. Spinning was measured to cost 30 to 60 % more processor time for no
      // gain in scoring, and to double the time of everything as soon as another process, or
      // TensorFlow in this one, wants a processor too.
      options.addConfigEntry("session.intra_op.allow_spinning", "0");
      // Where it makes one operator of DequantizeLinear and MatMul, its default (4) quantises
      // activations to 8 bits: nothing in the file says so, and logits move by a hundredth of their
      // spread. 1 is float32.
      options.addConfigEntry("session.qdq_matmulnbits_accuracy_level", "1");
      return options;
    } catch (OrtException | RuntimeException e) {
      options.close();
      throw e;
    }
  }

  private static RuntimeException refused(Path file, OrtException e) {
    String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("no reason given");
    if (NativeMemory.lacked(e.getMessage())) {
      return new MachineException(
          file + ": ONNX Runtime ran out of memory while loading it (" + reason + ").", e);
    }
    return new UserException(file + ": ONNX Runtime cannot load it (" + reason + ").", e);
  }
}
