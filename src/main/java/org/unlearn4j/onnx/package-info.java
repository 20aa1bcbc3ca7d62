/**
 * The deployable side: a decoder as an ONNX graph ({@link org.unlearn4j.onnx.OnnxEmitter}), the
 * folder that clients load ({@link org.unlearn4j.onnx.OnnxExporter}), and the same folder as a
 * {@link org.unlearn4j.lm.LanguageModel} on ONNX Runtime ({@link org.unlearn4j.onnx.OrtModel}).
 *
 * <p>Writing and reading files of the ONNX world belong here. Judging them does not (that is {@code
 * parity}).
 *
 * <p>May know {@code base}, {@code nn}, {@code weights} and {@code lm}.
 */
package org.unlearn4j.onnx;
