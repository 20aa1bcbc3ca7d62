package org.unlearn4j.text;

import com.hubspot.jinjava.el.JinjavaInterpreterResolver;
import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.fn.Functions;
import com.hubspot.jinjava.objects.collections.PyList;
import java.beans.FeatureDescriptor;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import jinjava.javax.el.CompositeELResolver;
import jinjava.javax.el.ELContext;
import jinjava.javax.el.ELResolver;
import org.unlearn4j.base.UserException;

/**
 * What lies between Jinja as chat templates are written in, and the Jinja library: the string
 * methods of Python, and a few forms that the library reads otherwise.
 */
final class JinjaDialect {
  /** The library knows slices without a step only. */
  private static final Pattern REVERSED = Pattern.compile("(?<![\\w.])([\\w.]++)\\[::-1\\]");

  /** A tag of transformers around what the assistant says; it prints nothing. */
  private static final Pattern GENERATION =
      Pattern.compile("\\{%(-?)\\s*(end)?generation\\s*(-?)%\\}");

  private static final Pattern LOOP = Pattern.compile("-?\\s*for\\s");
  private static final Pattern IF = Pattern.compile("\\sif\\s");
  private static final Pattern ELSE = Pattern.compile("\\selse\\s");

  private static final String QUOTED = "'(?:[^'\\\\]++|\\\\.)*+'|\"(?:[^\"\\\\]++|\\\\.)*+\"";

  private static final Pattern STRING = Pattern.compile(QUOTED, Pattern.DOTALL);

  /** A tag with all its strings, which may hold what would end it. */
  private static final Pattern TAG =
      Pattern.compile("\\{[%{](?:" + QUOTED + "|[^'\"%}]++|[%}](?!\\}))*+[%}]\\}", Pattern.DOTALL);

  private static final Pattern FILTER = Pattern.compile("\\|\\s*(\\w+)");

  private static final String NAMESPACE = "namespace(";
  private static final String WHITE_SPACE = " \t\n\r\f\u000b";

  private JinjaDialect() {}

  /** What a template complains about. */
  static final class Raised extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Raised(String message) {
      super(message);
    }
  }

  /** {@code raise_exception} of templates; found by name. */
  @SuppressWarnings("DoNotCallSuggester") // templates call it
  public static Object raise(Object message) {
    throw new Raised(String.valueOf(message));
  }

  /** {@code range} of templates; found by name. */
  public static Object range(Object first, Object... more) {
    TemplateLimits.checkTime();
    return Functions.range(first, more);
  }

  /** {@code strftime_now} of templates; found by name. */
  public static String today(String format) {
    return ChatTemplate.strftime(
        (LocalDate) JinjavaInterpreter.getCurrent().getContext().get("strftime_now"), format);
  }

  /**
   * A template in forms that the library reads as Jinja does.
   *
   * @throws UserException for a loop with a condition
   */
  static String translate(Path file, String jinja) {
    if (hasConditionalLoop(jinja)) {
      throw UserException.at(
          file,
          "chat_template",
          "a loop with a condition (for ... if ...)",
          "the condition inside the loop");
    }
    String generation =
        GENERATION
            .matcher(jinja)
            .replaceAll(
                m ->
                    "{%"
                        + m.group(1)
                        + (m.group(2) == null ? " if true " : " endif ")
                        + m.group(3)
                        + "%}");
    return namespaces(REVERSED.matcher(generation).replaceAll("($1|reverse)"));
  }

  /** The library ignores the condition of a loop; one with an {@code else} is a value's. */
  private static boolean hasConditionalLoop(String jinja) {
    int end = 0;
    for (int at = jinja.indexOf("{%"); at >= 0 && end >= 0; at = jinja.indexOf("{%", end)) {
      end = jinja.indexOf("%}", at + 2);
      String tag = end < 0 ? "" : jinja.substring(at + 2, end);
      if (LOOP.matcher(tag).lookingAt() && IF.matcher(tag).find() && !ELSE.matcher(tag).find()) {
        return true;
      }
    }
    return false;
  }

  /** How deep brackets are nested in the tags of a template. */
  static int depth(String jinja) {
    return TAG.matcher(jinja)
        .results()
        .mapToInt(tag -> deepest(STRING.matcher(tag.group()).replaceAll("")))
        .max()
        .orElse(0);
  }

  private static int deepest(String tag) {
    int depth = 0;
    int most = 0;
    for (int i = 0; i < tag.length(); i++) {
      depth += "([{".indexOf(tag.charAt(i)) >= 0 ? 1 : ")]}".indexOf(tag.charAt(i)) >= 0 ? -1 : 0;
      most = Math.max(most, depth);
    }
    return most;
  }

  /** Filters that a template names; the library would ignore those it does not know. */
  static Set<String> filters(String jinja) {
    return TAG.matcher(jinja)
        .results()
        .map(tag -> STRING.matcher(tag.group()).replaceAll("''"))
        .flatMap(bare -> FILTER.matcher(bare).results())
        .map(filter -> filter.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /**
   * Puts the values of {@code namespace(name=value, ...)} in parentheses: the library would take
   * {@code name=a - b} for {@code (name=a) - b}.
   */
  private static String namespaces(String jinja) {
    StringBuilder out = new StringBuilder();
    int from = 0;
    for (int at = jinja.indexOf(NAMESPACE); at >= 0; at = jinja.indexOf(NAMESPACE, from)) {
      int start = at + NAMESPACE.length();
      out.append(jinja, from, start);
      List<String> arguments = new ArrayList<>();
      from = arguments(jinja, start, arguments);
      out.append(String.join(", ", arguments.stream().map(JinjaDialect::enclosed).toList()));
    }
    return out.append(jinja.substring(from)).toString();
  }

  private static String enclosed(String argument) {
    Matcher named = Pattern.compile("\\s*(\\w+)\\s*=(?!=)(.*)", Pattern.DOTALL).matcher(argument);
    return named.matches() ? named.group(1) + "=(" + named.group(2).strip() + ")" : argument;
  }

  /** Cuts arguments at their commas; the index of the parenthesis that closes them. */
  private static int arguments(String text, int start, List<String> into) {
    int depth = 0;
    char quote = 0;
    int from = start;
    for (int i = start; i < text.length(); i++) {
      char c = text.charAt(i);
      if (quote != 0) {
        quote = c == quote && text.charAt(i - 1) != '\\' ? 0 : quote;
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if ("([{".indexOf(c) >= 0) {
        depth++;
      } else if ((c == ',' || c == ')') && depth == 0) {
        into.add(text.substring(from, i));
        from = i + 1;
        if (c == ')') {
          return i;
        }
      } else if (")]}".indexOf(c) >= 0) {
        depth--;
      }
    }
    into.add(text.substring(from));
    return text.length();
  }

  /** Properties and methods as the library has them, strings with those of Python besides. */
  static ELResolver resolver() {
    CompositeELResolver all = new CompositeELResolver();
    all.add(new PythonStrings());
    all.add(JinjavaInterpreterResolver.DEFAULT_RESOLVER_READ_ONLY);
    return all;
  }

  private static final class PythonStrings extends ELResolver {
    @Override
    public Object invoke(
        ELContext context, Object base, Object method, Class<?>[] types, Object[] arguments) {
      if (!(base instanceof String s)) {
        return null;
      }
      String first = arguments.length == 0 ? null : String.valueOf(arguments[0]);
      Object result =
          switch (String.valueOf(method)) {
            case "startswith" -> s.startsWith(first);
            case "endswith" -> s.endsWith(first);
            case "strip" -> strip(s, first, true, true);
            case "lstrip" -> strip(s, first, true, false);
            case "rstrip" -> strip(s, first, false, true);
            case "upper" -> s.toUpperCase(Locale.ROOT);
            case "lower" -> s.toLowerCase(Locale.ROOT);
            case "split" -> new PyList(split(s, first));
            default -> null;
          };
      context.setPropertyResolved(result != null);
      return result;
    }

    private static List<Object> split(String s, String at) {
      String[] parts = at == null ? s.strip().split("\\s+", -1) : s.split(Pattern.quote(at), -1);
      return new ArrayList<>(List.of(parts));
    }

    private static String strip(String s, String characters, boolean left, boolean right) {
      String set = characters == null ? WHITE_SPACE : characters;
      int from = 0;
      int to = s.length();
      while (left && from < to && set.indexOf(s.charAt(from)) >= 0) {
        from++;
      }
      while (right && to > from && set.indexOf(s.charAt(to - 1)) >= 0) {
        to--;
      }
      return s.substring(from, to);
    }

    @Override
    public Object getValue(ELContext context, Object base, Object property) {
      TemplateLimits.checkTime();
      return null;
    }

    @Override
    public Class<?> getType(ELContext context, Object base, Object property) {
      return null;
    }

    @Override
    public void setValue(ELContext context, Object base, Object property, Object value) {
      // strings have no properties to set
    }

    @Override
    public boolean isReadOnly(ELContext context, Object base, Object property) {
      return true;
    }

    @Override
    public Iterator<FeatureDescriptor> getFeatureDescriptors(ELContext context, Object base) {
      return null;
    }

    @Override
    public Class<?> getCommonPropertyType(ELContext context, Object base) {
      return null;
    }
  }
}
