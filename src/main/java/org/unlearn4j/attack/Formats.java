package org.unlearn4j.attack;

import java.util.List;
import java.util.Optional;
import org.unlearn4j.config.AttackName;

/** The same question with its answer in another form. */
final class Formats {
  private Formats() {}

  /** Nothing where the answer begins with what must be known. */
  static Optional<Probe> cloze(Fact fact) {
    return keywords(fact).stream()
        .findFirst()
        .filter(k -> !fact.answer().substring(0, k.from()).isBlank())
        .flatMap(
            k -> {
              String stub = fact.answer().substring(0, k.from()).stripTrailing();
              return Probe.say(
                  AttackName.CLOZE,
                  fact,
                  Prompt.bare(fact.question() + " " + stub),
                  fact.answer().substring(k.from()));
            });
  }

  /** The gap is the first run of keywords. */
  static Optional<Probe> fillBlank(Fact fact) {
    List<Keywords.Place> all = keywords(fact);
    if (all.isEmpty()) {
      return Optional.empty();
    }
    int from = all.get(0).from();
    int to = all.get(0).to();
    for (Keywords.Place next : all.subList(1, all.size())) {
      if (!fact.answer().substring(to, next.from()).isBlank()) {
        break;
      }
      to = next.to();
    }
    String gap = fact.answer().substring(from, to);
    String sentence = fact.answer().substring(0, from) + "____" + fact.answer().substring(to);
    return Probe.say(
        AttackName.FILL_BLANK,
        fact,
        Prompt.asked("Fill in the blank. " + fact.question() + " " + sentence),
        gap);
  }

  static Optional<Probe> json(Fact fact) {
    Prompt prompt = Prompt.asked(fact.question() + " Answer in JSON.").begun("{\"answer\": \"", "");
    return Probe.say(AttackName.JSON, fact, prompt, fact.answer());
  }

  static Optional<Probe> otherTemplate(Fact fact) {
    return Probe.say(
        AttackName.OTHER_TEMPLATE,
        fact,
        Prompt.bare("Q: " + fact.question() + "\nA:"),
        fact.answer());
  }

  static Optional<Probe> noTemplate(Fact fact) {
    return Probe.say(AttackName.NO_TEMPLATE, fact, Prompt.bare(fact.question()), fact.answer());
  }

  private static List<Keywords.Place> keywords(Fact fact) {
    return Keywords.places(fact.answer(), fact.question());
  }
}
