/**
 * What tells two sets of rows apart in a decoder's residual stream, and how it is taken out: second
 * moments, directions, and projections folded into weights.
 *
 * <p>Numbers and places belong here. Where a stream comes from and where weights go to does not
 * (that is {@code run}); this room loads no runtime.
 *
 * <p>May know {@code nn}.
 */
package org.unlearn4j.surgery;
