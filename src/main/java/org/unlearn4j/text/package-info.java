/**
 * Text in and out of token ids: the tokenizer of a model folder, prompt templates, byte-level BPE
 * training.
 *
 * <p>What is said in a prompt does not belong here (that is {@code data}).
 *
 * <p>May know {@code base}.
 */
package org.unlearn4j.text;
