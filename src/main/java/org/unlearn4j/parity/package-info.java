/**
 * Is what was deployed what was trained, and still unlearned? A model under TensorFlow against the
 * exported file under ONNX Runtime, on the same rows: gates and the verdict.
 *
 * <p>A new gate belongs here. Its limit is a key of {@code config}; opening models is the business
 * of {@code run}.
 *
 * <p>May know {@code base}, {@code config}, {@code weights}, {@code eval} and {@code lm}.
 */
package org.unlearn4j.parity;
