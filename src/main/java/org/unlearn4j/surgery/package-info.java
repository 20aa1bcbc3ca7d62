/**
 * What tells two sets of rows apart in a decoder's residual stream, and how it is taken out or
 * moved: second moments, directions, projections folded into weights, and a change that redirects.
 *
 * <p>Numbers and places belong here. Where a stream comes from and where weights go to does not
 * (that is {@code run}); this room loads no runtime.
 *
 * <p>May know {@code nn}.
 */
package org.unlearn4j.surgery;
