package org.unlearn4j.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.unlearn4j.config.Pipeline;

/** The examples and the tutorial: their files are read, and (slow) what they call runs. */
class ExamplesTest {
  private static final Path EXAMPLES = Path.of("examples");

  /** A folder like the root of the repository, in which runs leave nothing behind. */
  @TempDir Path root;

  static List<String> examples() throws IOException {
    try (Stream<Path> folders = Files.list(EXAMPLES)) {
      return folders
          .filter(Files::isDirectory)
          .map(f -> f.getFileName().toString())
          .sorted()
          .toList();
    }
  }

  @Test
  void thereAreFiveAndTheIndexNamesThem() throws IOException {
    List<String> links = Page.read(EXAMPLES.resolve("README.md")).links();
    for (String example : examples()) {
      assertTrue(links.contains(example + "/README.md"), example);
      assertTrue(Files.isRegularFile(EXAMPLES.resolve(example).resolve("run.sh")), example);
    }
    assertEquals(5, examples().size());
  }

  @ParameterizedTest
  @MethodSource("examples")
  void itsPipelineIsRight(String example) {
    Path file = EXAMPLES.resolve(example).resolve("pipeline.yaml");
    if (Files.exists(file)) {
      // The chat model's base is made by its script.
      Pipeline pipeline =
          example.equals("chat-model") ? Pipeline.readRecord(file) : Pipeline.read(file, List.of());
      assertEquals("example-" + example, pipeline.name());
    }
  }

  @ParameterizedTest
  @MethodSource("examples")
  @Tag("slow")
  void itRuns(String example) throws Exception {
    prepare();
    Said said = sh("sh examples/" + example + "/run.sh");
    assertEquals(0, said.code, said.out);
    if (!example.equals("foreign-onnx")) { // its script holds the verdicts against their codes
      assertTrue(said.out.contains("pass"), said.out);
      assertFalse(said.out.contains("fail"), said.out);
    }
  }

  /** Each output that the page shows is a part of what the command before it printed. */
  @Test
  @Tag("slow")
  void theTutorialPrintsWhatItShows() throws Exception {
    prepare();
    Said last = null;
    int shown = 0;
    for (Page.Code block : Page.read(Path.of("docs/tutorial.md")).code()) {
      String text = String.join("\n", block.lines());
      if (block.language().equals("sh run")) {
        last = sh(text);
        assertEquals(0, last.code, text + "\n" + last.out);
      } else if (block.language().equals("text")) {
        assertEquals(steady(text), steady(last.out), "docs/tutorial.md");
        shown++;
      }
    }
    assertTrue(shown >= 5, "outputs that were compared: " + shown);
  }

  /** Without times, and without the last digits, which another processor rounds otherwise. */
  private static String steady(String text) {
    List<String> lines = new ArrayList<>();
    for (String line : text.strip().split("\n", -1)) {
      lines.add(
          line.strip()
              .replaceAll("in \\d+([.]\\d+)? s", "in N s")
              .replaceAll("(\\d[.]\\d{2})\\d*(e[-+]?\\d+)?", "$1"));
    }
    return String.join("\n", lines);
  }

  private record Said(int code, String out) {}

  private void prepare() throws IOException {
    for (String part : List.of("examples", "models", "pipeline")) {
      Files.createSymbolicLink(root.resolve(part), Path.of(part).toAbsolutePath());
    }
    Path bin = Files.createDirectories(root.resolve("target/dist/bin"));
    Path program =
        Files.writeString(
            bin.resolve("unlearn4j"),
            """
            #!/bin/sh
            exec java -XX:+UseSerialGC -Doffline=true -Dorg.bytedeco.javacpp.maxBytes=0 \\
              -Dorg.bytedeco.javacpp.maxPhysicalBytes=0 -cp "$UNLEARN4J_CLASSPATH" org.unlearn4j.cli.Main "$@"
            """);
    assertTrue(program.toFile().setExecutable(true));
  }

  private Said sh(String script) throws Exception {
    File out = root.resolve("out.txt").toFile();
    ProcessBuilder builder = new ProcessBuilder("sh", "-c", "set -e\n" + script);
    builder.directory(root.toFile()).redirectOutput(out);
    builder.redirectError(root.resolve("err.txt").toFile());
    String path = root.resolve("target/dist/bin") + File.pathSeparator + System.getenv("PATH");
    builder.environment().put("PATH", path);
    builder.environment().put("UNLEARN4J_CLASSPATH", absolute());
    builder.environment().put("TF_CPP_MIN_LOG_LEVEL", "2");
    builder.environment().put("OPT_OUT_TRACKING", "true");
    builder.environment().put("ORT_DISABLE_TELEMETRY", "1");
    int code = builder.start().waitFor();
    String said = Files.readString(out.toPath());
    return new Said(code, code == 0 ? said : said + Files.readString(root.resolve("err.txt")));
  }

  private static String absolute() {
    List<String> entries = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      entries.add(Path.of(entry).toAbsolutePath().toString());
    }
    return String.join(File.pathSeparator, entries);
  }
}
