package org.unlearn4j.init;

import com.fasterxml.jackson.databind.node.TextNode;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.unlearn4j.base.Sentences;

/** Writes settings as a pipeline file with a comment above each. */
final class Draft {
  private static final int WIDTH = 100;

  private final StringBuilder text = new StringBuilder();
  private final Set<String> opened = new HashSet<>();

  private Draft() {}

  /** A text or path as YAML that reads back as the same: JSON's quotes are YAML's, too. */
  static String quoted(Object value) {
    return TextNode.valueOf(value.toString()).toString();
  }

  /**
   * The file.
   *
   * @param head sentences that stand before everything
   * @param settings those of a block one after the other
   */
  static String of(List<String> head, List<Setting> settings) {
    Draft draft = new Draft();
    head.forEach(line -> draft.comment("", line));
    settings.forEach(draft::add);
    return draft.text.toString();
  }

  private void add(Setting setting) {
    String[] parts = setting.key().split("[.]", -1);
    String indent = "";
    StringBuilder block = new StringBuilder();
    for (int i = 0; i < parts.length - 1; i++) {
      block.append(parts[i]).append('.');
      if (opened.add(block.toString())) {
        text.append(indent).append(parts[i]).append(":\n");
      }
      indent += "  ";
    }
    comment(indent, setting.why());
    text.append(indent).append(parts[parts.length - 1]).append(": ");
    text.append(setting.value()).append('\n');
  }

  /** In lines of at most {@link #WIDTH} characters, as far as words allow. */
  private void comment(String indent, String sentence) {
    if (sentence.isEmpty()) {
      return;
    }
    StringBuilder line = new StringBuilder(indent).append('#');
    int words = 0;
    for (String word : Sentences.line(sentence).split(" ", -1)) {
      if (words > 0 && line.length() + 1 + word.length() > WIDTH) {
        text.append(line).append('\n');
        line = new StringBuilder(indent).append('#');
        words = 0;
      }
      line.append(' ').append(word);
      words++;
    }
    text.append(line).append('\n');
  }
}
