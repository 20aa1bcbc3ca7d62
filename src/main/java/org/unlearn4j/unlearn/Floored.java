package org.unlearn4j.unlearn;

/**
 * The forget loss lets go of tokens that are as unlikely as their floor.
 *
 * @param pull weight of the loss that pulls tokens below their floor back up; 0: none does
 */
public record Floored(double pull) {}
