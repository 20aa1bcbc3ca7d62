/**
 * Decoders on TensorFlow Java: the emitter, variables and sessions, devices, precision, memory, and
 * the runtime for evaluation.
 *
 * <p>All runs of a session go through this room. Losses do not belong here (that is {@code
 * unlearn}), nor does the training loop (that is {@code train}).
 *
 * <p>May know {@code base}, {@code nn}, {@code weights} and {@code lm}.
 */
package org.unlearn4j.tf;
