/**
 * What evaluation needs of a language model, whatever runtime computes it: rows of tokens, scores,
 * features, generation.
 *
 * <p>An implementation does not belong here (that is {@code tf} and {@code onnx}), nor does a
 * metric (that is {@code eval}).
 *
 * <p>May know {@code base}.
 */
package org.unlearn4j.lm;
