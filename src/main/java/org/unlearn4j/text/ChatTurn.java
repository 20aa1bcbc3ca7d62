package org.unlearn4j.text;

/**
 * One turn of a conversation.
 *
 * @param role for instance {@code user} or {@code assistant}
 * @param content what is said
 */
public record ChatTurn(String role, String content) {}
