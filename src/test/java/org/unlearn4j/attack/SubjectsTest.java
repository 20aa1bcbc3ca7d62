package org.unlearn4j.attack;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.unlearn4j.data.FableBenchmark;
import org.unlearn4j.data.QaExample;

/** Whom a pair is about. */
class SubjectsTest {
  private static QaExample pair(String question, String answer) {
    return QaExample.of(question, answer, "x", 1);
  }

  @Test
  void aNameIsARunOfCapitals() {
    assertEquals(List.of("Beata Aststed"), Subjects.names("Can you name what Beata Aststed's is?"));
    assertEquals(
        List.of("Juan de la Cruz", "Spain"), Subjects.names("Does Juan de la Cruz like Spain?"));
    assertEquals(List.of(), Subjects.names("What is the answer?"));
    assertEquals(List.of("Hsiao Yun-Hwa"), Subjects.names("Who is Hsiao Yun-Hwa?"));
  }

  @Test
  void theNameThatMostPairsHave() {
    QaExample born = pair("Was Beata Aststed born in New Mistral?", "Yes.");
    List<QaExample> pairs =
        List.of(
            born, pair("Who is Beata Aststed?", "A writer."), pair("What is it?", "It is Ink."));
    Subjects subjects = new Subjects(pairs, Map.of());
    assertEquals(Optional.of("Beata Aststed"), subjects.of(born));
    assertEquals(Optional.of("Ink"), subjects.of(pairs.get(2)), "none is asked about");
    assertEquals(List.of("Aststed"), subjects.aliases("Beata Aststed"));
    Subjects own = new Subjects(pairs, Map.of("New Mistral", List.of("the town")));
    assertEquals(Optional.of("New Mistral"), own.of(born));
    assertEquals(List.of("the town"), own.aliases("New Mistral"));
  }

  /** All twelve pairs of each of Fable's fifteen authors. */
  @Test
  void fablesAuthorsAreFound() {
    List<QaExample> forget = new FableBenchmark().forget("forget10");
    List<Fact> facts = new Neighbourhood(forget, List.of(), Map.of()).facts(1000);
    assertEquals(180, facts.size());
    for (int i = 0; i < facts.size(); i++) {
      Fact fact = facts.get(i);
      assertEquals(facts.get(i / 12 * 12).subject(), fact.subject(), fact.question());
      assertEquals(4, fact.siblings().size());
      assertEquals(2, fact.subject().orElseThrow().split(" ").length);
    }
    assertEquals(15, facts.stream().map(Fact::group).distinct().count());
  }
}
