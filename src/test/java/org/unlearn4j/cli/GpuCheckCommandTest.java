package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The parts in their order, with a stand-in for the program. */
class GpuCheckCommandTest {
  private static final String PROGRAM =
      """
      #!/bin/sh
      echo "$* [${CUDA_VISIBLE_DEVICES:-all}]" >> calls.log
      what=$1
      for a; do
        [ "$last" = --out ] && out=$a
        [ "$last" = --run ] && run=$a
        last=$a
      done
      case "$*" in *FAIL*) echo "it went wrong" >&2; exit 3 ;; esac
      case $what in
        doctor) echo '{"gpu": {"seen": SEEN}}' ;;
        run)
          mkdir -p "$run/eval" && cp resolved.yaml "$run/pipeline.yaml"
          for e in retain.tf target.tf unlearned.tf unlearned.onnx-int8; do
            echo '{"metrics": {"model_utility": 0.5}}' > "$run/eval/$e.json"
          done
          echo '{"verdict": "pass"}' > "$run/verify.json" ;;
        check) echo '{"verdict": "pass"}' ;;
        bench) echo '{"step_ms": 20}' ;;
        evaluate) mkdir -p "${out%/*}" && echo '{"metrics": {"model_utility": 0.5}}' > "$out" ;;
      esac
      """;

  @TempDir Path home;

  /**
   * What {@code pipeline} makes of the pipeline that a bundle has, with models that are there for
   * programs that run in the bundle only.
   */
  private static void resolved(Path home) throws IOException {
    Path to = home.resolve("resolved.yaml");
    CommandRun r =
        CommandRun.of("pipeline", "--pipeline", "pipeline/fable.yaml", "--out", to.toString());
    assertEquals(ExitCode.DONE, r.code(), r.err());
    Files.writeString(to, Files.readString(to).replace("models/", "bundled/"));
  }

  private JsonNode check(int code, String program, String... more) throws IOException {
    Path file = home.resolve("bin/unlearn4j");
    Files.createDirectories(file.getParent());
    Files.writeString(file, program.replace("SEEN", "false"));
    resolved(home);
    assertTrue(file.toFile().setExecutable(true));
    List<String> args = new ArrayList<>(List.of("gpu-check", "--home", home.toString()));
    args.addAll(List.of("--out", home.resolve("found.json").toString(), "--steps", "2"));
    args.addAll(List.of(more));
    CommandRun r = CommandRun.withNotes(args.toArray(String[]::new));
    assertEquals(code, r.code(), r.err() + r.out());
    return new ObjectMapper().readTree(home.resolve("found.json").toFile());
  }

  private List<String> calls() throws IOException {
    return Files.readAllLines(home.resolve("calls.log"));
  }

  private static List<String> outcomes(JsonNode found) {
    List<String> outcomes = new ArrayList<>();
    found
        .path("parts")
        .forEach(p -> outcomes.add(p.path("part").asText() + " " + p.path("outcome").asText()));
    return outcomes;
  }

  @Test
  void everyPartIsDoneAndNoted() throws IOException {
    JsonNode found =
        check(
            ExitCode.DONE, PROGRAM, "--parts", "doctor|fixtures|fable|bench", "--shapes", "5m,1b");
    assertEquals("pass", found.path("verdict").asText());
    assertEquals("cpu", found.path("computed_on").asText());
    assertEquals(
        List.of(
            "doctor pass",
            "fixtures.fp32 pass",
            "fixtures.bf16 pass",
            "fable pass",
            "bench.5m.fp32 pass",
            "bench.5m.bf16 pass",
            "bench.1b.fp32 pass",
            "bench.1b.bf16 pass"),
        outcomes(found));
    String fixtures = home.resolve("fixtures").toString();
    assertEquals("doctor --json [all]", calls().get(0));
    assertEquals(
        "check --fixtures " + fixtures + " --precision fp32 --device cpu --json [all]",
        calls().get(1));
    assertTrue(
        calls().contains("bench --shape 1b --precision bf16 --steps 2 --device cpu --json [all]"));
    JsonNode fable = found.path("parts").path(3);
    assertEquals(1, fable.path("stages").size(), fable.toString());
    JsonNode evaluations = fable.at("/stages/0/evaluations");
    assertEquals(4, evaluations.size(), "what is there: " + evaluations);
    assertEquals(0.5, evaluations.at("/unlearned.onnx-int8/metrics/model_utility").doubleValue());
    assertEquals("pass", fable.at("/stages/0/result/verdict").asText());
    assertTrue(fable.path("beside_the_cpu").isMissingNode(), "it was on the CPU");
    assertEquals(20, found.at("/parts/4/result/step_ms").intValue());
  }

  @Test
  void theMainJobIsTheBundlesOnTheDevice() throws IOException {
    check(ExitCode.DONE, PROGRAM, "--parts", "fable", "--device", "cpu", "--set", "unlearn.seed=7");
    String run = calls().stream().filter(c -> c.startsWith("run ")).findFirst().orElseThrow();
    assertEquals(
        "run --pipeline "
            + home.resolve("pipeline/fable.yaml")
            + " --run "
            + home.resolve("found-fable")
            + " --set model.device=cpu --set unlearn.seed=7 [-1]",
        run);
  }

  @Test
  void aPartThatFailsIsKeptAndTheOthersAreDone() throws IOException {
    String program = PROGRAM.replace("FAIL", "'--precision bf16'");
    JsonNode found = check(ExitCode.GATE, program, "--parts", "fixtures|bench", "--shapes", "5m");
    assertEquals("fail", found.path("verdict").asText());
    assertEquals(
        List.of(
            "doctor pass",
            "fixtures.fp32 pass",
            "fixtures.bf16 fail",
            "bench.5m.fp32 pass",
            "bench.5m.bf16 fail"),
        outcomes(found));
    assertEquals(3, found.at("/parts/2/exit_code").intValue());
    assertEquals("it went wrong", found.at("/parts/2/stderr").asText());
  }

  @Test
  void aStageThatFailsEndsTheRunOnFable() throws IOException {
    String program = PROGRAM.replace("FAIL", "found-fable");
    JsonNode found = check(ExitCode.GATE, program, "--parts", "fable");
    JsonNode stages = found.at("/parts/1/stages");
    assertEquals(1, stages.size(), stages.toString());
    assertEquals("run.cpu", stages.at("/0/stage").asText());
    assertEquals("fail", stages.at("/0/outcome").asText());
    assertTrue(stages.at("/0/result").isMissingNode());
  }

  @Test
  void theDeviceIsSaidInCudasWords() throws IOException {
    check(ExitCode.DONE, PROGRAM, "--parts", "fixtures", "--device", "cpu");
    assertTrue(calls().stream().allMatch(c -> c.endsWith("[-1]")), calls().toString());
    Files.delete(home.resolve("calls.log"));
    JsonNode found = check(ExitCode.GATE, PROGRAM, "--parts", "fixtures", "--device", "gpu:2");
    assertTrue(calls().stream().allMatch(c -> c.endsWith("[2]")), calls().toString());
    assertTrue(calls().get(1).contains("--device gpu:0 "), "the one that is visible is the first");
    assertEquals("doctor fail", outcomes(found).get(0), "a GPU was asked for and none is seen");
  }

  @Test
  void aProgramThatHangsIsEnded() throws IOException {
    String program = PROGRAM.replace("check) echo", "check) sleep 100; echo");
    JsonNode found = check(ExitCode.GATE, program, "--parts", "fixtures.fp32", "--limit", "1");
    assertEquals(124, found.at("/parts/1/exit_code").intValue());
  }

  @Test
  void mistakes() {
    CommandRun none = CommandRun.of("gpu-check", "--home", home.resolve("no").toString());
    assertEquals(ExitCode.USER, none.code());
    assertTrue(none.err().contains("found no bin/unlearn4j, expected a bundle"), none.err());
  }
}
