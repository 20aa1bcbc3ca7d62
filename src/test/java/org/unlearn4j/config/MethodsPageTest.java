package org.unlearn4j.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * docs/reference/methods.md: every method has its section, and the defaults it shows are the
 * schema's.
 */
class MethodsPageTest {
  private static final Path PAGE = Path.of("docs/reference/methods.md");
  private static final String BEGIN = "<!-- from the schema: begin -->\n";
  private static final String END = "<!-- from the schema: end -->";

  private static final List<Key<?>> COMMON =
      List.of(ObjectiveKeys.GAMMA, ObjectiveKeys.ALPHA, ObjectiveKeys.RETAIN);

  @Test
  void theDefaultsAreTheSchemas() throws IOException {
    String page = Files.readString(PAGE);
    int begin = page.indexOf(BEGIN) + BEGIN.length();
    int end = page.indexOf(END);
    assertTrue(begin >= BEGIN.length() && end >= begin, PAGE + " has lost a marker of its tables");
    String expected = tables();
    String rewritten = page.substring(0, begin) + expected + page.substring(end);
    if (!rewritten.equals(page)) {
      Path ready = Path.of("target/methods.md");
      Files.writeString(ready, rewritten);
      assertEquals(expected, page.substring(begin, end), "cp " + ready + " " + PAGE);
    }
  }

  @Test
  void everyMethodHasASection() throws IOException {
    List<String> headings =
        Files.readString(PAGE).lines().filter(l -> l.startsWith("### ")).toList();
    Stream<Spelled> methods =
        Stream.concat(
            Stream.of(ObjectiveName.values()),
            Stream.of(RetainName.values()).filter(r -> r != RetainName.NONE));
    List<String> missing =
        methods.map(m -> "### `" + m.spelling() + "`").filter(h -> !headings.contains(h)).toList();
    assertEquals(List.of(), missing);
  }

  private static String tables() {
    StringBuilder out = new StringBuilder();
    out.append("| objective | `gamma` | `alpha` | `retain` | its own |\n|---|---|---|---|---|\n");
    for (ObjectiveName name : ObjectiveName.values()) {
      out.append("| `").append(name.spelling()).append("` |");
      COMMON.forEach(k -> out.append(' ').append(under(k, name).orElseThrow()).append(" |"));
      String own =
          ObjectiveKeys.ALL.stream()
              .filter(k -> !COMMON.contains(k))
              .flatMap(k -> under(k, name).map(v -> "`" + k.name() + "` " + v).stream())
              .collect(Collectors.joining(", "));
      out.append(own.isEmpty() ? " |\n" : " " + own + " |\n");
    }
    out.append("\n| `unlearn.clreg` | default | meaning |\n|---|---|---|\n");
    for (Key<?> key : Schema.KEYS) {
      if (key.section().equals("unlearn.clreg")) {
        out.append("| `").append(key.name()).append("` | ").append(value(key)).append(" | ");
        out.append(key.doc()).append(" |\n");
      }
    }
    return out.toString();
  }

  private static <T> Optional<String> under(Key<T> key, ObjectiveName name) {
    return key.fallback().under(name).map(f -> value(f, key.type()));
  }

  private static <T> String value(Key<T> key) {
    return value(key.fallback(), key.type());
  }

  private static <T> String value(Fallback<T> fallback, ValueType<T> type) {
    if (fallback instanceof Fallback.Constant<T> c) {
      return "`" + type.write(c.value()) + "`";
    }
    return fallback instanceof Fallback.Absent<T> a ? "- (" + a.meaning() + ")" : "**required**";
  }
}
