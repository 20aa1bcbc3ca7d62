package org.unlearn4j.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.base.UserException;

class PromptTemplateTest {

  @Test
  void spaceBeforeTheAnswerBelongsToTheAnswer() {
    PromptTemplate template = PromptTemplate.of("default");
    assertEquals("default", template.name());
    assertEquals("Question: Who?\nAnswer:", template.prompt("Who?"));
    assertEquals(" Me.", template.continuation("Me."));
  }

  @Test
  void plain() {
    PromptTemplate template = PromptTemplate.of("plain");
    assertEquals("Who?", template.prompt("Who?"));
    assertEquals(" Me.", template.continuation("Me."));
  }

  @Test
  void customMayEndAfterTheAnswer() {
    PromptTemplate template = PromptTemplate.of("<u>{question}</u>\n\n{answer}</a>");
    assertEquals("custom", template.name());
    assertEquals("<u>Who?</u>", template.prompt("Who?"));
    assertEquals("\n\nMe.</a>", template.continuation("Me."));
  }

  @Test
  void bracesInAQuestionAreJustText() {
    assertEquals("Question: {answer}?\nAnswer:", PromptTemplate.of("default").prompt("{answer}?"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "Default",
        "{question}",
        "{answer} {question}",
        "{question} {question} {answer}"
      })
  void anythingElseIsAMistake(String text) {
    UserException e = assertThrows(UserException.class, () -> PromptTemplate.of(text));
    assertTrue(e.getMessage().contains("found \"" + text + "\""), e.getMessage());
  }
}
