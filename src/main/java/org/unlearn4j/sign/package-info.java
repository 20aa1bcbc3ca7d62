/**
 * Who vouches for a folder, and for what: signatures of OpenSSF Model Signing over every file, and
 * over the record of an unlearning.
 *
 * <p>What the record says does not belong here, nor whether it is true: that is for {@code parity}.
 *
 * <p>May know {@code base}.
 */
package org.unlearn4j.sign;
