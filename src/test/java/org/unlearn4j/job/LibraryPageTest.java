package org.unlearn4j.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The program of docs/how-to/library.md compiles against the product, and does what the page says.
 */
class LibraryPageTest {
  @TempDir Path temp;

  private static String program() throws Exception {
    Matcher block =
        Pattern.compile("```java\n(.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(Path.of("docs/how-to/library.md")));
    assertTrue(block.find(), "docs/how-to/library.md has a program");
    return block.group(1);
  }

  @Test
  void theProgramRunsAPipelineToItsVerdict() throws Exception {
    String program = program();
    assertTrue(program.lines().count() < 30, "under 30 lines");
    Path source = Files.writeString(temp.resolve("Forget.java"), program);
    String[] options = {
      "-cp", System.getProperty("java.class.path"), "-d", temp.toString(), source.toString()
    };
    assertEquals(0, ToolProvider.getSystemJavaCompiler().run(null, null, null, options));
    Path pipeline =
        Files.writeString(
            temp.resolve("p.yaml"),
            """
            name: library
            model: {path: models/fable-target, reference: models/fable-retain}
            data: {benchmark: fable, forget: forget01, max_length: 96}
            unlearn: {objective: {name: NPO}, batch_size: 8}
            evaluate: {limit: 2, max_new_tokens: 2}
            """);
    Path run = temp.resolve("run");
    String said = run(pipeline, run);
    assertTrue(said.startsWith("evaluate retain.tf RUNS\n"), said);
    assertTrue(said.contains("pass: "), said);
    assertTrue(said.matches("(?s).*forget probability: 0[.][0-9]+\\s*"), said);
    assertTrue(Files.exists(run.resolve("report.html")));
    assertTrue(run(pipeline, run).startsWith("evaluate retain.tf CURRENT\n"), "done before");
  }

  private String run(Path pipeline, Path run) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    PrintStream out = System.out;
    try (URLClassLoader loader = new URLClassLoader(new URL[] {temp.toUri().toURL()})) {
      System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
      loader
          .loadClass("Forget")
          .getMethod("main", String[].class)
          .invoke(null, (Object) new String[] {pipeline.toString(), run.toString()});
    } finally {
      System.setOut(out);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
