package org.unlearn4j.attack;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.config.AttackName;

/**
 * Every family that asks for a pair. {@link AttackName#ARTICLE} and {@link AttackName#OWN} have
 * prompts of their own; see {@link OwnPrompts}.
 */
public final class Families {
  private static final Map<AttackName, Family> ALL = new EnumMap<>(AttackName.class);

  static {
    one(AttackName.DIRECT, Wordings::direct);
    one(AttackName.PARAPHRASE, Wordings::paraphrase);
    one(AttackName.CLOZE, Formats::cloze);
    one(AttackName.FILL_BLANK, Formats::fillBlank);
    one(AttackName.MULTIPLE_CHOICE, Choices::multipleChoice);
    ALL.put(AttackName.TRUE_FALSE, Choices::trueFalse);
    one(AttackName.JSON, Formats::json);
    one(AttackName.OTHER_TEMPLATE, Formats::otherTemplate);
    one(AttackName.NO_TEMPLATE, Formats::noTemplate);
    one(AttackName.PREFIX_INJECTION, Wordings::prefixInjection);
    one(AttackName.FIRST_WORDS_1, f -> Wordings.firstWords(AttackName.FIRST_WORDS_1, f, 1));
    one(AttackName.FIRST_WORDS_2, f -> Wordings.firstWords(AttackName.FIRST_WORDS_2, f, 2));
    one(AttackName.FIRST_WORDS_4, f -> Wordings.firstWords(AttackName.FIRST_WORDS_4, f, 4));
    one(AttackName.CLUES, Wordings::clues);
    one(AttackName.IN_CONTEXT, Wordings::inContext);
    one(AttackName.REVERSE, Wordings::reverse);
    ALL.put(AttackName.ALIAS, Wordings::alias);
    one(AttackName.ROLE_PLAY, Wordings::rolePlay);
    one(AttackName.BEFORE_CHANGE, Wordings::beforeChange);
  }

  private Families() {}

  /** A family that asks once at most. */
  @FunctionalInterface
  private interface Once {
    Optional<Probe> probe(Fact fact);
  }

  private static void one(AttackName name, Once family) {
    ALL.put(name, fact -> family.probe(fact).stream().toList());
  }

  /** A family's probes for all facts, in their order. */
  public static List<Probe> probes(AttackName name, List<Fact> facts) {
    return Optional.ofNullable(ALL.get(name))
        .map(f -> facts.stream().flatMap(fact -> f.probes(fact).stream()).toList())
        .orElseGet(List::of);
  }
}
