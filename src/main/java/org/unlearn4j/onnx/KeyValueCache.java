package org.unlearn4j.onnx;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
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
 * @param slots shape, -1 where it varies, and number format of each {@code past_key_values.*} input
 */
record KeyValueCache(Map<String, TensorInfo> slots) {
  static final String PAST = "past_key_values.";
  static final String PRESENT = "present.";

  /**
   * Those of a file that is open.
   *
   * @throws UserException if one of them is no tensor
   */
  static KeyValueCache of(OrtSession session, Path file) {
    Map<String, TensorInfo> slots = new LinkedHashMap<>();
    try {
      for (NodeInfo input : session.getInputInfo().values()) {
        if (input.getName().startsWith(PAST)) {
          if (!(input.getInfo() instanceof TensorInfo info)) {
            throw UserException.at(
                file, input.getName(), String.valueOf(input.getInfo()), "a tensor");
          }
          slots.put(input.getName(), info);
        }
      }
    } catch (OrtException e) {
      throw new IllegalStateException(e);
    }
    return new KeyValueCache(slots);
  }

  /** What a run is asked for that another one continues. */
  Set<String> withLogits() {
    Set<String> outputs = new LinkedHashSet<>(Set.of("logits"));
    slots.keySet().forEach(past -> outputs.add(present(past)));
    return outputs;
  }

  /** What a run is asked for of which nothing but keys and values are wanted. */
  Set<String> presents() {
    Set<String> outputs = withLogits();
    outputs.remove("logits");
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
    slots.forEach(
        (name, slot) -> {
          if (earlier == null) {
            long[] shape = slot.getShape();
            feeds.nothing(name, slot.type, rows, shape[1], 0, shape[3]);
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
    if (slots.isEmpty()) {
      throw UserException.at(
          file, "", "no inputs " + PAST + "*", "a decoder with a key-value cache");
    }
  }
}
