package org.unlearn4j.peer;

/** What the person at the command line is told, in one sentence. */
final class PeerException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** With a message for people. */
  PeerException(String message) {
    super(message);
  }
}
