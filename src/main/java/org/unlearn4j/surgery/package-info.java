/**
 * What tells two sets of rows apart in a decoder's residual stream, and how it is taken out: second
 * moments, directions, and projections folded into weights. Numbers and places only; where they
 * come from and go to belongs to the room {@code run}. May know {@code nn} only.
 */
package org.unlearn4j.surgery;
