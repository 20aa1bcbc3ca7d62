package org.unlearn4j.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.unlearn4j.base.UserException;

/**
 * A conversation in a chat template, cut where turns of certain roles begin and end. A turn's end
 * is the first special token behind it, which belongs to it, as in {@link ChatPrompt}.
 */
final class ChatPieces {
  /** Of a private use area, so that no template looks for them. */
  private static final char OPEN = '\uE000';

  private static final char CLOSE = '\uE001';

  private ChatPieces() {}

  /**
   * The whole text in pieces.
   *
   * @param render makes the text of turns
   * @param end the first special token in a text
   * @throws UserException if the template leaves out a turn of these roles
   */
  static List<ChatPrompt.Piece> of(
      List<ChatTurn> turns,
      Set<String> roles,
      Function<List<ChatTurn>, String> render,
      Function<String, Optional<String>> end) {
    List<ChatTurn> marked = new ArrayList<>();
    int expected = 0;
    for (ChatTurn turn : turns) {
      boolean wanted = roles.contains(turn.role());
      expected += wanted ? 1 : 0;
      // Many templates strip what is said, which marks around it would keep them from.
      String said = turn.content().strip();
      marked.add(new ChatTurn(turn.role(), wanted ? OPEN + said + CLOSE : said));
    }
    String text = render.apply(marked);
    List<ChatPrompt.Piece> pieces = new ArrayList<>();
    int at = 0;
    int found = 0;
    for (int open = text.indexOf(OPEN); open >= 0; open = text.indexOf(OPEN, at)) {
      int close = text.indexOf(CLOSE, open);
      if (close < 0) {
        break;
      }
      int from = open;
      while (from > at && text.charAt(from - 1) == ' ') {
        from--;
      }
      int next = text.indexOf(OPEN, close);
      String behind = text.substring(close + 1, next < 0 ? text.length() : next);
      int tail = end.apply(behind).map(e -> behind.indexOf(e) + e.length()).orElse(0);
      pieces.add(new ChatPrompt.Piece(text.substring(at, from), false));
      String turn = text.substring(from, open) + text.substring(open + 1, close);
      pieces.add(new ChatPrompt.Piece(turn + behind.substring(0, tail), true));
      at = close + 1 + tail;
      found++;
    }
    if (found != expected) {
      throw new UserException(
          "chat_template: found "
              + found
              + " of "
              + expected
              + " turns of "
              + String.join(", ", roles)
              + " in the text of a conversation, expected all of them as they are.");
    }
    pieces.add(new ChatPrompt.Piece(text.substring(at), false));
    return pieces.stream().filter(p -> !p.text().isEmpty()).toList();
  }
}
