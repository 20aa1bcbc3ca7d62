/**
 * What is in a model folder, a file of weights, an ONNX file or a run folder, and how much memory a
 * model needs: each as a {@link org.unlearn4j.base.Tree}. Reading files to say what they hold
 * belongs here; holding them against a record or another file does not (that is {@code run} and
 * {@code parity}). May know the rooms whose files it reads: {@code config}, {@code nn}, {@code
 * onnx}, {@code weights}, and for memory {@code tf}, {@code train}, {@code unlearn}; loads no
 * runtime.
 */
package org.unlearn4j.inspect;
