/**
 * Why a GPU is not used: what a machine and its libraries are ({@link org.unlearn4j.gpu.GpuFacts}),
 * and the causes that follow, each with its remedy ({@link org.unlearn4j.gpu.GpuCauses}).
 *
 * <p>A new cause and a new fact belong here. Asking a runtime for its devices does not (that is
 * {@code tf} and {@code onnx}), nor does printing. This room loads no runtime, so that it can say
 * why one does not load.
 *
 * <p>May know {@code base}.
 */
package org.unlearn4j.gpu;
