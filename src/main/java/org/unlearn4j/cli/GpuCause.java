package org.unlearn4j.cli;

/**
 * One reason why a GPU is not used.
 *
 * @param id a fixed name, for scripts
 * @param affects the runtime that it keeps from the GPU
 * @param what was found, without a full stop
 * @param remedy what to do about it, without a full stop
 */
record GpuCause(String id, Affects affects, String what, String remedy) {
  /** A runtime that is kept from the GPU. */
  enum Affects {
    BOTH("both"),
    TENSORFLOW("tensorflow"),
    ONNX_RUNTIME("onnxruntime");

    private final String spelling;

    Affects(String spelling) {
      this.spelling = spelling;
    }
  }

  /** Whether training is kept from the GPU by it. */
  boolean hitsTensorFlow() {
    return affects != Affects.ONNX_RUNTIME;
  }

  String sentence() {
    return what + ": " + remedy;
  }

  Tree tree() {
    return new Tree()
        .put("cause", id)
        .put("affects", affects.spelling)
        .put("found", what)
        .put("remedy", remedy);
  }
}
