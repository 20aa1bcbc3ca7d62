/**
 * The main job: which stages a pipeline has, what each reads and writes in a run folder, and
 * running them. {@link org.unlearn4j.job.Chain} says what runs when; {@link org.unlearn4j.job.Job}
 * is the way in for a Java program.
 *
 * <p>What a stage does belongs to {@code run}; how stages in general are compared with what is
 * there belongs to {@code stage}.
 *
 * <p>May know {@code base}, {@code config}, {@code stage}, {@code weights}, {@code eval}, {@code
 * parity}, {@code attack}, {@code report} and {@code run}.
 */
package org.unlearn4j.job;
