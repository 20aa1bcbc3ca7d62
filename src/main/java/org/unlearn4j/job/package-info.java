/**
 * The main job: which stages a pipeline has, what each reads and writes in a run folder, and
 * running them. {@link org.unlearn4j.job.Chain} says what runs when; {@link org.unlearn4j.job.Job}
 * is the way in for a Java program.
 *
 * <p>What a stage does belongs to the room {@code run}, how stages in general are kept apart from
 * what is already there to the room {@code stage}. This room knows both, the report and the
 * configuration; studies and commands know this room.
 */
package org.unlearn4j.job;
