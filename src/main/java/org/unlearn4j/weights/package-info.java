/**
 * Weights on disk and as numbers: safetensors, number formats, quantisation, deployable variants.
 *
 * <p>A new number format belongs here. Where a weight stands in a decoder does not (that is {@code
 * nn}), nor does the file that holds codes (that is {@code onnx}).
 *
 * <p>May know {@code base}.
 */
package org.unlearn4j.weights;
