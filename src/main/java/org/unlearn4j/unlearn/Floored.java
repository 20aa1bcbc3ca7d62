package org.unlearn4j.unlearn;

/**
 * The forget loss lets go of rows that are as unlikely as their floor.
 *
 * @param pull weight of the loss that pulls rows below their floor back up; 0: none does
 */
public record Floored(double pull) {}
