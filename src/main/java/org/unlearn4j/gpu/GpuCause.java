package org.unlearn4j.gpu;

import org.unlearn4j.base.Tree;

/**
 * One reason why a GPU is not used.
 *
 * @param id a fixed name, for scripts
 * @param affects the runtime that it keeps from the GPU
 * @param what was found, without a full stop
 * @param remedy what to do about it, without a full stop
 */
public record GpuCause(String id, Affects affects, String what, String remedy) {
  /** A runtime that is kept from the GPU. */
  public enum Affects {
    BOTH("both"),
    TENSORFLOW("tensorflow"),
    ONNX_RUNTIME("onnxruntime");

    private final String spelling;

    Affects(String spelling) {
      this.spelling = spelling;
    }
  }

  /** Whether training is kept from the GPU by it. */
  public boolean hitsTensorFlow() {
    return affects != Affects.ONNX_RUNTIME;
  }

  /**
   * The same of ONNX Runtime alone, if it is about libraries that both may load: where TensorFlow
   * works without them, ONNX Runtime still may not.
   */
  GpuCause withoutTensorFlow() {
    boolean libraries = id.startsWith("library_") && affects == Affects.BOTH;
    return libraries ? new GpuCause(id, Affects.ONNX_RUNTIME, what, remedy) : this;
  }

  /** What was found and what to do about it, without a full stop. */
  public String sentence() {
    return what + ": " + remedy;
  }

  /** The same with a key for each part, for {@code doctor --json}. */
  public Tree tree() {
    return new Tree()
        .put("cause", id)
        .put("affects", affects.spelling)
        .put("found", what)
        .put("remedy", remedy);
  }
}
