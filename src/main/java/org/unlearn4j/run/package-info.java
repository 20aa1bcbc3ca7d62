/**
 * The work of each stage: what it reads, computes and writes, whole or not at all. Here the rooms
 * meet that do not know each other.
 *
 * <p>When a stage runs does not belong here (that is {@code stage} and {@code job}), nor does how
 * results look (that is {@code report}).
 *
 * <p>May know {@code base}, {@code config}, {@code lm}, {@code nn}, {@code weights}, {@code text},
 * {@code data}, {@code tf}, {@code onnx}, {@code unlearn}, {@code train}, {@code eval}, {@code
 * parity}, {@code attack}, {@code stage}, {@code surgery} and {@code adapter}.
 */
package org.unlearn4j.run;
