/**
 * The report: one self-contained page and its plots, made of the files of a run folder and of
 * nothing else.
 *
 * <p>Nothing is measured here: what the page says stands in a file that another room wrote.
 *
 * <p>May know {@code base}, {@code eval}, {@code parity} and {@code ledger}.
 */
package org.unlearn4j.report;
