/**
 * What is measured, on any runtime: metrics as pure functions of what a {@link
 * org.unlearn4j.lm.LanguageModel} gives, the suites that put them together, and their results as
 * JSON. Knows no runtime.
 */
package org.unlearn4j.eval;
