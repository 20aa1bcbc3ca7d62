/**
 * Who vouches for a folder, and for what: signatures of OpenSSF Model Signing over every file, and
 * over the record of an unlearning.
 */
package org.unlearn4j.sign;
