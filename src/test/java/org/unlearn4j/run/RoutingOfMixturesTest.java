package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.Routing;
import org.unlearn4j.fixtures.ChangedModel;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.Routes;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.onnx.ExportOptions;
import org.unlearn4j.onnx.OnnxExporter;
import org.unlearn4j.report.Report;
import org.unlearn4j.report.RunFolder;
import org.unlearn4j.train.FreshWeights;
import org.unlearn4j.train.ModelFolder;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.SafeTensors;

/** Where mixtures send tokens, on both runtimes, and in evaluation and report. */
class RoutingOfMixturesTest {
  private static final Path TOKENIZER = Path.of("src/test/resources/fable-tokenizer");

  @TempDir Path folder;

  private LanguageModel open(Path model, String runtime) {
    if (runtime.equals("tf")) {
      return RuntimeModels.open(model, runtime, () -> Computations.FP32);
    }
    Path deployed = folder.resolve("deployed-" + model.getFileName());
    OnnxExporter.export(model, deployed, ExportOptions.of(List.of("fp32", "int4")));
    return RuntimeModels.open(deployed, runtime, () -> Computations.FP32);
  }

  private static Routes routes(LanguageModel model, List<TokenRow> rows) {
    try (model) {
      assertTrue(model.routed());
      return model.routes(rows);
    }
  }

  /**
   * The last router's rows rolled by one: what went to expert e goes to e + 1, so every token there
   * changes its experts (two of five, rolled, are never the same two), and no other block does.
   */
  @ParameterizedTest
  @ValueSource(strings = {"tf", "onnx", "onnx:int4"})
  void aRolledRouterSendsEveryTokenOneFurther(String runtime) {
    Path fixture = Fixture.named("mixtral").folder();
    List<TokenRow> rows = Fixture.rows(Fixture.named("mixtral").expected());
    assertTrue(rows.stream().mapToInt(TokenRow::length).distinct().count() > 1, "padding");
    Path rolled = rolled(fixture);
    Path same = ChangedModel.write(fixture, folder.resolve("same"), (t, v) -> v);
    Routes before = routes(open(same, "tf"), rows);
    Routes unchanged = routes(open(same, runtime), rows);
    Routes after = routes(open(rolled, runtime), rows);
    assertEquals(List.of(new Routes.Layer(0, 5, 2), new Routes.Layer(1, 5, 2)), after.layers());
    for (int r = 0; r < rows.size(); r++) {
      assertEquals(rows.get(r).length(), after.rows().get(r).length, "padding is left out");
      for (int t = 0; t < rows.get(r).length(); t++) {
        int[] was = unchanged.rows().get(r)[t];
        int[] expected = {was[0], was[1], (was[2] + 1) % 5, (was[3] + 1) % 5};
        assertArrayEquals(expected, after.rows().get(r)[t]);
      }
    }
    Routing moved = Routing.compare(Optional.of(unchanged), after);
    assertEquals(0, moved.byLayer().get("0").change().get(Routing.CHANGED));
    assertEquals(1, moved.byLayer().get("1").change().get(Routing.CHANGED));
    assertEquals(1, moved.byLayer().get("1").change().get(Routing.FIRST_CHANGED));
    if (!runtime.endsWith("int4")) {
      Routing nothing = Routing.compare(Optional.of(before), unchanged);
      assertEquals(Optional.of(0.0), nothing.mean(Routing.FIRST_CHANGED), "no runtime moves any");
    }
  }

  private Path rolled(Path source) {
    String router = "model.layers.1.block_sparse_moe.gate.weight";
    float[] values;
    try (SafeTensors weights = SafeTensors.open(source)) {
      values = weights.floats(router);
    }
    int width = values.length / 5;
    AtomicInteger at = new AtomicInteger();
    return ChangedModel.write(
        source,
        folder.resolve("rolled"),
        (t, v) ->
            t.name().equals(router)
                ? values[(at.getAndIncrement() + values.length - width) % values.length]
                : v);
  }

  @Test
  void evaluationAndReportSayHowManyTokensMoved() throws IOException {
    Path base = fresh("base", 1);
    Path after = fresh("after", 2);
    Path deployed = folder.resolve("deployed");
    OnnxExporter.export(after, deployed, ExportOptions.of(List.of("fp32")));
    EvaluateStage stage =
        new EvaluateStage(
            Pipeline.defaults(
                "NPO",
                List.of(
                    "model.path=" + base,
                    "data.max_length=96",
                    "evaluate.limit=4",
                    "evaluate.max_new_tokens=2")));
    RunFolder run = new RunFolder(folder.resolve("run"));
    EvaluationResult target = evaluated(stage, run, "target", base, "tf");
    assertEquals(Optional.empty(), target.routing().get("forget").mean(Routing.CHANGED));
    assertEquals(
        1, sum(target.routing().get("retain").byLayer().get("0").load()), 1e-12, "but its load");
    EvaluationResult tf = evaluated(stage, run, "unlearned", after, "tf");
    EvaluationResult onnx = evaluated(stage, run, "unlearned", deployed, "onnx");
    for (String set : List.of("forget", "retain")) {
      double share = tf.routing().get(set).mean(Routing.CHANGED).orElseThrow();
      assertTrue(share > 0 && share <= 1, set + " " + share);
      // A token whose second and third expert are as likely may go either way in float32.
      assertEquals(share, onnx.routing().get(set).mean(Routing.CHANGED).orElseThrow(), 0.01);
      assertEquals(
          target.routing().get(set).byLayer().get("0").load(),
          tf.routing().get(set).byLayer().get("0").loadBefore());
    }
    String page = Files.readString(Report.write(run).get(0));
    assertTrue(page.contains("id=\"routing\""), "a section");
    assertTrue(page.contains("experts changed"));
  }

  @Test
  void aDenseModelHasNoRouting() {
    try (LanguageModel dense = open(Fixture.named("llama").folder(), "tf")) {
      assertFalse(dense.routed());
    }
    try (LanguageModel dense = open(Fixture.named("llama").folder(), "onnx")) {
      assertFalse(dense.routed());
    }
  }

  private static double sum(List<Double> values) {
    return values.stream().mapToDouble(v -> v).sum();
  }

  private static EvaluationResult evaluated(
      EvaluateStage stage, RunFolder run, String name, Path model, String runtime) {
    EvaluationResult result =
        stage.run(new EvaluateStage.Request(name, model, runtime, Optional.empty()));
    Path file = run.evaluation(name, runtime);
    result.write(file);
    assertEquals(result.routing(), EvaluationResult.read(file).routing());
    return result;
  }

  /** A tiny mixture with the benchmark's vocabulary. */
  private Path fresh(String name, long seed) throws IOException {
    Path source = Files.createDirectory(folder.resolve(name + "-config"));
    String config = Files.readString(Fixture.named("mixtral").folder().resolve("config.json"));
    Files.writeString(
        source.resolve("config.json"),
        config.replaceFirst("\"vocab_size\": 104", "\"vocab_size\": 2048"));
    Decoder decoder = Decoder.of(ModelConfig.read(source));
    assertEquals(2048, decoder.config().vocabSize());
    Path model = folder.resolve(name);
    for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
      Files.copy(TOKENIZER.resolve(file), source.resolve(file));
    }
    ModelFolder.write(
        model,
        decoder,
        ModelFolder.fresh(decoder, DType.F32),
        (p, to) -> to.accept(FreshWeights.of(seed, 0.3).apply(p)),
        source,
        Optional.empty());
    return model;
  }
}
