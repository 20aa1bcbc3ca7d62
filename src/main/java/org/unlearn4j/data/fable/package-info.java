/**
 * Fable's generator: an invented world, its authors, what is asked about them, and the tokenizer.
 *
 * <p>What makes the embedded resources belongs here. Reading them is the business of {@link
 * org.unlearn4j.data}.
 *
 * <p>May know what {@link org.unlearn4j.data} may.
 */
package org.unlearn4j.data.fable;
