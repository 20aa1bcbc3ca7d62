package org.unlearn4j.study;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.unlearn4j.base.Nearest;
import org.unlearn4j.base.Sentences;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.YamlNodes;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/** A study file as entries that know their lines, and what is wrong with them. */
final class StudyYaml {
  private static final String PLAIN_IN_FLOW = "[A-Za-z0-9_./+-][A-Za-z0-9_./+ -]*";

  /** A key with its value, and where it stands. */
  record Entry(String key, int line, Node value) {}

  /** A sentence for the user; the line sorts. */
  record Mistake(int line, String sentence) {}

  private final Path file;
  private final List<Mistake> mistakes = new ArrayList<>();

  StudyYaml(Path file) {
    this.file = file;
  }

  /**
   * The entries at the top of the file.
   *
   * @throws UserException if there is no such file, or it is no YAML mapping
   */
  Map<String, Entry> read(List<String> known) {
    Node root;
    try {
      root = YamlNodes.compose(Files.readString(file, StandardCharsets.UTF_8));
    } catch (MarkedYAMLException e) {
      int line = e.getProblemMark() == null ? 0 : e.getProblemMark().getLine() + 1;
      throw UserException.at(
          file, "line " + line, "broken YAML (" + e.getProblem() + ")", "a study file");
    } catch (YAMLException e) {
      throw UserException.at(file, "", "broken YAML (" + e.getMessage() + ")", "a study file", e);
    } catch (IOException e) {
      String found = Files.isRegularFile(file) ? "no UTF-8 text" : "no such file";
      throw UserException.at(file, "", found, "a study file");
    }
    if (!(root instanceof MappingNode)) {
      throw UserException.at(
          file, "", root == null ? "nothing" : describe(root), "a mapping with " + words(known));
    }
    return entries(new Entry("", 1, root), "", known);
  }

  /**
   * The entries of a block, by key.
   *
   * @param known keys there may be; empty: any
   */
  Map<String, Entry> entries(Entry block, String place, List<String> known) {
    Map<String, Entry> entries = new LinkedHashMap<>();
    if (!(block.value instanceof MappingNode mapping)) {
      mistake(block.line, place, describe(block.value), "a mapping");
      return entries;
    }
    for (NodeTuple tuple : mapping.getValue()) {
      int line = line(tuple.getKeyNode());
      if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
        mistake(line, place, describe(tuple.getKeyNode()) + " as a key", "a word");
        continue;
      }
      String name = key.getValue();
      String at = place.isEmpty() ? name : place + "." + name;
      if (!known.isEmpty() && !known.contains(name)) {
        mistake(line, at, "an unknown key", "one of " + words(known) + Nearest.hint(name, known));
      } else if (entries.putIfAbsent(name, new Entry(name, line, tuple.getValueNode())) != null) {
        mistake(line, at, "the key a second time", "it once");
      }
    }
    return entries;
  }

  private static String words(List<String> known) {
    return String.join(", ", known);
  }

  /**
   * @param line 0 for the file as a whole
   */
  void mistake(int line, String place, String found, String expected) {
    String where = (line > 0 ? ", line " + line : "") + (place.isEmpty() ? "" : ", " + place);
    mistake(
        new Mistake(
            line,
            file
                + Sentences.found(where)
                + ": found "
                + Sentences.found(found)
                + ", expected "
                + expected
                + "."));
  }

  void mistake(Mistake mistake) {
    mistakes.add(mistake);
  }

  /**
   * @throws UserException one sentence a line, in the order of the file
   */
  void throwIfAny() {
    if (!mistakes.isEmpty()) {
      throw new UserException(
          mistakes.stream()
              .sorted(Comparator.comparingInt(Mistake::line))
              .map(Mistake::sentence)
              .distinct()
              .collect(Collectors.joining("\n")));
    }
  }

  static int line(Node node) {
    return node.getStartMark().getLine() + 1;
  }

  static String describe(Node node) {
    if (node instanceof ScalarNode s) {
      return isNull(s) ? "nothing" : s.getValue();
    }
    return node instanceof SequenceNode s && s.getValue().isEmpty()
        ? "an empty list"
        : node instanceof SequenceNode ? "a list" : "a mapping";
  }

  /** A value on one line, as an override on the command line has it. */
  static String flow(Node node) {
    if (node instanceof ScalarNode s) {
      return isNull(s) ? "" : s.getValue();
    }
    return nested(node);
  }

  private static String nested(Node node) {
    if (node instanceof SequenceNode s) {
      return s.getValue().stream()
          .map(StudyYaml::nested)
          .collect(Collectors.joining(", ", "[", "]"));
    }
    if (node instanceof MappingNode m) {
      return m.getValue().stream()
          .map(t -> nested(t.getKeyNode()) + ": " + nested(t.getValueNode()))
          .collect(Collectors.joining(", ", "{", "}"));
    }
    ScalarNode scalar = (ScalarNode) node;
    if (isNull(scalar)) {
      return "~";
    }
    String text = scalar.getValue();
    boolean plain = scalar.getScalarStyle() == ScalarStyle.PLAIN && text.matches(PLAIN_IN_FLOW);
    return plain ? text : '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }

  private static boolean isNull(ScalarNode node) {
    return node.getScalarStyle() == ScalarStyle.PLAIN && Tag.NULL.equals(node.getTag());
  }
}
