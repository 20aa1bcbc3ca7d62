package org.unlearn4j.config;

/**
 * What is measured while a model unlearns.
 *
 * @param epochs between measurements, or a part of one; 0: none
 * @param rows of each set, at equal distances
 */
public record WatchSettings(double epochs, int rows) {}
