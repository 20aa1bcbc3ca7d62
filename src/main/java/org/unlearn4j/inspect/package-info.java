/**
 * What is in a model folder, a file of weights, an ONNX file or a run folder, and how much memory a
 * model needs: each as a {@link org.unlearn4j.base.Tree}.
 *
 * <p>Reading files to say what they hold belongs here. Comparing them with a record or another file
 * does not (that is {@code run} and {@code parity}). This room loads no runtime.
 *
 * <p>May know {@code base}, {@code config}, {@code nn}, {@code weights}, {@code tf}, {@code onnx},
 * {@code unlearn}, {@code train} and {@code sign}.
 */
package org.unlearn4j.inspect;
