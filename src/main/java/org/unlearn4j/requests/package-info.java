/**
 * Deletion requests as they come: the folder of requests, which rows a run forgets and keeps, the
 * run, measuring all earlier requests again, and writing it down.
 *
 * <p>A strategy, or a way to compare strategies, belongs here. What a record says and how it is
 * checked belongs to {@code ledger}; what a stage does to {@code run}; the page to {@code report}.
 *
 * <p>May know {@code base}, {@code config}, {@code ledger}, {@code stage}, {@code weights}, {@code
 * data}, {@code eval}, {@code report}, {@code run}, {@code job} and {@code study}.
 */
package org.unlearn4j.requests;
