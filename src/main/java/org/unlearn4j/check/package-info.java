/**
 * Does a device compute what it should? Reference numbers held against what it gives ({@link
 * org.unlearn4j.check.FixtureChecks}), and everything that a card can be asked, one program after
 * the other, into one JSON ({@link org.unlearn4j.check.GpuCheck}). Tolerances of devices, parts of
 * the check and goals belong here. Gates on a deployed model do not (that is {@code parity}), nor
 * does the question why a GPU is not used (that is {@code gpu}). May know every room but those that
 * draw and ask: {@code report}, {@code study}, {@code inspect}, {@code cli}.
 */
package org.unlearn4j.check;
