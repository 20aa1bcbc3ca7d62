package org.unlearn4j.data;

import java.util.List;
import java.util.stream.Collectors;
import org.unlearn4j.text.ChatTurn;

/**
 * A conversation.
 *
 * @param turns in order, at least one
 * @param source the file or resource it was read from
 * @param line its line there, counted from 1
 */
public record Conversation(List<ChatTurn> turns, String source, int line) implements DataRow {
  public Conversation {
    turns = List.copyOf(turns);
  }

  /** All that is said, turn by turn. */
  public String text() {
    return turns.stream().map(ChatTurn::content).collect(Collectors.joining("\n"));
  }

  @Override
  public String place() {
    return source + ", line " + line;
  }
}
