/**
 * Does a device compute what it should? Reference numbers compared with what it gives ({@link
 * org.unlearn4j.check.FixtureChecks}), and everything that a card can be asked, one program after
 * the other, as one JSON ({@link org.unlearn4j.check.GpuCheck}).
 *
 * <p>Tolerances of devices, parts of the check and goals belong here. Gates on a deployed model do
 * not (that is {@code parity}), nor does the question why a GPU is not used (that is {@code gpu}).
 *
 * <p>May know {@code base}, {@code config}, {@code lm}, {@code weights}, {@code tf}, {@code
 * unlearn}, {@code train}, {@code eval}, {@code parity}, {@code gpu} and {@code run}.
 */
package org.unlearn4j.check;
