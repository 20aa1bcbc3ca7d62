package org.unlearn4j.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.train.BenchShape;

/** A check of a machine with a card, with stand-ins for the program and for PyTorch. */
class GpuCheckTest {
  /** Metrics are 0.5; on the CPU CPU_METRIC, of another seed 0.48. */
  private static final String PROGRAM =
      """
      #!/bin/sh
      echo "$* [${CUDA_VISIBLE_DEVICES:-all}]" >> calls.log
      what=$1
      for a; do
        [ "$last" = --out ] && out=$a
        [ "$last" = --run ] && run=$a
        case $a in model.device=*) device=${a#*=} ;; esac
        last=$a
      done
      case "$*" in *FAIL*) echo "it went wrong" >&2; exit 3 ;; esac
      metric=0.5
      case "$*" in *model.device=cpu*) metric=CPU_METRIC ;; esac
      case "$out" in *other-seed*) metric=0.48 ;; esac
      case $what in
        doctor) echo 'DOCTOR' ;;
        run)
          mkdir -p "$run/eval" && sed "s/device: auto/device: $device/" resolved.yaml > "$run/pipeline.yaml"
          printf '{"metrics": {"model_utility": %s}}' $metric > "$run/eval/unlearned.tf.json"
          echo '{"verdict": "pass"}' > "$run/verify.json" ;;
        check) echo '{"verdict": "pass"}' ;;
        bench) case "$*" in
          *--memory*) echo '{"variables": 500, "step_measured": 140.0}' ;;
          *) echo '{"step_ms": 20, "device_memory_mb": 900, "utilisation": 0.4}' ;;
          esac ;;
        evaluate) mkdir -p "${out%/*}" && printf '{"metrics": {"model_utility": %s}}' $metric > "$out" ;;
      esac
      """;

  private static final String TORCH =
      """
      #!/bin/sh
      echo "$*" >> torch.log
      case $1 in
        -c) echo "2.9.0+cu128 SEES" ;;
        *) echo '{"step_ms": 30, "device_memory_mb": 1000, "allocated_mb": 800}' ;;
      esac
      """;

  private static final String CARD =
      "{\"gpu\": {\"seen\": true, \"cuda_build\": true, \"cards\": [{\"capability\": \"9.0\"}], "
          + "\"onnxruntime_provider\": true, \"causes\": []}}";

  /** The slim bundle's, with the words that doctor has for it. */
  private static final String NO_PROVIDER =
      CARD.replace("\"onnxruntime_provider\": true", "\"onnxruntime_provider\": false")
          .replace(
              "[]}}",
              "[{\"affects\": \"tensorflow\", \"found\": \"t\"},"
                  + " {\"affects\": \"onnxruntime\", \"found\": \"no file\"}]}}");

  @TempDir Path home;
  private String program;
  private String torch;

  @BeforeEach
  void aMachineWithACard() throws IOException {
    // What `pipeline` makes of the bundle's, with models that are there in the bundle only.
    String resolved = Pipeline.read(Path.of("pipeline/fable.yaml"), List.of()).toYaml();
    Files.writeString(home.resolve("resolved.yaml"), resolved.replace("models/", "bundled/"));
    program = PROGRAM.replace("DOCTOR", CARD).replace("CPU_METRIC", "0.5001");
    torch = TORCH.replace("SEES", "True");
  }

  private record Found(CheckVerdict verdict, JsonNode json) {
    JsonNode part(String name) {
      return StreamSupport.stream(json.path("parts").spliterator(), false)
          .filter(p -> p.path("part").asText().equals(name))
          .findFirst()
          .orElseThrow();
    }

    String outcome(String part) {
      return part(part).path("outcome").asText();
    }
  }

  private Found check(String device, String parts) throws IOException {
    return check(device, parts, "found.json", Allowance.UNLIMITED);
  }

  private Found check(String device, String parts, String json, int seconds) throws IOException {
    script("bin/unlearn4j", program);
    script("python3", torch);
    Path out = home.resolve(json);
    GpuCheck.Request request =
        new GpuCheck.Request(
            home,
            out,
            device,
            Pattern.compile(parts).asPredicate(),
            List.of(BenchShape.SHAPE_1B),
            BenchShape.SHAPE_8B,
            2,
            List.of());
    ChildProcess programs = new ChildProcess(home, () -> 60, () -> false);
    CheckVerdict verdict =
        new GpuCheck(
                request,
                (command, environment) -> {
                  List<String> own = new ArrayList<>(command);
                  own.replaceAll(w -> w.equals("python3") ? home.resolve(w).toString() : w);
                  return programs.run(own, environment);
                },
                Allowance.of(seconds, () -> false),
                new PrintStream(OutputStream.nullOutputStream()),
                new PrintStream(OutputStream.nullOutputStream()))
            .run();
    return new Found(verdict, new ObjectMapper().readTree(out.toFile()));
  }

  private void script(String name, String text) throws IOException {
    Path file = home.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
    assertTrue(file.toFile().setExecutable(true));
  }

  private List<String> calls(String with) throws IOException {
    return Files.readAllLines(home.resolve("calls.log")).stream()
        .filter(c -> c.contains(with))
        .toList();
  }

  @Test
  void everythingIsOnTheCardAndFableOnTheCpuToo() throws IOException {
    Found found = check("auto", ".");
    assertEquals(CheckVerdict.PASS, found.verdict, found.json.toPrettyString());
    assertEquals("gpu", found.json.path("computed_on").asText());
    String note = found.part("doctor").path("note").asText();
    assertTrue(note.contains("CUDA_CACHE_PATH"), "9.0 is compiled for: " + note);
    assertTrue(calls("check ").stream().allMatch(c -> c.contains("--device gpu:0 ")));
    assertTrue(calls("bench ").stream().allMatch(c -> c.contains("--device gpu:0 ")));
    assertEquals(4, calls("bench ").size());
    assertTrue(calls("run ").get(0).contains("--set model.device=gpu:0 "));
    List<String> stages = new ArrayList<>();
    found.part("fable").path("stages").forEach(s -> stages.add(s.path("stage").asText()));
    assertEquals(
        List.of(
            "run.cpu",
            "run.cuda",
            "unlearned.tf.cpu",
            "unlearn.cpu",
            "trained.cpu",
            "unlearn.cpu.seed",
            "trained.cpu.seed"),
        stages);
    assertEquals(1, calls("evaluate.provider=cuda").size());
    assertEquals(5, calls("model.device=cpu").size());
    assertEquals(1, calls("unlearn.seed=1 ").size(), "the pipeline's is 0");
    JsonNode beside = found.part("fable").path("beside_the_cpu");
    assertEquals(1e-4, beside.at("/same_weights/largest").doubleValue(), 1e-9);
    assertEquals(1e-3, beside.at("/same_weights/allowed").doubleValue(), "verify.metric_atol");
    assertEquals(1e-4, beside.at("/same_training/distances/model_utility").doubleValue(), 1e-9);
    assertEquals(0.0201, beside.at("/same_training/largest_of_another_seed").doubleValue(), 1e-9);
  }

  @Test
  void figuresBesidePyTorchs() throws IOException {
    Found found = check("auto", "bench|memory|torch|fixtures");
    JsonNode torchs = found.part("torch.1b.bf16");
    assertEquals("2.9.0+cu128", torchs.path("torch").asText());
    assertEquals(1.5, torchs.path("torch_ms_by_ours").doubleValue(), "30 / 20");
    assertEquals(0.9, torchs.path("memory_by_torchs").doubleValue(), "900 / 1000");
    assertEquals(0.8, torchs.path("tensors_by_torchs").doubleValue(), "(500 + 140) / 800");
    String asked = Files.readAllLines(home.resolve("torch.log")).get(1);
    assertTrue(asked.contains("--device cuda"), asked);
    JsonNode goals = found.json.path("to_reach");
    assertTrue(goals.at("/fixtures/reached").asBoolean(), goals.toString());
    assertTrue(goals.at("/step/reached").asBoolean(), goals.toString());
    assertTrue(goals.at("/memory/reached").asBoolean(), goals.toString());
    assertEquals(0.4, goals.at("/utilisation/found").doubleValue());
    assertEquals("unknown", goals.at("/fable_trained/reached").asText(), "Fable was not done");
  }

  /** Nothing to compare with is no failure, a number that was not measured makes no ratio. */
  @Test
  void aPyTorchWithoutCudaIsAbsent() throws IOException {
    torch = TORCH.replace("SEES", "False");
    Found found = check("auto", "bench|torch");
    assertEquals(CheckVerdict.PASS, found.verdict);
    assertEquals("absent", found.outcome("torch.1b.bf16"));
    assertTrue(found.part("torch.1b.bf16").path("why").asText().contains("sees no GPU"));
    assertEquals("unknown", found.json.at("/to_reach/step/reached").asText());
    Found cpu = check("cpu", "bench|torch");
    assertEquals("pass", cpu.outcome("torch.1b.bf16"), "on the CPU it will do");
  }

  /** The check of a card that passes without the card is the one thing it must not do. */
  @Test
  void aCardThatIsNotSeenFails() throws IOException {
    program =
        PROGRAM.replace("DOCTOR", "{\"gpu\": {\"seen\": false, \"cards\": [{}], \"why\": \"w\"}}");
    Found listed = check("auto", "fixtures");
    assertEquals(CheckVerdict.FAIL, listed.verdict);
    assertEquals("fail", listed.outcome("doctor"));
    assertTrue(listed.json.path("computed_on").asText().startsWith("nothing"));
    assertEquals(2, calls("--device gpu:0 ").size(), "nothing is done on the CPU in its place");
    program = PROGRAM.replace("DOCTOR", "{\"gpu\": {\"seen\": false, \"cuda_build\": true}}");
    Found build = check("auto", "fixtures");
    assertEquals(CheckVerdict.FAIL, build.verdict, "nobody takes the CUDA build for the CPU");
    Found meant = check("cpu", "fixtures");
    assertEquals(CheckVerdict.PASS, meant.verdict);
    assertEquals("cpu", meant.json.path("computed_on").asText());
    program = PROGRAM.replace("DOCTOR", "{\"gpu\": {\"seen\": false, \"cuda_build\": false}}");
    Found cpu = check("auto", "fixtures");
    assertEquals(CheckVerdict.PASS, cpu.verdict, "the CPU build where there is no card");
  }

  /** What the slim bundle cannot do is said, and is no failure; the rest is done. */
  @Test
  void aProviderThatIsNotThereIsSkipped() throws IOException {
    program = PROGRAM.replace("DOCTOR", NO_PROVIDER).replace("CPU_METRIC", "0.5001");
    Found found = check("auto", "fable");
    assertEquals(CheckVerdict.PARTIAL, found.verdict, found.json.toPrettyString());
    JsonNode stages = found.part("fable").path("stages");
    assertEquals("run.cuda", stages.at("/1/stage").asText());
    assertEquals("skipped", stages.at("/1/outcome").asText());
    String why = "ONNX Runtime does not compute on the GPU: no file";
    assertEquals(why, stages.at("/1/why").asText());
    assertEquals(7, stages.size(), "beside the CPU all the same");
    assertTrue(calls("evaluate.provider=cuda").isEmpty());
    assertEquals(
        List.of("skipped: fable/run.cuda (" + why + ")"),
        CheckOutcomes.lines(home.resolve("found.json")));
  }

  /** Minutes apart, with a JSON each: the second finds what the first has trained on the card. */
  @Test
  void theRestOfFableFindsTheFirstPart() throws IOException {
    // Whatever else has such a name must not end the check: another version's record, for one.
    Path strange = Files.createDirectories(home.resolve("strange-fable/eval")).getParent();
    Files.writeString(strange.resolve("eval/unlearned.tf.json"), "{}");
    Files.writeString(strange.resolve("pipeline.yaml"), "unlearn: {no_such_key: 1}");
    Found none = check("auto", "fable.rest", "none.json", 3600);
    assertEquals("absent", none.outcome("fable.rest"));
    check("cpu", "^fable$", "processor.json", 3600); // which is no card's
    check("auto", "^fable$", "first.json", 3600);
    Found rest = check("auto", "fable.rest", "second.json", 3600);
    assertEquals("pass", rest.outcome("fable.rest"), rest.json.toPrettyString());
    Path first = home.resolve("first-fable");
    assertEquals(first.toString(), rest.part("fable.rest").path("of").asText());
    assertTrue(Files.exists(first.resolve("cpu/other-seed.tf.json")), "its CPU side lies there");
    assertEquals(CheckVerdict.PASS, rest.verdict);
  }

  /** Both providers' verdicts have one name: that of the first is not the second's. */
  @Test
  void aVerdictThatWasNotWrittenIsNotShown() throws IOException {
    program = program.replace("*FAIL*", "run*provider=cuda*");
    Found found = check("auto", "fable");
    assertEquals(CheckVerdict.FAIL, found.verdict);
    JsonNode stages = found.part("fable").path("stages");
    assertEquals("pass", stages.at("/0/result/verdict").asText());
    assertEquals("run.cuda", stages.at("/1/stage").asText());
    assertEquals("fail", stages.at("/1/outcome").asText());
    assertTrue(stages.at("/1/result").isMissingNode(), stages.path(1).toString());
    assertEquals("run.cuda", found.part("fable").path("gate").asText());
    assertEquals("trained.cpu.seed", stages.at("/6/stage").asText(), "the rest is done");
  }

  /** 0.02 apart for the same weights, where 0.001 is allowed. */
  @Test
  void metricsThatAreNotTheCpusFail() throws IOException {
    program = PROGRAM.replace("DOCTOR", CARD).replace("CPU_METRIC", "0.52");
    Found found = check("auto", "fable");
    assertEquals("fail", found.outcome("fable"));
    JsonNode own = found.part("fable").at("/beside_the_cpu/same_weights");
    assertEquals("fail", own.path("outcome").asText());
    assertFalse(found.json.at("/to_reach/fable_measured/reached").asBoolean(true));
  }

  @Test
  void aMetricThatOneSideLacksIsNoAgreement() throws IOException {
    ObjectMapper json = new ObjectMapper();
    JsonNode both = json.readTree("{\"model_utility\": 0.5, \"forget_rouge\": 0.25}");
    assertEquals(0.0, FableCheck.largest(FableCheck.distances(both, both)));
    JsonNode one = json.readTree("{\"model_utility\": 0.5}");
    assertTrue(Double.isNaN(FableCheck.largest(FableCheck.distances(both, one))));
    assertTrue(Double.isNaN(FableCheck.largest(FableCheck.distances(one, both))));
  }
}
