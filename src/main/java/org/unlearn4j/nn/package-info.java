/**
 * Decoders, written once: the vocabulary ({@link org.unlearn4j.nn.Emitter}), the configuration as
 * Hugging Face writes it, and the families.
 *
 * <p>A new family belongs here. What a word of the vocabulary becomes on a runtime does not (that
 * is {@code tf} and {@code onnx}); this room loads no runtime.
 *
 * <p>May know {@code base}.
 */
package org.unlearn4j.nn;
