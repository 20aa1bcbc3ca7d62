package org.unlearn4j.attack;

import org.unlearn4j.data.QaExample;

/** A question with its answer that is shown before another question. */
public record Shot(String question, String answer) {
  static Shot of(QaExample example) {
    return new Shot(example.question(), example.answer());
  }
}
