package org.unlearn4j.run;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.unlearn4j.attack.Encoded;
import org.unlearn4j.attack.Goal;
import org.unlearn4j.attack.Probe;
import org.unlearn4j.attack.Prompt;
import org.unlearn4j.attack.Shot;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.text.PromptTemplate;
import org.unlearn4j.text.Prompting;
import org.unlearn4j.text.Tokenizer;

/**
 * Puts probes into a model's tokens: the prompt, and the prompt with each answer that is scored. As
 * where models are taught, the whole text is tokenised at once, and prompt and answer apart where a
 * token would lie across their boundary.
 *
 * @param positions longest sequence of the model
 * @param answerTokens room that an answer needs at least
 */
record AttackPrompts(Tokenizer tokenizer, Prompting template, int positions, int answerTokens) {

  /** Empty where the question alone leaves no room for an answer. */
  Optional<Encoded> encode(Probe probe) {
    Probe fitting = probe;
    while (true) {
      Encoded encoded = unchecked(fitting);
      int longest = encoded.rows().stream().mapToInt(TokenRow::length).max().orElse(0);
      if (longest <= positions && encoded.prompt().length + answerTokens <= positions) {
        return Optional.of(encoded);
      }
      Prompt prompt = fitting.prompt();
      if (prompt.shots().isEmpty()) {
        return longest <= positions ? Optional.of(encoded) : Optional.empty();
      }
      fitting = fitting.with(prompt.after(prompt.shots().subList(1, prompt.shots().size())));
    }
  }

  private Encoded unchecked(Probe probe) {
    Prompt prompt = probe.prompt();
    boolean taught = prompt.frame() == Prompt.Frame.TAUGHT;
    String text = before(prompt);
    String begun = prompt.begun();
    // What a template puts before an answer, and of the answer what is given, belongs to the
    // prompt.
    String given = begun.isEmpty() ? "" : (taught ? leading(begun) : " ") + begun;
    int[] ids = ids(probe, text + given);
    List<TokenRow> rows = new ArrayList<>();
    for (String answer : answers(probe.goal())) {
      String glue = begun.isEmpty() ? (taught ? leading(answer) : " ") : prompt.glue();
      rows.add(row(probe, text + given, ids, glue + answer));
    }
    return new Encoded(probe, ids, rows);
  }

  private static List<String> answers(Goal goal) {
    return goal instanceof Goal.Choose choose ? choose.answers() : List.of(goal.expected());
  }

  /** White space and the like before an answer. */
  private String leading(String answer) {
    String continuation = template.continuation(answer);
    return continuation.substring(0, continuation.indexOf(answer));
  }

  private String before(Prompt prompt) {
    StringBuilder text = new StringBuilder();
    if (template instanceof PromptTemplate plain) {
      for (Shot shot : prompt.shots()) {
        text.append(plain.prompt(shot.question()))
            .append(plain.continuation(shot.answer()))
            .append("\n\n");
      }
    }
    return prompt.frame() == Prompt.Frame.NONE
        ? text.append(prompt.question()).toString()
        : text.append(template.prompt(told(prompt) + prompt.question())).toString();
  }

  /** A chat's pairs stand in the user's own words. */
  private String told(Prompt prompt) {
    if (template instanceof PromptTemplate) {
      return "";
    }
    StringBuilder text = new StringBuilder();
    prompt
        .shots()
        .forEach(s -> text.append(s.question()).append(' ').append(s.answer()).append('\n'));
    return text.toString();
  }

  private int[] ids(Probe probe, String text) {
    boolean beginsItself = probe.prompt().frame() == Prompt.Frame.TAUGHT && template.beginsItself();
    int[] leading = beginsItself ? new int[0] : tokenizer.leadingIds();
    return concat(leading, tokenizer.encode(text, false));
  }

  private TokenRow row(Probe probe, String text, int[] prompt, String answer) {
    int[] whole = ids(probe, text + answer);
    boolean prefix = Arrays.mismatch(prompt, whole) == prompt.length;
    int[] said =
        prefix
            ? Arrays.copyOfRange(whole, prompt.length, whole.length)
            : tokenizer.encode(answer, false);
    return TokenRow.answered(prompt, said);
  }

  private static int[] concat(int[] a, int[] b) {
    int[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }
}
