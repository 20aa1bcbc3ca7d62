/**
 * What one step minimises: forget losses, retain losses, regularisers, floors, and the step graph
 * made of them.
 *
 * <p>A new loss belongs here. How often a step is taken, and with which rows, does not (that is
 * {@code train}).
 *
 * <p>May know {@code base}, {@code config}, {@code tf}, {@code nn}, {@code weights}, {@code lm} and
 * {@code data}.
 */
package org.unlearn4j.unlearn;
