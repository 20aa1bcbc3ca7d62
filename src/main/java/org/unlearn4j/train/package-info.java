/**
 * The training loop: batch plan, schedule, AdamW, checkpoints, resume, memory check, progress.
 *
 * <p>What a step minimises does not belong here (that is {@code unlearn}).
 *
 * <p>May know {@code base}, {@code config}, {@code unlearn}, {@code tf}, {@code nn}, {@code
 * weights}, {@code lm} and {@code data}.
 */
package org.unlearn4j.train;
