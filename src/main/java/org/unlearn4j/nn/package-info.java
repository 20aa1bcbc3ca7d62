/**
 * Decoders, written once: the vocabulary ({@link org.unlearn4j.nn.Emitter}), the configuration as
 * Hugging Face writes it, and the families. Knows no runtime.
 */
package org.unlearn4j.nn;
