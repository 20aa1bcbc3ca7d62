package org.unlearn4j.text;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.unlearn4j.base.UserException;

/**
 * Questions and answers in the chat template of the model: a system message if wanted, the question
 * as the user's turn, the answer as the assistant's.
 *
 * <p>The text of a whole conversation is cut where the answer stands. What is before it is the
 * prompt, generation prompt and all; the answer and what follows it up to the first special token,
 * which ends the turn, is the continuation. What follows that token is the beginning of a next
 * turn. Spaces before the answer belong to the continuation, as in {@link PromptTemplate}; line
 * breaks stay with the prompt, as chat models are given them.
 */
public final class ChatPrompt implements Prompting {
  /** Stands where the answer will; of a private use area, so that no template looks for it. */
  private static final String ANSWER = "\uE000answer\uE000";

  /**
   * What a pipeline says of chats.
   *
   * @param system the system message
   * @param date for templates that tell the model what day it is
   */
  public record Settings(Optional<String> system, Optional<LocalDate> date) {
    public static final Settings NONE = new Settings(Optional.empty(), Optional.empty());
  }

  private final ChatTemplate template;
  private final Settings settings;
  private final String beforeAnswer;
  private final String afterAnswer;
  private final Optional<String> end;
  private final List<String> specials;

  private ChatPrompt(ChatTemplate template, Settings settings, List<String> specials) {
    this.template = template;
    this.settings = settings;
    this.specials = specials;
    String before = before("?");
    this.beforeAnswer = before.substring(withoutSpaces(before).length());
    String rest = after("?");
    this.end = first(rest, specials);
    this.afterAnswer = end.map(e -> rest.substring(0, rest.indexOf(e))).orElse("");
  }

  /**
   * The chat template of a tokenizer's folder.
   *
   * @throws UserException if it has none, or one that fails
   */
  public static ChatPrompt of(Tokenizer tokenizer, Settings settings) {
    return find(tokenizer, settings)
        .orElseThrow(
            () ->
                UserException.at(
                    tokenizer.folder(),
                    "",
                    "no chat template",
                    "chat_template.jinja, or chat_template in tokenizer_config.json"));
  }

  /**
   * The chat template of a tokenizer's folder, if it has one.
   *
   * @throws UserException if it fails
   */
  public static Optional<ChatPrompt> find(Tokenizer tokenizer, Settings settings) {
    Optional<ChatTemplate> template =
        ChatTemplate.find(
            tokenizer.folder(),
            text(tokenizer, tokenizer.bosId()),
            text(tokenizer, tokenizer.eosId()));
    List<String> specials =
        tokenizer.specialIds().stream()
            .map(id -> text(tokenizer, OptionalInt.of(id)))
            .filter(s -> !s.isEmpty())
            .toList();
    return template.map(t -> new ChatPrompt(t, settings, specials));
  }

  private static String text(Tokenizer tokenizer, OptionalInt id) {
    return id.isPresent() ? tokenizer.decode(new int[] {id.getAsInt()}, false) : "";
  }

  /**
   * A part of a conversation's text.
   *
   * @param labelled whether it is a turn of one of the roles asked for, with the token that ends it
   */
  public record Piece(String text, boolean labelled) {}

  /**
   * The text of a conversation, cut where the turns of some roles begin and end; put together, the
   * pieces are the text. The system message of the settings stands before it, unless the
   * conversation has one itself. What is said is taken without white space around it.
   *
   * @throws UserException if the template complains, or leaves out a turn of these roles
   */
  public List<Piece> pieces(List<ChatTurn> turns, Set<String> roles) {
    List<ChatTurn> all = new ArrayList<>(turns);
    if (turns.stream().noneMatch(t -> t.role().equals("system"))) {
      settings.system().ifPresent(s -> all.add(0, new ChatTurn("system", s)));
    }
    return ChatPieces.of(
        all,
        roles,
        marked ->
            template.render(
                marked.stream().map(t -> new ChatTemplate.Message(t.role(), t.content())).toList(),
                false,
                settings.date()),
        text -> first(text, specials));
  }

  /** The one of {@code specials} that stands first in a text. */
  private static Optional<String> first(String text, List<String> specials) {
    return specials.stream()
        .filter(text::contains)
        .min(
            java.util.Comparator.comparingInt((String s) -> text.indexOf(s))
                .thenComparing(s -> -s.length()));
  }

  @Override
  public String name() {
    return CHAT;
  }

  @Override
  public String prompt(String question) {
    return withoutSpaces(before(question));
  }

  @Override
  public String continuation(String answer) {
    return beforeAnswer + answer + afterAnswer;
  }

  @Override
  public boolean beginsItself() {
    return true;
  }

  @Override
  public Optional<String> end() {
    return end;
  }

  private String before(String question) {
    String text = conversation(question);
    return text.substring(0, text.lastIndexOf(ANSWER));
  }

  private String after(String question) {
    String text = conversation(question);
    return text.substring(text.lastIndexOf(ANSWER) + ANSWER.length());
  }

  private String conversation(String question) {
    List<ChatTemplate.Message> messages = new ArrayList<>();
    settings.system().ifPresent(s -> messages.add(new ChatTemplate.Message("system", s)));
    messages.add(new ChatTemplate.Message("user", question));
    messages.add(new ChatTemplate.Message("assistant", ANSWER));
    String text = template.render(messages, false, settings.date());
    if (!text.contains(ANSWER)) {
      throw UserException.at(
          template.file(),
          "chat_template",
          "a template that leaves out the assistant's message",
          "one that shows every message");
    }
    return text;
  }

  private static String withoutSpaces(String text) {
    int end = text.length();
    while (end > 0 && text.charAt(end - 1) == ' ') {
      end--;
    }
    return text.substring(0, end);
  }
}
