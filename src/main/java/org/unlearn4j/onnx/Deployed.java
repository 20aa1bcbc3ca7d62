package org.unlearn4j.onnx;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.nio.file.Path;
import org.unlearn4j.base.UserException;

/**
 * A deployed file, open, and what one must know to run it.
 *
 * @param logitsType number format of its logits
 */
record Deployed(
    OrtRuntime runtime,
    OrtSession session,
    KeyValueCache cache,
    int vocab,
    OnnxJavaType logitsType) {

  /**
   * Opens a file.
   *
   * @throws UserException if ONNX Runtime refuses it, or it gives no logits
   */
  static Deployed open(OrtRuntime runtime, Path file, int vocab) {
    OrtSession session = runtime.open(file);
    try {
      NodeInfo logits = session.getOutputInfo().get("logits");
      if (logits == null) {
        String found = "outputs " + session.getOutputNames();
        session.close();
        throw UserException.at(file, "", found, "logits among them");
      }
      OnnxJavaType type = ((TensorInfo) logits.getInfo()).type;
      return new Deployed(runtime, session, KeyValueCache.of(session), vocab, type);
    } catch (OrtException e) {
      throw new IllegalStateException(e);
    }
  }

  OrtFeeds feeds() {
    return new OrtFeeds(runtime, session);
  }

  /** Room for logits of some rows, outside the heap. */
  OrtLogits logits(int rows) {
    return new OrtLogits(rows, vocab, logitsType);
  }
}
