/**
 * The ledger of deletion requests: an append-only chain of records, what follows from it, and what
 * keeps the text of a request from lying in the clear.
 *
 * <p>Pure data: a record of a new kind, a check of the chain or a way to put rows away belongs
 * here. Running, measuring and showing requests does not; see {@code requests} and {@code report}.
 *
 * <p>May know {@code base}.
 */
package org.unlearn4j.ledger;
