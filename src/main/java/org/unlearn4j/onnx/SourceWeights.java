package org.unlearn4j.onnx;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.unlearn4j.base.UserException;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.SafeTensors;

/** The values of a graph's large initializers, from a checkpoint or computed. */
final class SourceWeights {
  private static final String GPT2_PREFIX = "transformer.";

  private final SafeTensors weights;

  /**
   * Holds the checkpoint against what the graph needs.
   *
   * @throws UserException naming every weight that is missing or of another shape
   */
  SourceWeights(SafeTensors weights, List<Initializer> needed) {
    this.weights = weights;
    List<String> mistakes = new ArrayList<>();
    for (Initializer i : needed) {
      if (i.parameter() != null) {
        check(i, mistakes);
      }
    }
    if (!mistakes.isEmpty()) {
      throw new UserException(String.join(System.lineSeparator(), mistakes));
    }
  }

  private void check(Initializer i, List<String> mistakes) {
    String name = stored(i.name());
    List<Integer> expected = i.parameter().shape();
    if (!weights.contains(name)) {
      mistakes.add(
          weights.source() + ": found no tensor " + name + ", expected one of " + expected + ".");
    } else if (!weights.info(name).shape().equals(expected)) {
      mistakes.add(
          weights.source()
              + ", tensor "
              + name
              + ": found shape "
              + weights.info(name).shape()
              + ", expected "
              + expected
              + " as config.json has it.");
    }
  }

  /** Some published GPT-2 files leave out the prefix. */
  private String stored(String name) {
    boolean bare = !weights.contains(name) && name.startsWith(GPT2_PREFIX);
    return bare ? name.substring(GPT2_PREFIX.length()) : name;
  }

  /** Values as little-endian float32; those of a float32 weight are the mapped file itself. */
  ByteBuffer float32(Initializer i) {
    String name = stored(i.name());
    if (i.parameter() != null && weights.info(name).dtype() == DType.F32) {
      return weights.bytes(name);
    }
    int bytes = Math.toIntExact(Float.BYTES * i.size());
    ByteBuffer values = ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (i.parameter() == null) {
      values.asFloatBuffer().put(i.table());
    } else {
      weights.read(name, values.asFloatBuffer());
    }
    return values;
  }
}
