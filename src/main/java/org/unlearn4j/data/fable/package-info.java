/**
 * Fable's generator: an invented world, its authors, what is asked about them, and the tokenizer.
 */
package org.unlearn4j.data.fable;
