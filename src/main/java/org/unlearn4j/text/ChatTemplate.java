package org.unlearn4j.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.interpret.Context;
import com.hubspot.jinjava.interpret.RenderResult;
import com.hubspot.jinjava.interpret.TemplateError;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.UserException;

/**
 * A chat template as Hugging Face folders have it: Jinja, rendered with the settings and the
 * functions that transformers gives it ({@code trim_blocks}, {@code lstrip_blocks}, {@code
 * raise_exception}, {@code strftime_now}). What templates say is text, never code: nothing in a
 * message is interpreted.
 *
 * @param file where it stands
 * @param source in the words of the Jinja library (see {@link JinjaDialect})
 */
record ChatTemplate(Path file, String source, String bos, String eos) {

  /** One turn of a conversation. */
  record Message(String role, String content) {
    private Map<String, Object> variables() {
      return Map.of("role", role, "content", content);
    }
  }

  /**
   * The template of a folder: {@code chat_template.jinja}, else {@code chat_template} of {@code
   * tokenizer_config.json}, the one called {@code default} if there are several.
   *
   * @param bos text of the token that begins a text, empty for none
   * @throws UserException if it uses what the Jinja library does not know
   */
  static Optional<ChatTemplate> find(Path folder, String bos, String eos) {
    try {
      Path own = folder.resolve("chat_template.jinja");
      if (Files.isRegularFile(own)) {
        return Optional.of(of(own, Files.readString(own), bos, eos));
      }
      Path config = folder.resolve("tokenizer_config.json");
      if (!Files.isRegularFile(config)) {
        return Optional.empty();
      }
      JsonNode template = JsonInput.object(config, "a JSON object").path("chat_template");
      for (JsonNode named : template) {
        if (named.path("name").asText().equals("default")) {
          template = named.path("template");
        }
      }
      return template.isTextual()
          ? Optional.of(of(config, template.textValue(), bos, eos))
          : Optional.empty();
    } catch (IOException e) {
      throw new UserException(folder + ": could not be read (" + e.getMessage() + ").", e);
    }
  }

  static ChatTemplate of(Path file, String jinja, String bos, String eos) {
    if (jinja.length() > TemplateLimits.SOURCE) {
      throw UserException.at(
          file,
          "chat_template",
          "a template of " + jinja.length() + " characters",
          "at most " + TemplateLimits.SOURCE);
    }
    String source = TemplateLimits.within(file, () -> checked(file, jinja));
    return new ChatTemplate(file, source, bos, eos);
  }

  private static String checked(Path file, String jinja) {
    int depth = JinjaDialect.depth(jinja);
    if (depth > TemplateLimits.DEPTH) {
      String expected = "at most " + TemplateLimits.DEPTH;
      throw UserException.at(file, "chat_template", depth + " brackets in brackets", expected);
    }
    Context known = engine(Optional.empty(), 0).getGlobalContext();
    for (String filter : JinjaDialect.filters(jinja)) {
      if (TemplateLimits.forbids(filter) || known.getFilter(filter) == null) {
        String expected =
            TemplateLimits.forbids(filter) ? "the same text every time" : "a filter of Jinja";
        throw UserException.at(file, "chat_template", "the filter \"" + filter + "\"", expected);
      }
    }
    return JinjaDialect.translate(file, jinja);
  }

  /**
   * The text of a conversation.
   *
   * @param generate whether the text ends where the assistant's next turn begins
   * @param date what templates are told of today; without one they fall back on what they like
   * @throws UserException with what the template complains about
   */
  String render(List<Message> messages, boolean generate, Optional<LocalDate> date) {
    Map<String, Object> variables = new HashMap<>();
    variables.put("messages", messages.stream().map(Message::variables).toList());
    variables.put("add_generation_prompt", generate);
    variables.put("bos_token", bos);
    variables.put("eos_token", eos);
    // A function that is not defined tells a template to use a date of its own.
    date.ifPresent(d -> variables.put("strftime_now", d));
    long input = messages.stream().mapToLong(m -> m.content().length()).sum();
    return TemplateLimits.within(
        file,
        () -> {
          RenderResult result = engine(date, input).renderForResult(source, variables);
          for (TemplateError error : result.getErrors()) {
            throw UserException.at(
                file, "chat_template, line " + error.getLineno(), why(error), "one that renders");
          }
          return result.getOutput();
        });
  }

  private static String why(TemplateError error) {
    for (Throwable t = error.getException(); t != null; t = t.getCause()) {
      if (t instanceof JinjaDialect.Raised) {
        return "a template that says \"" + t.getMessage() + "\"";
      }
    }
    return "a template that fails (" + error.getMessage() + ")";
  }

  private static Jinjava engine(Optional<LocalDate> date, long input) {
    Jinjava jinja =
        new Jinjava(
            TemplateLimits.apply(JinjavaConfig.newBuilder(), input)
                .withTrimBlocks(true)
                .withLstripBlocks(true)
                .withNestedInterpretationEnabled(false)
                .withElResolver(JinjaDialect.resolver())
                .withLegacyOverrides(
                    LegacyOverrides.newBuilder()
                        .withEvaluateMapKeys(true)
                        .withIterateOverMapKeys(true)
                        .withUsePyishObjectMapper(true)
                        .withUseNaturalOperatorPrecedence(true)
                        .withParseWhitespaceControlStrictly(true)
                        .withUseTrimmingForNotesAndExpressions(true)
                        .withKeepNullableLoopValues(true)
                        .withHandleBackslashInQuotesOnly(true)
                        .build())
                .build());
    jinja.registerFunction(
        new ELFunctionDefinition("", "raise_exception", JinjaDialect.class, "raise", Object.class));
    jinja.registerFunction(
        new ELFunctionDefinition(
            "", "range", JinjaDialect.class, "range", Object.class, Object[].class));
    if (date.isPresent()) {
      jinja.registerFunction(
          new ELFunctionDefinition("", "strftime_now", JinjaDialect.class, "today", String.class));
    }
    return jinja;
  }

  /** A date in the directives of C's {@code strftime} that templates use. */
  static String strftime(LocalDate date, String format) {
    Map<Character, String> patterns =
        Map.of(
            'd',
            "dd",
            'm',
            "MM",
            'Y',
            "yyyy",
            'y',
            "yy",
            'B',
            "MMMM",
            'b',
            "MMM",
            'A',
            "EEEE",
            'a',
            "EEE",
            'j',
            "DDD",
            'F',
            "yyyy-MM-dd");
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      boolean directive = format.charAt(i) == '%' && i + 1 < format.length();
      String pattern = directive ? patterns.get(format.charAt(++i)) : null;
      if (pattern != null) {
        text.append(date.format(DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH)));
      } else if (!directive || format.charAt(i) == '%') {
        text.append(format.charAt(i));
      } else {
        throw new JinjaDialect.Raised("strftime directive %" + format.charAt(i) + " is unknown");
      }
    }
    return text.toString();
  }
}
