package org.unlearn4j.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.unlearn4j.base.UserException;

/**
 * Templates in the idioms of published ones against what Jinja2 3.1.6 makes of them under the
 * settings of transformers ({@code trim_blocks}, {@code lstrip_blocks}, sandboxed).
 */
class ChatTemplateTest {
  private static final Path FOLDER = Path.of("src/test/resources/chat");

  static Stream<Arguments> cases() throws IOException {
    JsonNode all = new ObjectMapper().readTree(FOLDER.resolve("expected.json").toFile());
    List<Arguments> cases = new ArrayList<>();
    all.properties()
        .forEach(
            e ->
                e.getValue()
                    .forEach(c -> cases.add(Arguments.of(e.getKey(), c.path("case").asText(), c))));
    return cases.stream();
  }

  private static ChatTemplate template(String name) throws IOException {
    Path file = FOLDER.resolve(name + ".jinja");
    return ChatTemplate.of(file, Files.readString(file), "<s>", "</s>");
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("cases")
  void rendersAsJinja2Does(String name, String what, JsonNode expected) throws IOException {
    List<ChatTemplate.Message> messages = new ArrayList<>();
    for (JsonNode m : expected.path("messages")) {
      messages.add(new ChatTemplate.Message(m.path("role").asText(), m.path("content").asText()));
    }
    Optional<LocalDate> date =
        Optional.of(expected.path("date"))
            .filter(JsonNode::isTextual)
            .map(d -> LocalDate.parse(d.asText()));
    boolean generate = expected.path("add_generation_prompt").asBoolean();
    if (expected.has("error")) {
      String message =
          assertThrows(UserException.class, () -> template(name).render(messages, generate, date))
              .getMessage();
      assertTrue(message.contains(expected.path("error").asText()), message);
      assertTrue(message.contains(name + ".jinja, chat_template, line 1: found"), message);
    } else {
      assertEquals(
          expected.path("text").asText(), template(name).render(messages, generate, date), what);
    }
  }

  private static String render(String jinja) {
    return ChatTemplate.of(Path.of("t.jinja"), jinja, "", "")
        .render(List.of(new ChatTemplate.Message("user", "abc")), false, Optional.empty());
  }

  @Test
  void formsThatTheLibraryReadsOtherwise() {
    assertEquals("3", render("{% set ns = namespace(a=messages|length + 2, b='(,)') %}{{ ns.a }}"));
    assertEquals("(,)", render("{% set ns = namespace(a=1, b='(,)') %}{{ ns.b }}"));
    assertEquals("x", render("{% generation %}x{%- endgeneration %}"));
    assertEquals("ab|b", render("{{ 'a b '.rstrip().split()|join }}|{{ 'aba'.strip('a') }}"));
    assertEquals("[1]", render("{% for x in (['1'] if true else []) %}[{{ x }}]{% endfor %}"));
  }

  @Test
  void whatFailsSaysWhere() {
    refuses("{% for m in messages if m.role == 'user' %}{% endfor %}", "a loop with a condition");
    refuses("a\n{{ strftime_now('%d') }}", "chat_template, line 2: found a template that fails");
    refuses(
        "don't <|{{ '|x }}' | trim | nonsense }}", "chat_template: found the filter \"nonsense\"");
    refuses("{% if x %}", "found a template that fails");
    refuses("{{ raise_exception('no ' ~ 1) }}", "a template that says \"no 1\"");
  }

  private static void refuses(String jinja, String part) {
    String message = assertThrows(UserException.class, () -> render(jinja)).getMessage();
    assertTrue(message.contains(part), message);
  }

  @Test
  void dates() {
    LocalDate date = LocalDate.of(2025, 4, 3);
    assertEquals("03 Apr 2025", ChatTemplate.strftime(date, "%d %b %Y"));
    assertEquals(
        "Thursday, April 03, 25 100% 2025-04-03",
        ChatTemplate.strftime(date, "%A, %B %d, %y 100%% %F"));
  }
}
