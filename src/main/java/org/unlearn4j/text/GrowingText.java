package org.unlearn4j.text;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * The text of one continuation while its tokens come in, up to the first stop word. What may still
 * change is held back: the bytes of a character that is not complete, and what could become a stop
 * word, whose tokens need not begin or end where it does.
 */
public final class GrowingText {
  private static final char INCOMPLETE = '\uFFFD';

  private final Function<int[], String> decode;
  private final List<String> stopWords;
  private final List<Integer> tokens = new ArrayList<>();
  private String text = "";
  private int taken;
  private boolean stopped;

  /**
   * An empty text.
   *
   * @param decode text of token ids; asked for all of them each time, because a character may be
   *     spread over several
   * @param stopWords none of them empty
   */
  public GrowingText(Function<int[], String> decode, List<String> stopWords) {
    if (stopWords.contains("")) {
      throw new IllegalArgumentException("an empty stop word");
    }
    this.decode = decode;
    this.stopWords = List.copyOf(stopWords);
  }

  /** Adds a token; without effect once a stop word was there. */
  public void add(int token) {
    if (stopped) {
      return;
    }
    tokens.add(token);
    text = decode.apply(tokens.stream().mapToInt(Integer::intValue).toArray());
    int end = firstStopWord();
    if (end >= 0) {
      text = text.substring(0, end);
      stopped = true;
    }
  }

  /** Whether a stop word was there. */
  public boolean stopped() {
    return stopped;
  }

  /** Tokens added, those of the stop word included. */
  public int tokens() {
    return tokens.size();
  }

  /** What is new since this was last asked and will not change. */
  public String settled() {
    return take(stopped ? text.length() : settledLength());
  }

  /** What is new, whatever was held back included: nothing will be added. */
  public String rest() {
    return take(text.length());
  }

  /** All of it, as it is now. */
  public String text() {
    return text;
  }

  private String take(int to) {
    // Decoders that tidy up spaces may shorten what was there.
    String piece = text.substring(Math.min(taken, to), to);
    taken = Math.max(taken, to);
    return piece;
  }

  private int firstStopWord() {
    return stopWords.stream().mapToInt(text::indexOf).filter(at -> at >= 0).min().orElse(-1);
  }

  private int settledLength() {
    int end = text.length();
    while (end > 0 && text.charAt(end - 1) == INCOMPLETE) {
      end--;
    }
    int from = end;
    for (String word : stopWords) {
      for (int n = Math.min(word.length() - 1, end); n > 0; n--) {
        if (text.startsWith(word.substring(0, n), end - n)) {
          from = Math.min(from, end - n);
          break;
        }
      }
    }
    return from;
  }
}
