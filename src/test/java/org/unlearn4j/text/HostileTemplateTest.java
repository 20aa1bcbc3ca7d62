package org.unlearn4j.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.base.UserException;

/** Chat templates of strangers: bounded in time, text and depth, and blind to everything else. */
class HostileTemplateTest {
  private static final Path FILE = Path.of("t.jinja");

  private static String render(String jinja) {
    return ChatTemplate.of(FILE, jinja, "", "")
        .render(List.of(new ChatTemplate.Message("user", "abc")), false, Optional.empty());
  }

  /** Seconds are for slow machines; each took minutes or all memory, or ended in a stack trace. */
  private static String refused(String jinja) {
    return assertTimeout(
        Duration.ofSeconds(30),
        () -> {
          String m = assertThrows(UserException.class, () -> render(jinja)).getMessage();
          assertTrue(m.startsWith("t.jinja, chat_template"), m);
          assertEquals(1, m.lines().count(), m);
          assertTrue(m.length() <= 500, m);
          return m;
        });
  }

  @Test
  void aStringThatDoubles() {
    String step = "{% set ns.a = ns.a ~ ns.a %}";
    refused("{% set ns = namespace(a='xxxxxxxx') %}" + step.repeat(40) + "{{ ns.a }}");
    refused("{% set a = 'xxxxxxxx' %}" + "{% set a = a + a %}".repeat(40) + "{{ a }}");
    // Each below the limit, all together not.
    refused("{% set a = 'xxxxxxxx' %}" + "{% set a = a ~ a %}".repeat(15) + "{{ a }}".repeat(100));
  }

  @Test
  void aListThatHoldsItselfTwice() {
    refused("{% set a = [1] %}" + "{% set a = [a, a] %}".repeat(40) + "{{ a }}");
  }

  @Test
  void loopsInLoops() {
    String loops = "{% for i in range(1000) %}".repeat(6);
    refused(loops + "{% set a = i %}" + "{% endfor %}".repeat(6));
  }

  @Test
  void longTags() {
    assertTimeout(
        Duration.ofSeconds(5),
        () ->
            assertThrows(
                UserException.class, () -> render("{% for x if ".repeat(1000) + " in y %}z")));
    assertTrue(refused("x".repeat(1 << 19)).contains("found a template of 524288 characters"));
  }

  @Test
  void deepExpressions() {
    String found = refused("{{ " + "(".repeat(800) + "1" + ")".repeat(800) + " }}");
    assertTrue(found.contains("brackets in brackets, expected at most 100"), found);
    assertEquals("1", render("{{ " + "(".repeat(50) + "1" + ")".repeat(50) + " }}"));
    refused("{% if 1 %}".repeat(20_000) + "x" + "{% endif %}".repeat(20_000));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% include 'META-INF/MANIFEST.MF' %}",
        "{% include 'org/unlearn4j/cli/cuda-libraries.txt' %}",
        "{% import 'org/unlearn4j/cli/cuda-libraries.txt' as x %}{{ x }}",
        "{% from 'org/unlearn4j/cli/cuda-libraries.txt' import x %}",
        "{% extends 'org/unlearn4j/cli/cuda-libraries.txt' %}",
        "{{ [1, 2, 3]|random }}",
        "{{ [1, 2, 3]|shuffle }}",
        "{{ '{{ 1 }}'|render }}",
        "{{ today() }}",
        "{{ unixtimestamp() }}",
      })
  void whatATemplateMayNotDo(String jinja) {
    refused(jinja);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ ''.getClass() }}",
        "{{ ''.class.forName('java.lang.Runtime') }}",
        "{{ messages.getClass().getClassLoader() }}",
        "{{ ____int3rpr3t3r____.getContext() }}",
      })
  void whatIsNotThereForTemplates(String jinja) {
    try {
      assertEquals("", render(jinja));
    } catch (UserException e) {
      assertTrue(e.getMessage().startsWith("t.jinja, chat_template"), e.getMessage());
    }
  }

  @Test
  void macrosThatCallThemselves() {
    refused("{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}");
  }
}
