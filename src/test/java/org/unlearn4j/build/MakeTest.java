package org.unlearn4j.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The front door, with a stand-in for the program: what it is called with, and what make makes of
 * it.
 */
class MakeTest {
  /** Notes each argument on a line of its own, and ends with the code that lies in {@code code}. */
  private static final String PROGRAM =
      """
      #!/bin/sh
      for argument in "$@"; do printf '%s\\n' "$argument" >> calls.log; done
      exit "$(cat code)"
      """;

  @TempDir Path folder;

  @BeforeEach
  void aSmallProject() throws IOException {
    Files.copy(Path.of("Makefile"), folder.resolve("Makefile"));
    Files.createDirectories(folder.resolve("pipeline/gpu"));
    Files.createDirectories(folder.resolve("src/main"));
    for (String name : List.of("stages.mk", "gpu/gpu.mk")) {
      Files.copy(Path.of("pipeline", name), folder.resolve("pipeline").resolve(name));
    }
    assertTrue(write("src/main/unlearn4j", PROGRAM).toFile().setExecutable(true));
    // In place of Maven: "mvn ... package" puts the program into the dist folder.
    Path mvn =
        write(
            "mvn",
            """
            #!/bin/sh
            mkdir -p target/dist/bin && cp -p src/main/unlearn4j target/dist/bin/
            echo mvn >> builds.log
            """);
    assertTrue(mvn.toFile().setExecutable(true));
    write("pom.xml", "");
    write("pipeline/bom.sh", "");
    write("code", "0");
    try (Stream<Path> walk = Files.walk(folder)) {
      for (Path path : walk.filter(Files::isRegularFile).toList()) { // as if there for a while
        Files.setLastModifiedTime(path, FileTime.fromMillis(System.currentTimeMillis() - 60_000));
      }
    }
    make(0, "build");
  }

  private Path write(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }

  private int builds() throws IOException {
    return Files.readAllLines(folder.resolve("builds.log")).size();
  }

  /** Runs make and gives what the program was called with. */
  private List<String> make(int expectedCode, String... args) throws IOException {
    Files.deleteIfExists(folder.resolve("calls.log"));
    List<String> command = new ArrayList<>(List.of("make", "--no-print-directory", "MVN=./mvn"));
    command.addAll(List.of(args));
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
    builder.environment().keySet().removeIf(k -> k.startsWith("MAKE") || k.equals("MFLAGS"));
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int code;
    try {
      code = process.waitFor();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    assertEquals(expectedCode == 0, code == 0, "make ended with " + code + ":\n" + output);
    Path log = folder.resolve("calls.log");
    return Files.exists(log) ? Files.readAllLines(log) : List.of();
  }

  @Test
  void theMainJobIsARun() throws IOException {
    assertEquals(List.of("run", "--pipeline=pipeline/fable-floors.yaml"), make(0));
    assertEquals(
        List.of("run", "--pipeline=mine.yaml", "--jobs=4"), make(0, "-j4", "PIPELINE=mine.yaml"));
    assertEquals(1, builds(), "what is built is not built again");
  }

  @Test
  void whatIsGivenIsHandedOn() throws IOException {
    assertEquals(
        List.of(
            "run",
            "--pipeline=mine.yaml",
            "--set=model.path=m",
            "--set=data.path=d",
            "--set=unlearn.epochs=3",
            "--set=unlearn.seed=1",
            "--run=runs/other",
            "--force=unlearn"),
        make(
            0,
            "PIPELINE=mine.yaml",
            "MODEL=m",
            "DATA=d",
            "SET=unlearn.epochs=3 unlearn.seed=1",
            "NAME=other",
            "FORCE=unlearn"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"finetune", "unlearn", "export", "evaluate", "verify", "relearn", "attack"})
  void aStageIsARunUpToIt(String stage) throws IOException {
    assertEquals(
        List.of("run", "--pipeline=pipeline/fable-floors.yaml", "--until=" + stage),
        make(0, stage));
  }

  @Test
  void aPlanRunsNothing() throws IOException {
    assertEquals(
        List.of("run", "--pipeline=pipeline/fable-floors.yaml", "--plan"), make(0, "plan"));
  }

  /** A gate, a mistake, a machine that fails: what the program ends with is make's failure. */
  @ParameterizedTest
  @ValueSource(strings = {"1", "2", "3", "70", "137"})
  void whatFailsFails(String code) throws IOException {
    write("code", code);
    write("runs/fable/verify.json", "{\"verdict\": \"pass\"}"); // of another time
    make(1);
    make(1, "verify");
  }

  /** Names are one word of the shell and mean nothing to make, whatever is in them. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "with blanks.yaml",
        "semicolon;touch pwned.yaml",
        "dollar$IFS$(HOME)${HOME}.yaml",
        "make's own $(shell touch pwned).yaml",
        "two  blanks.yaml",
        "back`touch pwned`tick.yaml",
        "quote'and\"both.yaml",
        "hash#percent%colon:.yaml",
        "-leading-dash.yaml",
        "star*question?[a].yaml"
      })
  void namesAreTakenAsTheyAre(String name) throws IOException {
    write(name, "name: x\n");
    write("model/config.json;touch$IFS\"pwned\";#.json", "{}");
    List<String> calls = make(0, "PIPELINE=" + name, "MODEL=" + name, "DATA=model", "NAME=" + name);
    assertEquals(
        List.of(
            "run",
            "--pipeline=" + name,
            "--set=model.path=" + name,
            "--set=data.path=model",
            "--run=runs/" + name),
        calls);
    assertFalse(Files.exists(folder.resolve("pwned")));
  }

  @Test
  void quotesInAnOverrideReachTheProgram() throws IOException {
    assertEquals(
        List.of("run", "--pipeline=pipeline/fable-floors.yaml", "--set=a.b='c'$\"d"),
        make(0, "SET=a.b='c'$\"d"));
  }

  @Test
  void theNativesOfOneBuildNeverMeetThoseOfTheOther() throws IOException {
    Path stale = write("target/dist/lib/cpu-native.jar", "");
    make(0, "build");
    assertEquals(1, builds());
    make(0, "build", "GPU=1");
    assertEquals(2, builds());
    assertFalse(Files.exists(stale));
  }

  @Test
  void runsAreComparedByName() throws IOException {
    assertEquals(
        List.of("compare", "mine", "other", "--out", "runs/compare.html"),
        make(0, "compare", "RUNS=mine other"));
  }

  @Test
  void theTableIsAStudyOfItsOwn() throws IOException {
    assertEquals(
        List.of(
            "study",
            "--file",
            "pipeline/studies/clreg-table.yaml",
            "--set=a.b=1",
            "--out",
            "runs/clreg-table",
            "--table",
            "docs/results/clreg-table.md"),
        make(0, "clreg-table", "SET=a.b=1"));
  }

  /** With scripts that only make the folder that they are told to. */
  @Test
  void thePartsOfTheSlimBundleAreMadeWithoutEachOther() throws IOException {
    for (String[] script :
        new String[][] {{"libraries", "1"}, {"bundle", "2"}, {"onnx", "2"}, {"pieces", "2"}}) {
      String text = "#!/bin/sh\necho NAME >> scripts.log; mkdir -p $N; touch $N $N/SHA256SUMS\n";
      write(
          "pipeline/gpu/" + script[0] + ".sh",
          text.replace("NAME", script[0] + " $" + script[1]).replace("$N", "$" + script[1]));
    }
    write("pipeline/gpu/cuda.sha256", "");
    write("pipeline/gpu/slim.txt", "");
    write("pipeline/gpu/join.sh", "");
    write("pipeline/gpu/run.sh", "");
    write("pipeline/fable.yaml", "");
    make(0, "gpu-bundle", "SLIM=1");
    List<String> all =
        List.of(
            "libraries build/cuda",
            "bundle build/unlearn4j-slim",
            "pieces build/unlearn4j-slim",
            "onnx build/unlearn4j-slim-onnx",
            "pieces build/unlearn4j-slim-onnx");
    Path log = folder.resolve("scripts.log");
    assertEquals(all, Files.readAllLines(log).stream().map(l -> l.replace("-pieces", "")).toList());
    Files.delete(log);
    Files.move(folder.resolve("build/unlearn4j-slim-onnx"), folder.resolve("gone"));
    make(0, "gpu-bundle", "SLIM=1");
    assertEquals(
        List.of("onnx build/unlearn4j-slim-onnx", "pieces build/unlearn4j-slim-onnx-pieces"),
        Files.readAllLines(log),
        "the first part is as it was");
  }

  /** What runs when is said in one class, not here. */
  @Test
  void theStagesTakeFewLinesOfMake() throws IOException {
    assertTrue(Files.readAllLines(Path.of("pipeline/stages.mk")).size() < 60);
    assertFalse(Files.exists(Path.of("pipeline/value.awk")));
  }
}
