package org.unlearn4j.tf;

/**
 * What an adapter's A and B begin with.
 *
 * @param down A, {@code [rank * in]}, row after row
 * @param up B, {@code [out * rank]}, row after row
 */
@SuppressWarnings("ArrayRecordComponent") // handed on once, never compared
public record StartingFactors(float[] down, float[] up) {}
