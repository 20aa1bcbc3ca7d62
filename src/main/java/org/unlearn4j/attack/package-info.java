/**
 * Attacks: other ways to ask a model for what it was made to forget, and what they bring out.
 *
 * <p>An attack family makes {@link org.unlearn4j.attack.Probe}s of a {@link
 * org.unlearn4j.attack.Fact} by rules, without a model: a prompt, and what is judged of the answer.
 * What a probe brings out is a {@link org.unlearn4j.attack.Judgement}; what a model gives away
 * above the retain-only model is leakage.
 *
 * <p>A new family of attacks belongs here. Running models does not (that is {@code run}), nor does
 * the page (that is {@code report}).
 *
 * <p>May know {@code base}, {@code config}, {@code eval}, {@code lm} and {@code data}.
 */
package org.unlearn4j.attack;
