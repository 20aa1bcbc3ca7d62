package org.unlearn4j.prepare;

import java.util.ArrayList;
import java.util.List;

/** Cuts a text into passages: paragraphs, and long paragraphs at the ends of sentences. */
final class Pieces {
  /** Most characters of a passage: at some four a token, it fits a row of 256 tokens. */
  static final int LONGEST = 800;

  private final List<Piece> pieces = new ArrayList<>();
  private final StringBuilder open = new StringBuilder();
  private int begun;

  private Pieces() {}

  /**
   * A part of a text.
   *
   * @param line of its beginning, counted from 0
   */
  record Piece(String text, int line) {}

  /** The passages; a heading belongs to what follows it. */
  static List<Piece> of(String text) {
    Pieces pieces = new Pieces();
    int line = 0;
    boolean heading = false;
    for (String next : text.split("\\n", -1)) {
      if (!next.isBlank()) {
        if (pieces.open.isEmpty()) {
          pieces.begun = line;
        }
        // An empty line keeps a heading from being read as the beginning of a sentence.
        pieces.open.append(heading ? "\n\n" : pieces.open.isEmpty() ? "" : "\n").append(next.strip());
        heading = next.startsWith("#") && pieces.open.length() == next.strip().length();
      } else if (!heading) {
        pieces.close();
      }
      line++;
    }
    pieces.close();
    return pieces.pieces;
  }

  private void close() {
    int from = 0;
    while (open.length() - from > LONGEST) {
      int end = end(open, from);
      add(from, end);
      from = end;
    }
    add(from, open.length());
    open.setLength(0);
  }

  private void add(int from, int to) {
    String text = open.substring(from, to).strip();
    if (!text.isEmpty()) {
      int before = (int) open.chars().limit(from).filter(c -> c == '\n').count();
      pieces.add(new Piece(text, begun + before));
    }
  }

  /** Where a passage ends at best: behind a sentence, else at a blank, else anywhere. */
  private static int end(CharSequence text, int from) {
    int most = from + LONGEST;
    for (int i = most; i > from + LONGEST / 2; i--) {
      if (Character.isWhitespace(text.charAt(i)) && ".!?".indexOf(text.charAt(i - 1)) >= 0) {
        return i;
      }
    }
    for (int i = most; i > from + LONGEST / 2; i--) {
      if (Character.isWhitespace(text.charAt(i))) {
        return i;
      }
    }
    return Character.isLowSurrogate(text.charAt(most)) ? most - 1 : most;
  }
}
