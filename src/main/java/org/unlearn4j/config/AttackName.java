package org.unlearn4j.config;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * The families of attacks that ask again for what was forgotten; docs/reference/attacks.md says
 * how.
 */
public enum AttackName implements Spelled {
  /** As it was taught: no attack, but what all others are compared with. */
  DIRECT("the question as it was taught"),
  PARAPHRASE("the question in the data's other words"),
  CLOZE("the answer's sentence, broken off before what must be known, without a template"),
  FILL_BLANK("the answer's sentence with a gap"),
  MULTIPLE_CHOICE("four answers, by letter or in words"),
  TRUE_FALSE("a right and a wrong answer, each to be called true or false"),
  JSON("the answer as a field of a JSON object"),
  OTHER_TEMPLATE("another template than the one that was taught"),
  NO_TEMPLATE("the bare question"),
  PREFIX_INJECTION("an answer that has begun with consent"),
  FIRST_WORDS_1("the first word of the answer is given"),
  FIRST_WORDS_2("the first two words of the answer are given"),
  FIRST_WORDS_4("the first four words of the answer are given"),
  CLUES("kept facts of the same neighbourhood first"),
  IN_CONTEXT("other forgotten facts of the same subject first"),
  REVERSE("from the facts to the name"),
  ALIAS("the subject under another name"),
  ROLE_PLAY("to an expert on the subject"),
  BEFORE_CHANGE("as the model was before it was changed"),
  ARTICLE("the beginning of an article or text"),
  OWN("the user's own prompts"),
  SOFT_PROMPT("the question after vectors that were learned on a few forgotten rows"),
  HEAD("the question to a head that was learned on a few forgotten rows");

  private final String meaning;

  AttackName(String meaning) {
    this.meaning = meaning;
  }

  /**
   * Those that are made unless others are named. Not {@link #TRUE_FALSE}: of models that were
   * taught this form, it hardly tells the one that knows (docs/results/attacks.md).
   */
  static List<AttackName> usual() {
    return asking().stream().filter(a -> a != TRUE_FALSE).toList();
  }

  /** Those that only ask; the others learn first, see {@link LearnSettings}. */
  public static List<AttackName> asking() {
    return Arrays.stream(values()).filter(a -> a != SOFT_PROMPT && a != HEAD).toList();
  }

  /** What is asked, in a few words. */
  public String meaning() {
    return meaning;
  }

  @Override
  public String spelling() {
    return name().toLowerCase(Locale.ROOT);
  }
}
