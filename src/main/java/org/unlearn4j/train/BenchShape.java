package org.unlearn4j.train;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.unlearn4j.base.UserException;

/** Shapes with a name: decoders of Llama's family, and the batch they are timed at. */
public enum BenchShape {
  /** The shape of the embedded models and of {@code make bench}. */
  SHAPE_5M(256, 6, 4, 4, 704, 2048, 8, 128),
  /** SmolLM's smallest. */
  SHAPE_135M(576, 30, 9, 3, 1536, 49152, 4, 128),
  /** Llama 3.2's smallest, 1.24 billion parameters. */
  SHAPE_1B(2048, 16, 32, 8, 8192, 128256, 4, 256),
  /** Llama 3.1's, with one table for both ends; for adapters, as memory for the whole is rare. */
  SHAPE_8B(4096, 32, 32, 8, 14336, 128256, 4, 256);

  /** A shape's numbers by the names of {@code bench}'s options. */
  public record Numbers(
      int hidden, int layers, int heads, int kvHeads, int ffn, int vocab, int rows, int tokens) {}

  private final int hidden;
  private final int layers;
  private final int heads;
  private final int kvHeads;
  private final int ffn;
  private final int vocab;
  private final int rows;
  private final int tokens;

  BenchShape(
      int hidden, int layers, int heads, int kvHeads, int ffn, int vocab, int rows, int tokens) {
    this.hidden = hidden;
    this.layers = layers;
    this.heads = heads;
    this.kvHeads = kvHeads;
    this.ffn = ffn;
    this.vocab = vocab;
    this.rows = rows;
    this.tokens = tokens;
  }

  /** All of it. */
  public Numbers numbers() {
    return new Numbers(hidden, layers, heads, kvHeads, ffn, vocab, rows, tokens);
  }

  /** Its name for users: {@code 1b}. */
  public String spelling() {
    return name().substring("SHAPE_".length()).toLowerCase(Locale.ROOT);
  }

  /** All names, for help and messages. */
  public static String spellings() {
    return Arrays.stream(values()).map(BenchShape::spelling).collect(Collectors.joining(", "));
  }

  /**
   * A shape by its name.
   *
   * @param option as the user wrote it, for the message: {@code --shape}
   * @throws UserException naming the option if there is none
   */
  public static BenchShape of(String option, String name) {
    return Arrays.stream(values())
        .filter(s -> s.spelling().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new UserException(
                    option + ": found " + name + ", expected one of " + spellings() + "."));
  }

  /** Shapes by their names, which commas part; see {@link #of}. */
  public static List<BenchShape> list(String option, String names) {
    return Arrays.stream(names.split(",", -1)).map(n -> of(option, n.strip())).toList();
  }
}
