/**
 * A study: several methods, each with and without an addition, over several seeds, and the table
 * and picture of what came out; and a sweep, which searches for settings.
 *
 * <p>A study calls stages; it does not change them. A new column or form of the table belongs here.
 *
 * <p>May know {@code base}, {@code config}, {@code stage}, {@code eval}, {@code parity}, {@code
 * report}, {@code run}, {@code job} and {@code weights}.
 */
package org.unlearn4j.study;
