/**
 * Decoders on TensorFlow Java: the emitter, variables and sessions, precision, and the runtime for
 * evaluation.
 */
package org.unlearn4j.tf;
