/**
 * Unlearn4J makes a language model forget, writes it as ONNX, and judges the file.
 *
 * <p>This package holds rooms only. A Java program begins with {@link org.unlearn4j.job.Job} and
 * {@link org.unlearn4j.config.Pipeline}. Each room's page says what belongs in it, what does not,
 * and which rooms it may know; a test of the build compares that with the imports.
 */
package org.unlearn4j;
