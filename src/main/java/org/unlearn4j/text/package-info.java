/**
 * Text in and out of token ids: the tokenizer of a model folder, prompt templates, byte-level BPE
 * training.
 */
package org.unlearn4j.text;
