/**
 * Stages of work in general: what a stage reads, the identity that follows from the content of all
 * of it, the record beside its output, and the order in which stages run.
 *
 * <p>What the stages of a pipeline are belongs to {@code job}, what they do to {@code run}.
 *
 * <p>May know {@code base}.
 */
package org.unlearn4j.stage;
