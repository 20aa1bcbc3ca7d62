/**
 * Stages of work in general: what a stage reads, the identity that follows from the content of all
 * of it, the record beside its output, and the order in which stages that depend on each other run.
 *
 * <p>What the stages of a pipeline are does not belong here (room {@code job}), nor does what they
 * do (room {@code run}). This room knows {@code base} alone.
 */
package org.unlearn4j.stage;
