/**
 * What is measured, on any runtime: metrics as pure functions of what a {@link
 * org.unlearn4j.lm.LanguageModel} gives, the suites that put them together, and their results as
 * JSON.
 *
 * <p>A new metric belongs here. A limit on one does not (that is {@code parity}); this room loads
 * no runtime.
 *
 * <p>May know {@code base}, {@code lm}, {@code data} and {@code text}.
 */
package org.unlearn4j.eval;
