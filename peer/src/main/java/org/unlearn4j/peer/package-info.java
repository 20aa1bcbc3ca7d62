/**
 * The peer: the training step that {@code unlearn4j bench} times, in LibTorch through its JavaCPP
 * presets, with the same weights and rows. It is told the shape by what {@code bench} has printed,
 * and knows no class of the product.
 */
package org.unlearn4j.peer;
