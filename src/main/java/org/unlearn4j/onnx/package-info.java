/**
 * The deployable side: a decoder as an ONNX graph ({@link org.unlearn4j.onnx.OnnxEmitter}), the
 * folder that third parties load ({@link org.unlearn4j.onnx.OnnxExporter}), and the same folder as
 * a {@link org.unlearn4j.lm.LanguageModel} on ONNX Runtime ({@link org.unlearn4j.onnx.OrtModel}).
 */
package org.unlearn4j.onnx;
