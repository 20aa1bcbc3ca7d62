package org.unlearn4j.text;

import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** How a question and its answer become a prompt, which a model is given, and a continuation. */
public sealed interface Prompting permits PromptTemplate, ChatPrompt {
  /** The name of the template that a model brings itself. */
  String CHAT = "chat";

  /** The name it was asked for by, or {@code custom}. */
  String name();

  /** What the model is given. */
  String prompt(String question);

  /** What it is to say; the labels stand on this and on the token that ends it. */
  String continuation(String answer);

  /** Whether the prompt has the tokens that begin a text, so that none are put in front of it. */
  boolean beginsItself();

  /** The token to put behind a continuation; empty: the tokenizer's end of text. */
  Optional<String> end();

  /** The tokens that end a generation: those of the model's files, and this template's own. */
  default Set<Integer> stopIds(Tokenizer tokenizer) {
    Set<Integer> stop = new TreeSet<>(tokenizer.stopIds());
    end().ifPresent(e -> stop.add(tokenizer.encode(e, false)[0]));
    return stop;
  }

  /**
   * A template by name or by its own text (see {@link PromptTemplate}), or {@link #CHAT}: the one
   * that comes with the tokenizer.
   *
   * @param settings read by a chat template only
   * @throws org.unlearn4j.base.UserException if it is none of these
   */
  static Prompting of(String nameOrText, Tokenizer tokenizer, ChatPrompt.Settings settings) {
    return nameOrText.equals(CHAT)
        ? ChatPrompt.of(tokenizer, settings)
        : PromptTemplate.of(nameOrText);
  }
}
