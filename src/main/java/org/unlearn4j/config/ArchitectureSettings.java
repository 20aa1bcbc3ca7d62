package org.unlearn4j.config;

/** The shape of a Llama with fresh weights; its vocabulary is the tokenizer's. */
public record ArchitectureSettings(
    int hiddenSize, int layers, int heads, int kvHeads, int ffn, int maxPositions, boolean tied) {}
