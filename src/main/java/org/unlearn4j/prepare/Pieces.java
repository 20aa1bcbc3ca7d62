package org.unlearn4j.prepare;

import java.util.ArrayList;
import java.util.List;

/** Cuts a text into passages: paragraphs, and long paragraphs at the ends of sentences. */
final class Pieces {
  /** Most characters of a passage. */
  private final int longest;

  private final List<Piece> pieces = new ArrayList<>();
  private final StringBuilder open = new StringBuilder();
  private int begun;

  private Pieces(int longest) {
    this.longest = longest;
  }

  /**
   * A part of a text.
   *
   * @param line of its beginning, counted from 0
   */
  record Piece(String text, int line) {}

  /**
   * The passages; a heading belongs to what follows it.
   *
   * @param longest most characters of one
   */
  static List<Piece> of(String text, int longest) {
    Pieces pieces = new Pieces(longest);
    int line = 0;
    boolean heading = false;
    for (String next : text.split("\\n", -1)) {
      if (!next.isBlank()) {
        if (pieces.open.isEmpty()) {
          pieces.begun = line;
        }
        // An empty line keeps a heading from being read as the beginning of a sentence.
        pieces
            .open
            .append(heading ? "\n\n" : pieces.open.isEmpty() ? "" : "\n")
            .append(next.strip());
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
    while (open.length() - from > longest) {
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
  private int end(CharSequence text, int from) {
    int most = from + longest;
    for (int i = most; i > from + longest / 2; i--) {
      if (Character.isWhitespace(text.charAt(i)) && ".!?".indexOf(text.charAt(i - 1)) >= 0) {
        return i;
      }
    }
    for (int i = most; i > from + longest / 2; i--) {
      if (Character.isWhitespace(text.charAt(i))) {
        return i;
      }
    }
    return Character.isLowSurrogate(text.charAt(most)) ? most - 1 : most;
  }
}
