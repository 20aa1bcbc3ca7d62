package org.unlearn4j.onnx;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.unlearn4j.base.UserException;

/**
 * Which inputs and outputs of a deployed graph hold past keys and values. They are handed from run
 * to run as they are, without passing through Java.
 *
 * @param shapes shape of each {@code past_key_values.*} input, -1 where it varies
 */
record KeyValueCache(Map<String, long[]> shapes) {
  static final String PAST = "past_key_values.";
  private static final String PRESENT = "present.";

  static KeyValueCache of(OrtSession session) {
    Map<String, long[]> shapes = new LinkedHashMap<>();
    try {
      for (NodeInfo input : session.getInputInfo().values()) {
        if (input.getName().startsWith(PAST)) {
          shapes.put(input.getName(), ((TensorInfo) input.getInfo()).getShape());
        }
      }
    } catch (OrtException e) {
      throw new IllegalStateException(e);
    }
    return new KeyValueCache(shapes);
  }

  /** What a run is asked for that another one continues. */
  Set<String> withLogits() {
    Set<String> outputs = new LinkedHashSet<>(Set.of("logits"));
    shapes.keySet().forEach(past -> outputs.add(present(past)));
    return outputs;
  }

  static String present(String past) {
    return PRESENT + past.substring(PAST.length());
  }

  /**
   * Feeds what an earlier run left, or nothing yet.
   *
   * @param earlier null for an empty cache; stays the caller's
   */
  void feed(OrtFeeds feeds, int rows, OrtSession.Result earlier) {
    shapes.forEach(
        (name, shape) -> {
          if (earlier == null) {
            feeds.floats(name, FloatBuffer.allocate(0), rows, shape[1], 0, shape[3]);
          } else {
            feeds.borrowed(name, (OnnxTensor) earlier.get(present(name)).orElseThrow());
          }
        });
  }

  /**
   * Insists that there is a cache.
   *
   * @throws UserException naming the file if there is none
   */
  void require(Path file) {
    if (shapes.isEmpty()) {
      throw UserException.at(
          file, "", "no inputs " + PAST + "*", "a decoder with a key-value cache");
    }
  }
}
