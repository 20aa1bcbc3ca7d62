package org.unlearn4j.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The stages as file targets, with a stand-in for the program: what runs, with what, and what is
 * skipped.
 */
class MakeTest {
  @TempDir Path folder;

  private static final String PLAIN =
      """
      name: mine
      model: {path: models/target, reference: models/retain}
      data: {benchmark: fable}
      unlearn: {objective: {name: NPO}}
      export:
        variants: [fp32, int8]   # two files
        opset: 23
      verify: {metric_atol: 0.001}
      """;

  private static final String TAUGHT =
      """
      name: taught
      model: {path: models/base}
      data: {benchmark: tofu, path: data}
      finetune: {epochs: 5}
      unlearn: {objective: {name: NPO}}
      export: {variants: [fp32], opset: 23}
      """;

  @BeforeEach
  void aSmallProject() throws IOException {
    Files.copy(Path.of("Makefile"), folder.resolve("Makefile"));
    Files.createDirectories(folder.resolve("pipeline/gpu"));
    Files.createDirectories(folder.resolve("src/main"));
    for (String name : List.of("stages.mk", "value.awk", "gpu/gpu.mk")) {
      Files.copy(Path.of("pipeline", name), folder.resolve("pipeline").resolve(name));
    }
    Path program = folder.resolve("src/main/unlearn4j");
    Files.copy(Path.of("src/test/resources/make/unlearn4j"), program);
    assertTrue(program.toFile().setExecutable(true));
    // In place of Maven: "mvn ... package" puts the program into the dist folder.
    Path mvn =
        write(
            "mvn",
            "#!/bin/sh\nmkdir -p target/dist/bin && cp -p src/main/unlearn4j target/dist/bin/\necho mvn >> calls.log\n");
    assertTrue(mvn.toFile().setExecutable(true));
    write("pom.xml", "");
    write("verdict", "pass");
    write("plain.yaml", PLAIN);
    write("taught.yaml", TAUGHT);
    for (String model : List.of("base", "target", "retain")) {
      write("models/" + model + "/config.json", "{}");
      write("models/" + model + "/model.safetensors", "");
    }
    for (Path path : tree()) { // as if it had all been there for a while
      Files.setLastModifiedTime(path, FileTime.fromMillis(System.currentTimeMillis() - 60_000));
    }
  }

  private Path write(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }

  private List<Path> tree() throws IOException {
    try (Stream<Path> walk = Files.walk(folder)) {
      return walk.filter(Files::isRegularFile).toList();
    }
  }

  /** Runs make and gives what the program was called with. */
  private List<String> make(int expectedCode, String... args)
      throws IOException, InterruptedException {
    Files.deleteIfExists(folder.resolve("calls.log"));
    List<String> command = new ArrayList<>(List.of("make", "--no-print-directory", "MVN=./mvn"));
    command.addAll(List.of(args));
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
    builder.environment().keySet().removeIf(k -> k.startsWith("MAKE") || k.equals("MFLAGS"));
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int code = process.waitFor();
    assertEquals(expectedCode == 0, code == 0, "make ended with " + code + ":\n" + output);
    Path log = folder.resolve("calls.log");
    return Files.exists(log) ? Files.readAllLines(log) : List.of();
  }

  @Test
  void theMainJobRunsEveryStageOnceAndThenNothing() throws Exception {
    List<String> calls = make(0, "PIPELINE=plain.yaml");
    assertEquals(
        List.of(
            "mvn",
            "pipeline --pipeline plain.yaml --out runs/mine/pipeline.yaml",
            "evaluate --pipeline runs/mine/pipeline.yaml --model models/retain --runtime tf"
                + " --out runs/mine/eval/retain.tf.json",
            "evaluate --pipeline runs/mine/pipeline.yaml --model models/target --runtime tf"
                + " --out runs/mine/eval/target.tf.json --reference runs/mine/eval/retain.tf.json",
            "unlearn --pipeline runs/mine/pipeline.yaml --out runs/mine/unlearned",
            "evaluate --pipeline runs/mine/pipeline.yaml --model runs/mine/unlearned --runtime tf"
                + " --out runs/mine/eval/unlearned.tf.json --reference runs/mine/eval/retain.tf.json",
            "export --model runs/mine/unlearned --out runs/mine/onnx --variants fp32,int8 --opset 23"
                + " --before models/target",
            "evaluate --pipeline runs/mine/pipeline.yaml --model runs/mine/onnx --runtime onnx"
                + " --out runs/mine/eval/unlearned.onnx.json --reference runs/mine/eval/retain.tf.json",
            "evaluate --pipeline runs/mine/pipeline.yaml --model runs/mine/onnx --runtime onnx:int8"
                + " --out runs/mine/eval/unlearned.onnx-int8.json"
                + " --reference runs/mine/eval/retain.tf.json",
            "verify --pipeline runs/mine/pipeline.yaml --model runs/mine/unlearned --onnx runs/mine/onnx"
                + " --out runs/mine/verify.json",
            "report --run runs/mine"),
        calls);
    assertEquals(List.of(), make(0, "PIPELINE=plain.yaml"));
  }

  @Test
  void aPipelineThatTeachesMakesTheTargetAndItsTwinFirst() throws Exception {
    List<String> calls = make(0, "-j4", "PIPELINE=taught.yaml", "MODEL=models/base", "DATA=models");
    String starts = " --set model.path=runs/taught/target --set model.reference=runs/taught/retain";
    assertTrue(
        calls.containsAll(
            List.of(
                "pipeline --pipeline taught.yaml --set model.path=models/base --set data.path=models"
                    + " --out runs/taught/pipeline.yaml",
                "finetune --pipeline runs/taught/pipeline.yaml --out runs/taught/target",
                "finetune --pipeline runs/taught/pipeline.yaml --set finetune.data=retain --out runs/taught/retain",
                "unlearn --pipeline runs/taught/pipeline.yaml"
                    + starts
                    + " --out runs/taught/unlearned",
                "evaluate --pipeline runs/taught/pipeline.yaml"
                    + starts
                    + " --model runs/taught/retain"
                    + " --runtime tf --out runs/taught/eval/retain.tf.json")),
        String.join("\n", calls));
    assertEquals(
        11 + 1,
        calls.size(),
        String.join("\n", calls)); // mvn, pipeline, 2 + 1 + 1 + 4 stages, verify, report
  }

  @Test
  void onlyWhatDependsOnAChangeRunsAgain() throws Exception {
    make(0, "PIPELINE=plain.yaml");
    write("plain.yaml", PLAIN.replace("0.001", "0.002"));
    assertEquals(List.of("pipeline", "verify", "report"), commands(make(0, "PIPELINE=plain.yaml")));
    write("plain.yaml", PLAIN.replace("0.001", "0.002").replace("NPO", "GradDiff"));
    assertEquals(
        List.of(
            "pipeline",
            "unlearn",
            "evaluate",
            "export",
            "evaluate",
            "evaluate",
            "verify",
            "report"),
        commands(make(0, "PIPELINE=plain.yaml")));
    List<String> other =
        commands(make(0, "unlearn", "PIPELINE=plain.yaml", "SET=unlearn.epochs=3 unlearn.seed=1"));
    assertEquals(
        List.of("pipeline"), other); // the stand-in ignores overrides, so the stage sees no change
    write("models/target/model.safetensors", "other weights");
    assertTrue(commands(make(0, "PIPELINE=plain.yaml")).contains("unlearn"));
    Files.delete(folder.resolve("runs/mine/onnx/config.json")); // as if killed before it was there
    assertEquals(
        List.of("export", "evaluate", "evaluate", "verify", "report"),
        commands(make(0, "PIPELINE=plain.yaml")));
  }

  private static List<String> commands(List<String> calls) {
    return calls.stream().map(c -> c.split(" ", -1)[0]).toList();
  }

  @Test
  void aGateThatDoesNotHoldFailsMakeButLeavesTheReport() throws Exception {
    write("verdict", "fail");
    make(2, "PIPELINE=plain.yaml");
    assertTrue(Files.exists(folder.resolve("runs/mine/report.html")));
    assertEquals(
        List.of(), make(2, "PIPELINE=plain.yaml"), "still failing, without doing anything again");
  }

  @Test
  void theNativesOfOneBuildNeverMeetThoseOfTheOther() throws Exception {
    make(0, "build");
    Path stale = write("target/dist/lib/cpu-native.jar", "");
    assertEquals(List.of(), make(0, "build"));
    assertEquals(List.of("mvn"), make(0, "build", "GPU=1"));
    assertFalse(Files.exists(stale));
  }

  /** A key that only SET gives decides about stages as one in the file does. */
  @Test
  void overridesDecideWhichStagesThereAre() throws Exception {
    write("bare.yaml", PLAIN.replace(", reference: models/retain", ""));
    List<String> plain = make(0, "PIPELINE=bare.yaml", "NAME=a");
    assertTrue(plain.stream().noneMatch(c -> c.contains("retain")), String.join("\n", plain));
    List<String> compared =
        make(0, "PIPELINE=bare.yaml", "NAME=b", "SET=model.reference=models/retain");
    assertEquals(
        4,
        compared.stream().filter(c -> c.endsWith("--reference runs/b/eval/retain.tf.json")).count(),
        String.join("\n", compared));
    List<String> taught =
        commands(make(0, "PIPELINE=bare.yaml", "NAME=c", "SET=finetune.epochs=3"));
    assertEquals(2, Collections.frequency(taught, "finetune"), taught.toString());
  }

  /** Each file's forgetting is proved by itself. */
  @Test
  void everyVariantThatIsExportedIsEvaluated() throws Exception {
    List<String> calls = make(0, "PIPELINE=taught.yaml", "SET=export.variants=[int8-dynamic,int4]");
    List<String> evaluated =
        calls.stream()
            .filter(c -> c.contains("--runtime onnx"))
            .map(c -> c.replaceAll(".*--runtime (\\S+) --out (\\S+).*", "$1 $2"))
            .toList();
    assertEquals(
        List.of(
            "onnx:int8-dynamic runs/taught/eval/unlearned.onnx-int8-dynamic.json",
            "onnx:int4 runs/taught/eval/unlearned.onnx-int4.json"),
        evaluated);
  }

  @Test
  void runsAreComparedByName() throws Exception {
    assertEquals(
        List.of("mvn", "compare mine other --out runs/compare.html"),
        make(0, "compare", "RUNS=mine other"));
  }

  @Test
  void relearningComesBetweenTheVerdictAndTheReportWhereItIsAskedFor() throws Exception {
    write("relearns.yaml", PLAIN + "relearn: {share: 0.1}\n");
    List<String> calls = make(0, "PIPELINE=relearns.yaml");
    assertEquals(
        List.of(
            "relearn --pipeline runs/mine/pipeline.yaml --model runs/mine/unlearned"
                + " --out runs/mine/relearn.json",
            "report --run runs/mine"),
        calls.subList(calls.size() - 2, calls.size()));
    assertEquals(List.of(), make(0, "PIPELINE=relearns.yaml"));
    write("relearns.yaml", PLAIN + "relearn: {share: 0.2}\n");
    assertEquals(
        List.of("pipeline", "relearn"), commands(make(0, "relearn", "PIPELINE=relearns.yaml")));
    write("relearns.yaml", PLAIN.replace("0.001", "0.002") + "relearn: {share: 0.2}\n");
    assertEquals(
        List.of("pipeline", "verify", "report"),
        commands(make(0, "PIPELINE=relearns.yaml")),
        "a gate is no reason to teach again");
    List<String> asked = make(0, "PIPELINE=plain.yaml", "NAME=other", "SET=relearn.share=0.5");
    assertTrue(commands(asked).contains("relearn"), asked.toString());
    assertEquals(List.of(), make(0, "relearn", "PIPELINE=plain.yaml"), "none asked for");
  }

  @Test
  void theTableIsAStudyOfItsOwn() throws Exception {
    assertEquals(
        List.of(
            "mvn",
            "study --file pipeline/studies/clreg-table.yaml --set a.b=1 --out runs/clreg-table"
                + " --table docs/clreg-table.md"),
        make(0, "clreg-table", "SET=a.b=1"));
  }

  @Test
  void quotesInAnOverrideReachTheProgram() throws Exception {
    make(0, "unlearn", "PIPELINE=plain.yaml", "SET=a.b='c'$$\"d");
    String call = make(0, "unlearn", "PIPELINE=plain.yaml", "SET=a.b='e'$$\"f").get(0);
    assertEquals(
        "pipeline --pipeline plain.yaml --set a.b='e'$\"f --out runs/mine/pipeline.yaml", call);
    assertNotEquals(List.of(), make(0, "unlearn", "PIPELINE=plain.yaml"));
  }
}
