package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.train.Trainer;
import org.unlearn4j.train.TrainingData;
import org.unlearn4j.train.TrainingStep;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepGraph;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.SafeTensorsWriter;

/** The choice of modules as a run makes it, keeps it and tells it. */
class SalientModulesTest {
  private static final Computation PLAIN = Computations.FP32;

  @TempDir Path temp;

  private final StepFixture fixture = new StepFixture("llama");
  private final ByteArrayOutputStream said = new ByteArrayOutputStream();

  private static Pipeline pipeline(double share) {
    return Pipeline.defaults(
        "GradDiff",
        List.of(
            "unlearn.salient_share=" + share,
            "unlearn.batch_size=2",
            "unlearn.epochs=4",
            "unlearn.checkpoint_every=1",
            "unlearn.warmup_epochs=1",
            "unlearn.learning_rate=1.0e-3"));
  }

  private Trainer.Files files(String name) {
    return StageSupport.files(temp.resolve(name).resolve("unlearned"), "train.jsonl", "run");
  }

  private TrainingData data() {
    return new TrainingData(
        fixture.rows().get(Segment.FORGET),
        fixture.rows().get(Segment.RETAIN),
        List.of(),
        Map.of());
  }

  private Objective whole(Pipeline pipeline) {
    return Objectives.of(pipeline.unlearn(), fixture.decoder());
  }

  private Optional<SalientModules.Chosen> choose(double share, Path base, Trainer.Files files) {
    Pipeline pipeline = pipeline(share);
    said.reset();
    return new SalientModules(pipeline.unlearn(), fixture.decoder(), PLAIN, base)
        .choose(
            whole(pipeline),
            data(),
            model -> Map.of(),
            files,
            new PrintStream(said, true, StandardCharsets.UTF_8));
  }

  private Path model() {
    return fixture.fixture().folder();
  }

  private static JsonNode json(Path file) throws IOException {
    return new ObjectMapper().readTree(file.toFile());
  }

  /** Which: SaliencyPassTest derives it. */
  @Test
  void theChoiceIsToldAndWritten() throws IOException {
    Trainer.Files files = files("told");
    SalientModules.Chosen chosen = choose(0.1, model(), files).orElseThrow();
    String block = "model.layers.0.self_attn.";
    List<String> modules =
        List.of(
            block + "q_proj.weight",
            block + "k_proj.weight",
            block + "v_proj.weight",
            block + "o_proj.weight");
    assertEquals(new SalientModules.Chosen(0.1, modules, 3072), chosen);
    String lines = said.toString(StandardCharsets.UTF_8);
    assertTrue(
        lines.contains(
            "unlearn: 4 of 21 linear maps of the blocks learn, 11.1 % of their weights"
                + " (salient_share 0.1; logs/saliency.json)"),
        lines);
    assertTrue(lines.startsWith("unlearn, search for salient modules: "), lines);
    assertFalse(lines.contains("moments"), "none are needed for the search: " + lines);
    JsonNode record = json(temp.resolve("told/logs/saliency.json"));
    assertEquals(0.1, record.path("salient_share").doubleValue());
    assertEquals("GradDiff", record.path("forget_loss").textValue());
    assertEquals(27_648, record.path("weights").longValue());
    assertEquals(21, record.path("modules").size());
    double before = Double.POSITIVE_INFINITY;
    for (int i = 0; i < 21; i++) {
      JsonNode m = record.path("modules").get(i);
      assertTrue(m.path("saliency").doubleValue() <= before, "most salient first");
      before = m.path("saliency").doubleValue();
      assertEquals(i < 4, m.path("learns").booleanValue(), m.toString());
      assertEquals(i < 4, modules.contains(m.path("name").textValue()), m.toString());
    }
    // Another choice for the same folder: nothing is left that says otherwise.
    assertEquals(Optional.empty(), choose(1, model(), files));
    assertEquals("", said.toString(StandardCharsets.UTF_8));
    assertFalse(Files.exists(temp.resolve("told/logs/saliency.json")));
  }

  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  /** Trains what was chosen, from a model's weights, as a process of its own would. */
  private Map<String, float[]> train(
      TrainingStep step, Path base, Trainer.Files files, int killAfter) {
    StageSupport.assign(step.graph(), base);
    new Trainer(step, pipeline(0.1).unlearn().loop(), data(), Trainer.Regularisation.NONE)
        .run(
            files,
            (done, total, outcome) -> {
              if (done == killAfter) {
                throw new Killed();
              }
            });
    return StepFixture.weights(step.graph());
  }

  /** Where block 0's attention hardly reaches the stream: there, nothing of it is salient. */
  private Path elsewhere() {
    Path file = temp.resolve("elsewhere.safetensors");
    try (SafeTensors model = SafeTensors.open(model())) {
      SafeTensorsWriter.write(
          file,
          model.names().stream().map(model::info).toList(),
          t -> {
            float[] values = model.floats(t.name());
            for (int i = 0; t.name().contains("0.self_attn.") && i < values.length; i++) {
              values[i] *= 1e-3f;
            }
            return FloatBuffer.wrap(values);
          },
          Map.of());
    }
    return file;
  }

  /**
   * Three rows in batches of two are two steps an epoch; killed in the third epoch of four. Who
   * goes on is given other weights to start from, so that a search there would choose otherwise
   * (the control): there must be none, and the weights' place is taken by the checkpoint's.
   */
  @Test
  void aRunThatIsTakenUpAgainTrainsTheSameModules() {
    Trainer.Files broken = files("broken");
    SalientModules.Chosen chosen = choose(0.1, model(), broken).orElseThrow();
    Objective objective = whole(pipeline(0.1)).training(Set.copyOf(chosen.modules()));
    StepGraph graph = new StepGraph(fixture.decoder(), objective, PLAIN);
    LoopSettings loop = pipeline(0.1).unlearn().loop();
    try (TrainingStep step = new TrainingStep(graph, loop.optimizer(), 1)) {
      assertThrows(Killed.class, () -> train(step, model(), broken, 5));
      assertNotEquals(chosen, choose(0.1, elsewhere(), files("other")).orElseThrow());
      assertEquals(chosen, choose(0.1, elsewhere(), broken).orElseThrow());
      String lines = said.toString(StandardCharsets.UTF_8);
      assertTrue(lines.contains("(salient_share 0.1; those of the checkpoint)"), lines);
      final Map<String, float[]> resumed = train(step, elsewhere(), broken, -1);
      Map<String, float[]> unbroken = train(step, model(), files("unbroken"), -1);
      assertEquals(unbroken.keySet(), resumed.keySet());
      unbroken.forEach((name, e) -> assertArrayEquals(e, resumed.get(name), 0f, name));
    }
  }

  /** The stage: its folder, its record. Fable's target, one step an epoch or two. */
  @Test
  void aStageMovesWhatItChoseAndRecordsIt() throws IOException {
    Path target = Path.of("models/fable-target");
    Path file =
        Files.writeString(
            temp.resolve("p.yaml"),
            """
            name: salient
            model: {path: models/fable-target}
            data: {benchmark: fable, forget: forget01, max_length: 96}
            unlearn:
              objective: {name: NPO}
              epochs: 1
              warmup_epochs: 0.0
              learning_rate: 1.0e-2
              accumulate: 2
              salient_share: 0.3
            """);
    Path out = temp.resolve("stage/unlearned");
    new UnlearnStage(
            Pipeline.read(file, List.of()),
            new PrintStream(said, true, StandardCharsets.UTF_8),
            "test")
        .run(out);
    JsonNode record = json(out.resolve("unlearning.json")).path("salient");
    assertEquals(0.3, record.path("share").doubleValue());
    Set<String> chosen = new HashSet<>();
    record.path("modules").forEach(m -> chosen.add(m.textValue()));
    assertTrue(chosen.size() > 1, chosen.toString());
    long weights = 0;
    try (SafeTensors before = SafeTensors.open(target);
        SafeTensors after = SafeTensors.open(out)) {
      assertTrue(after.names().containsAll(chosen), chosen.toString());
      for (String name : after.names()) {
        float[] was = before.floats(name);
        float[] is = after.floats(name);
        if (chosen.contains(name)) {
          assertFalse(Arrays.equals(was, is), name);
          weights += is.length;
        } else {
          assertArrayEquals(was, is, 0f, name);
        }
      }
    }
    assertEquals(weights, record.path("weights").longValue());
    // The four blocks have 2,228,224 weights in linear maps; the largest map has 131,072.
    assertTrue(weights >= 0.3 * 2_228_224 && weights < 0.3 * 2_228_224 + 131_072, "" + weights);
    assertTrue(Files.exists(temp.resolve("stage/logs/saliency.json")));
  }
}
