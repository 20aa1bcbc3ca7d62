package org.unlearn4j.study;

import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.unlearn4j.study.StudyYaml.Entry;

/**
 * A change to the pipeline.
 *
 * @param key dotted
 * @param text as {@link org.unlearn4j.config.Pipeline#read} takes it, {@code key=value}
 * @param line in the study file; 0 for one of the command line
 * @param place the block of the study file, for instance {@code methods.NPO}
 */
record Setting(String key, String text, int line, String place) {
  private static final String LABEL = "--set ";

  static Setting of(Entry entry, String place) {
    String text = entry.key() + "=" + StudyYaml.flow(entry.value());
    return new Setting(entry.key(), text, entry.line(), place);
  }

  static Setting ofCommandLine(String text) {
    return new Setting(text, text, 0, "");
  }

  /**
   * A complaint of the pipeline reader, which knows settings as overrides, at its place in the
   * study file.
   *
   * @param methodLine where the method stands whose pipeline it is, for complaints without a place
   */
  static StudyYaml.Mistake place(
      String sentence, List<Setting> settings, Path file, int methodLine) {
    Optional<Setting> setting =
        settings.stream()
            .filter(s -> s.line > 0 && sentence.startsWith(LABEL + s.text))
            .max(Comparator.comparingInt(s -> s.text.length()));
    if (setting.isEmpty()) {
      boolean placed = sentence.startsWith(LABEL) || sentence.contains(", line ");
      return placed
          ? new StudyYaml.Mistake(0, sentence)
          : new StudyYaml.Mistake(methodLine, file + ", line " + methodLine + ", " + sentence);
    }
    Setting s = setting.get();
    String rest = sentence.substring((LABEL + s.text).length());
    String key = rest.startsWith(":") ? "." + s.key : "";
    return new StudyYaml.Mistake(s.line, file + ", line " + s.line + ", " + s.place + key + rest);
  }
}
