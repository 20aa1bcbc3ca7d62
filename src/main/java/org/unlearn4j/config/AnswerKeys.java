package org.unlearn4j.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.unlearn4j.config.DataSettings.Form;

/** Keys of the block {@code data} about answers that are preferred to those to forget. */
final class AnswerKeys {
  static final Key<Path> REFUSALS =
      new Key<>(
          "data.refusals",
          ValueType.path("a text file, one answer a line"),
          Fallback.absent("the embedded list"),
          "DPO and FLAT: alternate answers, one is drawn for each forget row");
  static final Key<Path> ALTERNATES =
      new Key<>(
          "data.alternates",
          ValueType.path("a file of JSON Lines with question and answer"),
          Fallback.absent("required for AltPO"),
          "AltPO: other answers to the questions to forget, as `unlearn4j alternates` writes them");

  static final List<Key<?>> ALL = List.of(REFUSALS, ALTERNATES);

  private AnswerKeys() {}

  /**
   * What must hold between these keys and others; tells of mistakes by key, found, expected.
   *
   * @param whole whether the settings are a pipeline's, which has data
   */
  static void check(Settings s, boolean whole, RowKeys.Rule rule) {
    Optional<ObjectiveName> name = s.find(Schema.OBJECTIVE);
    if (name.filter(ObjectiveKeys.ANSWERING::contains).isPresent()
        && s.find(Schema.FORM).filter(f -> f != Form.QUESTIONS).isPresent()) {
      rule.broken(
          Schema.FORM,
          "passages for " + name.get().spelling(),
          "questions, to which there are other answers");
    }
    if (whole
        && name.filter(ObjectiveKeys.OWN_ANSWERS::contains).isPresent()
        && s.find(ALTERNATES).isEmpty()) {
      rule.broken(
          ALTERNATES,
          "no such key for " + name.get().spelling(),
          ALTERNATES.type().expected() + " (unlearn4j alternates writes one)");
    }
  }
}
