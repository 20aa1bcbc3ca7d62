package org.unlearn4j.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
    builder.environment().keySet().removeIf(k -> k.matches("(TF_|ORT_|UNLEARN4J|CUDA_|LD_).*"));
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
    assertEquals(named(run(launcher, Map.of(), "x")), named(run(further, Map.of(), "x")));
  }

  /** Without the name of the pipe, which is another one each time. */
  private static Run named(Run r) {
    return new Run(r.code, r.output.replaceFirst("ending=[^>]*", ""));
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

  /**
   * A dist folder of the CUDA build, and a stand-in for Java that says where libraries come from.
   */
  private void aCudaBuild() throws IOException {
    Files.createDirectories(folder.resolve("dist/etc"));
    Files.copy(
        Path.of("src/main/dist/etc/cuda-libraries.txt"),
        folder.resolve("dist/etc/cuda-libraries.txt"));
    Files.createFile(folder.resolve("dist/lib/tensorflow-core-native-1.1.0-linux-x86_64-gpu.jar"));
    script("jdk/bin/java", "#!/bin/sh\necho \"found in <${LD_LIBRARY_PATH:-}>\"\n");
  }

  private Path libraries(String folderName, String without) throws IOException {
    Path libraries = folder.resolve(folderName);
    Files.createDirectories(libraries);
    for (String line : Files.readAllLines(Path.of("src/main/dist/etc/cuda-libraries.txt"))) {
      String name = line.split(" ", -1)[0];
      if (name.startsWith("lib") && !name.equals("libz.so.1") && !name.equals(without)) {
        Files.createFile(libraries.resolve(name));
      }
    }
    return libraries;
  }

  private String foundIn(Map<String, String> environment) throws Exception {
    return run(launcher, environment, "x").output();
  }

  @Test
  void theCudaBuildFindsACompleteSetOfLibraries() throws Exception {
    aCudaBuild();
    // A system's own would be found too, so no test can expect nothing on a machine that has one.
    Path half = libraries("half/lib64", "libcusparse.so.12");
    Path whole = libraries("whole/lib64", "libcupti.so.12"); // an optional one
    assertEquals(
        "found in <" + whole.toRealPath() + ">\n",
        foundIn(Map.of("CUDA_HOME", folder.resolve("whole").toString())));
    assertFalse(
        foundIn(Map.of("CUDA_HOME", folder.resolve("half").toString())).contains(half.toString()));
    Path own = libraries("dist/cuda", "");
    assertEquals(
        "found in <" + own.toRealPath() + ":/mine>\n",
        foundIn(
            Map.of("CUDA_HOME", folder.resolve("whole").toString(), "LD_LIBRARY_PATH", "/mine")),
        "the bundle's come first, what the user has is kept");
    assertEquals(
        "found in <" + half.toRealPath() + ">\n",
        foundIn(Map.of("UNLEARN4J_CUDA", half.toString())),
        "what the user names is taken as it is");
  }

  @Test
  void theCpuBuildLeavesTheLibraryPathAlone() throws Exception {
    aCudaBuild();
    libraries("dist/cuda", "");
    Files.delete(folder.resolve("dist/lib/tensorflow-core-native-1.1.0-linux-x86_64-gpu.jar"));
    assertEquals("found in <>\n", foundIn(Map.of()));
  }

  /** A bundle's TensorFlow lies unpacked; the CPU's has another folder. */
  @Test
  void librariesThatLieInAFolderAreOnTheClassPath() throws Exception {
    aCudaBuild();
    Path own = libraries("dist/cuda", "");
    Files.delete(folder.resolve("dist/lib/tensorflow-core-native-1.1.0-linux-x86_64-gpu.jar"));
    Path unpacked = folder.resolve("dist/native/tensorflow/org/tensorflow/internal/c_api");
    Files.createDirectories(unpacked.resolve("linux-x86_64"));
    script(
        "jdk/bin/java",
        "#!/bin/sh\nfor a; do case $a in */lib/*) echo \"$a\" ;; esac; done\n"
            + "echo \"${LD_LIBRARY_PATH:-} ${CUDA_MODULE_LOADING:-}\"\n");
    String home = folder.toRealPath() + "/dist";
    String classes = home + "/lib/*:" + home + "/native/tensorflow\n";
    assertEquals(classes + " \n", foundIn(Map.of()));
    Files.move(unpacked.resolve("linux-x86_64"), unpacked.resolve("linux-x86_64-gpu"));
    assertEquals(classes + own.toRealPath() + " LAZY\n", foundIn(Map.of()));
    assertEquals(
        classes + own.toRealPath() + " EAGER\n", foundIn(Map.of("CUDA_MODULE_LOADING", "EAGER")));
  }

  @Test
  void aBundleBringsItsJavaAndWhatTheSystemLacks() throws Exception {
    script("dist/runtime/bin/java", "#!/bin/sh\necho \"own, found in <${LD_LIBRARY_PATH:-}>\"\n");
    for (String name : List.of("libc.so.6", "libnowhere.so.1")) { // every system has the first
      Files.createDirectories(folder.resolve("dist/runtime/lib/system/" + name));
      Files.createFile(folder.resolve("dist/runtime/lib/system/" + name + "/" + name));
    }
    String lacking =
        folder.toRealPath().resolve("dist/runtime/lib/system/libnowhere.so.1").toString();
    assertEquals("own, found in <" + lacking + ">\n", foundIn(Map.of("JAVA_HOME", "/no/jdk")));
  }
}
