package org.unlearn4j.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.commons.cli.Option;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.cli.Command;
import org.unlearn4j.cli.Commands;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.PipelineTable;
import org.yaml.snakeyaml.Yaml;

/** Command lines, options, make targets and pipeline keys that the pages show exist. */
class PageCommandsTest {
  private static final List<Page> PAGES = Page.all();
  private static final Pattern COMMAND =
      Pattern.compile("(?:^|[\\s/(])unlearn4j ((?:[a-z]|--)[\\w-]*)([^\n]*)");
  private static final Pattern OPTION = Pattern.compile("(?<![\\w-])--([a-z][\\w-]*)");
  private static final Pattern MAKE = Pattern.compile("(?:^|[;&] ?)make((?: [^ \n#]+)*)");

  private static final String FILES =
      "onnx|onnx_data|json|jsonl|yaml|md|html|sig|safetensors|java|txt|svg|csv|jinja|bin";

  private static final Map<String, Command> COMMANDS =
      Commands.all().stream().collect(Collectors.toMap(Command::name, c -> c));

  private static final Set<String> TARGETS = targets();
  private static final Set<String> KEYS = keys();

  /** Blocks of a pipeline file, and what else may stand at the top of one. */
  private static final Set<String> BLOCKS =
      KEYS.stream().map(k -> k.split("\\.", -1)[0]).collect(Collectors.toSet());

  @TempDir Path temp;

  private static Set<String> targets() {
    Set<String> targets = new TreeSet<>(Set.of("finetune", "evaluate"));
    for (String file : List.of("Makefile", "pipeline/stages.mk", "pipeline/gpu/gpu.mk")) {
      Matcher rule =
          Pattern.compile("(?m)^([a-z][a-z -]*):").matcher(Page.read(Path.of(file)).text());
      rule.results().forEach(m -> targets.addAll(List.of(m.group(1).strip().split(" ", -1))));
    }
    return targets;
  }

  /** From the table that the schema writes. */
  private static Set<String> keys() {
    Set<String> keys = new TreeSet<>();
    String section = "";
    for (String line : PipelineTable.markdown().split("\n", -1)) {
      if (line.startsWith("### `")) {
        section = line.split("`", -1)[1] + ".";
      } else if (line.startsWith("| `")) {
        keys.add(section + line.split("`", -1)[1]);
      }
    }
    return keys;
  }

  /** Each line of code and each span, lines that end in a backslash joined with the next. */
  private static List<String> lines(Page page) {
    List<String> lines = new ArrayList<>(page.spans());
    for (Page.Code block : page.code()) {
      if (!block.language().startsWith("text") && !block.language().startsWith("java")) {
        lines.addAll(
            List.of(String.join("\n", block.lines()).replace("\\\n", " ").split("\n", -1)));
      }
    }
    return lines;
  }

  @Test
  void everyCommandAndOptionExists() {
    List<String> wrong = new ArrayList<>();
    PAGES.forEach(p -> wrong.addAll(wrongCommands(p)));
    assertEquals(List.of(), wrong);
  }

  @Test
  void aWrongCommandOrOptionIsSeen() {
    Page page =
        page(
            """
                unlearn4j verfy --model A
                unlearn4j run --pipelin x
                unlearn4j run \\
                    --no x # --comment

            `bin/unlearn4j doctor --json`
            """);
    assertEquals(
        List.of("docs/x.md: verfy", "docs/x.md: run --pipelin", "docs/x.md: run --no"),
        wrongCommands(page));
  }

  private static Page page(String text) {
    return new Page(Path.of("docs/x.md"), "# X\n\n" + text);
  }

  private static List<String> wrongCommands(Page page) {
    List<String> wrong = new ArrayList<>();
    for (String line : lines(page)) {
      Matcher call = COMMAND.matcher(line);
      while (call.find()) {
        String name = call.group(1);
        Command command = COMMANDS.get(name);
        if (command == null && !Set.of("--help", "--version", "help").contains(name)) {
          wrong.add(page.file() + ": " + name);
        } else if (command != null) {
          Set<String> options =
              command.options().getOptions().stream()
                  .map(Option::getLongOpt)
                  .collect(Collectors.toCollection(TreeSet::new));
          options.addAll(List.of("help", "verbose"));
          OPTION
              .matcher(call.group(2).split(" #|; ", -1)[0])
              .results()
              .map(m -> m.group(1))
              .filter(o -> !options.contains(o))
              .forEach(o -> wrong.add(page.file() + ": " + name + " --" + o));
        }
      }
    }
    return wrong;
  }

  @Test
  void everyCommandIsShown() {
    String shown = Page.read(Path.of("docs/reference/commands.md")).text();
    List<String> missing =
        COMMANDS.keySet().stream().filter(c -> !shown.contains("unlearn4j " + c + " ")).toList();
    assertEquals(List.of(), missing);
  }

  @Test
  void everyMakeTargetExists() {
    List<String> wrong = new ArrayList<>();
    PAGES.forEach(p -> wrong.addAll(wrongTargets(p)));
    assertEquals(List.of(), wrong);
    assertEquals(
        List.of("docs/x.md: tests"),
        wrongTargets(page("    make tests GPU=1   # more\n    make -j4 test\n")));
  }

  private static List<String> wrongTargets(Page page) {
    List<String> wrong = new ArrayList<>();
    for (String line : lines(page)) {
      Matcher make = MAKE.matcher(line.strip());
      if (make.lookingAt()) {
        Stream.of(make.group(1).strip().split(" ", -1))
            .takeWhile(w -> !w.matches(".*=.*|-.*|\\[.*") || w.startsWith("-j"))
            .filter(w -> w.matches("[a-z].*") && !TARGETS.contains(w))
            .forEach(w -> wrong.add(page.file() + ": " + w));
      }
    }
    return wrong;
  }

  @Test
  void everyKeyThatIsNamedExists() {
    List<String> wrong = new ArrayList<>();
    PAGES.forEach(p -> wrong.addAll(wrongKeys(p)));
    assertEquals(List.of(), wrong);
  }

  @Test
  void aWrongKeyIsSeen() {
    Page page =
        page(
            """
            `unlearn.epoch` `unlearn.epochs` `unlearn.clreg` `model.onnx`

                make SET="unlearn.see=1"

            ```yaml
            unlearn:
              sed: 1
              clreg: {weight: 0.1, weigth: 2}
            ```
            """);
    assertEquals(
        List.of(
            "docs/x.md: unlearn.epoch",
            "docs/x.md: unlearn.see",
            "docs/x.md: unlearn.sed",
            "docs/x.md: unlearn.clreg.weigth"),
        wrongKeys(page));
  }

  private static List<String> wrongKeys(Page page) {
    Set<String> named = new LinkedHashSet<>();
    for (String span : page.spans()) {
      if (span.matches("[a-z]+(\\.[a-z0-9_-]+)+") && !span.matches(".*\\.(" + FILES + ")")) {
        named.add(span);
      }
    }
    for (String line : lines(page)) {
      Matcher set = Pattern.compile("(?<![\\w.])([a-z]+(?:\\.[a-z0-9_-]+)+)=").matcher(line);
      set.results().map(m -> m.group(1)).forEach(named::add);
    }
    for (Page.Code block : page.code()) {
      if (block.language().startsWith("yaml")) {
        flatten("", new Yaml().load(String.join("\n", block.lines())), named);
      }
    }
    return named.stream()
        .filter(
            n ->
                BLOCKS.contains(n.split("\\.", -1)[0])
                    && n.contains(".")
                    && !n.startsWith("model.layers"))
        .filter(n -> KEYS.stream().noneMatch(k -> k.equals(n) || k.startsWith(n + ".")))
        .map(n -> page.file() + ": " + n)
        .toList();
  }

  private static void flatten(String prefix, Object node, Set<String> keys) {
    if (node instanceof Map<?, ?> map) {
      map.forEach((k, v) -> flatten(prefix.isEmpty() ? k.toString() : prefix + "." + k, v, keys));
    } else {
      keys.add(prefix);
    }
  }

  /** A block that begins with a name is a whole file, and is read by the reader of pipelines. */
  @Test
  void everyPipelineFileIsRead() throws Exception {
    int read = 0;
    for (Page page : PAGES) {
      for (Page.Code block : page.code()) {
        String text = String.join("\n", block.lines()) + "\n";
        if (block.language().startsWith("yaml") && text.contains("\nmodel:")) {
          Pipeline.readRecord(Files.writeString(temp.resolve("p.yaml"), text));
          read++;
        }
      }
    }
    assertFalse(read == 0, "no page shows a pipeline file");
  }
}
