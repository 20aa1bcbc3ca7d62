package org.unlearn4j.data;

/** One row of a data file: a pair, a running text, or a conversation. */
public sealed interface DataRow permits QaExample, Passage, Conversation {
  /** For messages: {@code forget.jsonl, line 3}. */
  String place();

  /** Its line in its file, counted from 1. */
  int line();
}
