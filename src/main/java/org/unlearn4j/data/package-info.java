/**
 * What is forgotten, kept and asked: readers of pairs and passages, benchmarks and their splits,
 * and the token rows made of them.
 *
 * <p>A new benchmark or file form belongs here. What is measured on it does not (that is {@code
 * eval}).
 *
 * <p>May know {@code base}, {@code text} and {@code lm}.
 */
package org.unlearn4j.data;
