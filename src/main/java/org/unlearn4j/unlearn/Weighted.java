package org.unlearn4j.unlearn;

/** A term of the total and its weight there. */
public record Weighted(Term term, double weight) {}
