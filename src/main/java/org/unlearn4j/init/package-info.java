/**
 * The first pipeline file for a model and rows of one's own: what is measured of both, and which
 * settings follow from that, each with its reason.
 *
 * <p>Choosing settings from measured facts belongs here. What a setting means does not (that is
 * {@code config}), nor does running it ({@code job}).
 *
 * <p>May know {@code base}, {@code config}, {@code nn}, {@code weights}, {@code text}, {@code
 * data}, {@code lm}, {@code tf}, {@code unlearn}, {@code train}, {@code inspect}, {@code run} and
 * {@code job}.
 */
package org.unlearn4j.init;
