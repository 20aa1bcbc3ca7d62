package org.unlearn4j.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher script, with a stand-in for Java that prints what it is given. */
class LauncherTest {
  @TempDir Path folder;
  private Path launcher;

  @BeforeEach
  void aDistFolder() throws IOException {
    launcher =
        script("dist/bin/unlearn4j", Files.readString(Path.of("src/main/dist/bin/unlearn4j")));
    Files.createDirectories(folder.resolve("dist/lib"));
    script(
        "jdk/bin/java",
        "#!/bin/sh\nfor a; do echo \"<$a>\"; done\necho \"telemetry off: $ORT_DISABLE_TELEMETRY\"\necho \"log level $TF_CPP_MIN_LOG_LEVEL\"\nexit 7\n");
  }

  private Path script(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
    assertTrue(file.toFile().setExecutable(true));
    return file;
  }

  private record Run(int code, String output) {}

  private Run run(Path program, Map<String, String> environment, String... args) throws Exception {
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(List.of(args));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).directory(folder.toFile());
    builder.environment().keySet().removeIf(k -> k.matches("(TF_|ORT_|UNLEARN4J).*"));
    builder.environment().put("JAVA_HOME", folder.resolve("jdk").toString());
    builder.environment().putAll(environment);
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Run(process.waitFor(), output);
  }

  @Test
  void argumentsAndTheExitCodePassThroughUnchanged() throws Exception {
    Run r = run(launcher, Map.of(), "generate", "--prompt", "two words * \"quoted\"");
    assertEquals(7, r.code());
    String lib = folder.toRealPath().resolve("dist/lib") + "/*";
    String tail =
        "<-cp>\n<"
            + lib
            + ">\n<org.unlearn4j.cli.Main>\n<generate>\n<--prompt>\n<two words * \"quoted\">\ntelemetry off: 1\nlog level 2\n";
    assertTrue(r.output().endsWith(tail), r.output());
    assertTrue(r.output().contains("<--enable-native-access=ALL-UNNAMED>\n"), r.output());
    assertTrue(r.output().contains("<-Djava.awt.headless=true>\n"), r.output());
    assertTrue(r.output().contains("<-Dunlearn4j.columns=0>\n"), "a pipe is no terminal");
  }

  @Test
  void linksAreFollowed() throws Exception {
    Path far = Files.createSymbolicLink(folder.resolve("far"), Path.of("dist/bin/unlearn4j"));
    Path further = Files.createSymbolicLink(folder.resolve("further"), far.toAbsolutePath());
    assertEquals(run(launcher, Map.of(), "x"), run(further, Map.of(), "x"));
  }

  @Test
  void theUsersSettingsWin() throws Exception {
    Run r =
        run(
            launcher,
            Map.of("UNLEARN4J_JAVA_OPTS", "-Xmx8g -Dx=y", "TF_CPP_MIN_LOG_LEVEL", "0"),
            "x");
    assertTrue(r.output().contains("<-Xmx8g>\n<-Dx=y>\n<-cp>\n"), r.output());
    assertTrue(r.output().endsWith("log level 0\n"), r.output());
  }

  @Test
  void aMissingJavaIsOneSentence() throws Exception {
    Run r = run(launcher, Map.of("JAVA_HOME", "/no/jdk"), "x");
    assertEquals(3, r.code());
    assertEquals(
        "unlearn4j: found no Java (/no/jdk/bin/java), expected a JDK or JRE 17 or newer on the PATH or in JAVA_HOME.\n",
        r.output());
  }
}
