package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * An HTML element under construction. Text and attribute values are escaped always; markup that is
 * not to be escaped has to be given by {@link #raw}, which is for what this project wrote itself.
 */
final class Html {
  private static final Set<String> VOID = Set.of("meta", "wbr", "input");

  private final String name;
  private final Map<String, String> attributes = new LinkedHashMap<>();
  private final List<Object> children = new ArrayList<>(); // Html or, escaped already, String

  private Html(String name) {
    this.name = name;
  }

  /** An element without content yet. */
  static Html tag(String name) {
    return new Html(name);
  }

  /** An element with a text. */
  static Html tag(String name, String text) {
    return new Html(name).add(text);
  }

  /** Several elements without one around them. */
  static Html group() {
    return new Html("");
  }

  /** Sets an attribute. */
  Html attr(String attribute, String value) {
    attributes.put(attribute, escape(value));
    return this;
  }

  /** Short for the attribute {@code class}. */
  Html css(String classes) {
    return attr("class", classes);
  }

  /** Adds a text. */
  Html add(String text) {
    children.add(escape(text));
    return this;
  }

  /** Adds elements. */
  Html add(Html... elements) {
    children.addAll(List.of(elements));
    return this;
  }

  /** Adds elements. */
  Html add(List<Html> elements) {
    children.addAll(elements);
    return this;
  }

  /** Adds markup as it is: for scripts, styles and plots, never for what came from a file. */
  Html raw(String markup) {
    children.add(markup);
    return this;
  }

  /** Whether nothing was added. */
  boolean isEmpty() {
    return children.isEmpty();
  }

  /** The element and all in it as markup. */
  String markup() {
    StringBuilder out = new StringBuilder();
    write(out);
    return out.toString();
  }

  private void write(StringBuilder out) {
    if (!name.isEmpty()) {
      out.append('<').append(name);
      attributes.forEach(
          (key, value) -> out.append(' ').append(key).append("=\"").append(value).append('"'));
      out.append('>');
    }
    for (Object child : children) {
      if (child instanceof Html element) {
        element.write(out);
      } else {
        out.append(child);
      }
    }
    if (!name.isEmpty() && !VOID.contains(name)) {
      out.append("</").append(name).append('>');
    }
  }

  /** Text that is safe between tags and in quoted attributes; control characters become U+FFFD. */
  static String escape(String text) {
    StringBuilder out = new StringBuilder(text.length() + 16);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '&' -> out.append("&amp;");
        case '<' -> out.append("&lt;");
        case '>' -> out.append("&gt;");
        case '"' -> out.append("&quot;");
        case '\'' -> out.append("&#39;");
        case '\t', '\n', '\r' -> out.append(c);
        default -> out.append(Character.isISOControl(c) ? '\uFFFD' : c);
      }
    }
    return out.toString();
  }
}
