package org.unlearn4j.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.yaml.snakeyaml.Yaml;

class PipelineTest {
  @TempDir Path folder;

  private Path write(String yaml) throws IOException {
    return Files.writeString(folder.resolve("pipeline.yaml"), yaml);
  }

  /** What PDU, RMU and CircuitBreaker cannot do without. */
  private static List<String> needs(ObjectiveName name) {
    return switch (name) {
      case PDU -> List.of("unlearn.objective.epsilon=1.5");
      case RMU -> List.of("unlearn.objective.layer=1");
      case CIRCUIT_BREAKER -> List.of("unlearn.objective.layers=[1, last]");
      case ALT_PO -> List.of("data.alternates=j");
      default -> List.of();
    };
  }

  @Test
  void readsWhatTheFileSaysAndFillsInTheRest() throws IOException {
    Path model = Files.createDirectory(folder.resolve("model"));
    Path file =
        write(
            """
            name: fable
            model: {path: %s, precision: bf16}
            data: {benchmark: fable, forget: forget05}
            unlearn:
              objective: {name: SimNPO, delta: 1}
              clreg: {layers: [embeddings, 2, last], view: dropout}
              learning_rate: 5e-5   # YAML 1.1 takes this for text; a user does not
              schedule: cosine
            evaluate: {limit: 20}
            """
                .formatted(model));
    Pipeline p = Pipeline.read(file, List.of("unlearn.epochs=3", "unlearn.epochs=4"));

    assertEquals("fable", p.name());
    assertEquals(Optional.of(model), p.model().path());
    assertEquals(ModelSettings.Precision.BF16, p.model().precision());
    assertEquals("retain95", p.data().retain()); // what forget05 leaves
    assertEquals(Optional.empty(), p.finetune());
    ObjectiveSettings objective = p.unlearn().objective();
    assertEquals(Map.of("beta", 4.5, "delta", 1.0), own(objective));
    assertEquals(0.125, objective.gamma());
    ClRegSettings clreg = p.unlearn().clreg().orElseThrow();
    assertEquals(List.of(Layer.EMBEDDINGS, new Layer("2"), Layer.LAST), clreg.layers());
    assertEquals(0.1, clreg.weight());
    assertEquals(
        new LoopSettings(
            4,
            8,
            1,
            5e-5,
            LoopSettings.Schedule.COSINE,
            1,
            OptimizerSettings.adamW(0.01, 1),
            0,
            1,
            false,
            Optional.empty(),
            RouterWeight.NONE),
        p.unlearn().loop());
    assertEquals(EvaluateSettings.Suite.FABLE, p.evaluate().suite());
    assertEquals(OptionalInt.of(20), p.evaluate().limit());
  }

  @ParameterizedTest
  @EnumSource(ObjectiveName.class)
  void theResolvedFileReadsBackAsTheSamePipeline(ObjectiveName name) throws IOException {
    Pipeline p = Pipeline.defaults(name.spelling(), needs(name));
    Path file = write(p.toYaml());
    assertEquals(p, Pipeline.readRecord(file));
    assertEquals(p.toYaml(), Pipeline.readRecord(file).toYaml());
    assertEquals(p.unlearn(), Pipeline.readRecord(file).unlearn());
    Pipeline other = Pipeline.read(file, List.of("unlearn.seed=1"));
    assertNotEquals(p, other, "one changed seed is another pipeline");
  }

  @Test
  void everyKindOfValueSurvivesTheResolvedFile() throws IOException {
    String trainable = "model\\.layers\\.(0|1)\\.mlp: \"x\" # é\t\u0001.*";
    Pipeline p =
        Pipeline.defaults(
            "RMU",
            List.of(
                "unlearn.objective.layer=embeddings",
                "unlearn.objective.trainable=" + trainable,
                "data.template=yes",
                "model.init=random",
                "model.tokenizer=a b/c: d",
                "model.architecture={hidden_size: 64, layers: 2, heads: 4, ffn: 128}",
                "finetune={learning_rate: 1.0e+10, data: retain}",
                "unlearn.seed=-9007199254740993",
                "unlearn.learning_rate=1.2345678901234567e-300",
                "export.variants=[fp16, int4]",
                "unlearn.clreg={weight: 0.5, layers: 0, stop_gradient: false}"));
    assertEquals(trainable, p.unlearn().objective().get(ObjectiveKeys.TRAINABLE));
    assertEquals("yes", p.data().template());
    assertEquals(4, p.model().architecture().orElseThrow().kvHeads());
    assertEquals(1e10, p.finetune().orElseThrow().loop().learningRate());
    assertEquals(-9007199254740993L, p.unlearn().loop().seed());
    assertEquals(List.of(new Layer("0")), p.unlearn().clreg().orElseThrow().layers());
    assertEquals(p, Pipeline.readRecord(write(p.toYaml())), p.toYaml());
  }

  /** Nothing that decides a run is left out of records, and nothing says where its files lay. */
  @ParameterizedTest
  @EnumSource(ObjectiveName.class)
  void recordsHaveEverySettingButPaths(ObjectiveName name) {
    List<String> sets = new ArrayList<>(needs(name));
    sets.addAll(
        List.of(
            "model.reference=a/b",
            "model.tokenizer=c",
            "data={benchmark: jsonl, path: d/e, forget: f, retain: g, refusals: h/i, alternates: j}",
            "data.system_prompt=Be: kind",
            "data.date=2024-07-26",
            "unlearn.learning_rate=1.0e-300",
            "unlearn.clreg={weight: 0.5, layers: [0, last]}"));
    Pipeline p = Pipeline.defaults(name.spelling(), sets);
    Set<String> blocks = Set.of("model", "data", "unlearn");
    // Another way there: the resolved file, read by a YAML library.
    Map<String, String> expected = new TreeMap<>();
    flatten("", new Yaml().load(p.toYaml(blocks)), expected);
    assertTrue(
        expected
            .keySet()
            .removeAll(
                List.of(
                    "model.path",
                    "model.reference",
                    "model.tokenizer",
                    "data.path",
                    "data.refusals",
                    "data.alternates")));
    Map<String, String> found = new TreeMap<>();
    flatten("", p.values(blocks), found);
    assertEquals(expected, found);
    assertEquals("Be: kind", found.get("data.system_prompt"));
    assertEquals(Set.of("unlearn"), p.values(Set.of("unlearn")).keySet());
  }

  private static void flatten(String at, Object value, Map<String, String> into) {
    if (value instanceof Map<?, ?> map) {
      map.forEach((k, v) -> flatten(at.isEmpty() ? (String) k : at + "." + k, v, into));
    } else {
      into.put(at, String.valueOf(value));
    }
  }

  /** The table of objectives, written down a second time on purpose. */
  @Test
  void everyObjectiveHasItsOwnDefaults() {
    assertObjective("GradAscent", 1, 0, RetainName.NONE, Map.of());
    assertObjective("GradDiff", 1, 1, RetainName.NLL, Map.of());
    assertObjective("NPO", 1, 1, RetainName.NLL, Map.of("beta", 0.1));
    assertObjective("SimNPO", 0.125, 1, RetainName.NLL, Map.of("beta", 4.5, "delta", 0.0));
    assertObjective("DPO", 1, 1, RetainName.NLL, Map.of("beta", 0.1));
    assertObjective("UNDIAL", 1, 0, RetainName.NLL, Map.of("beta", 10.0));
    assertObjective("CEU", 1, 0, RetainName.NONE, Map.of("skip_tokens", 1));
    assertObjective("WGA", 1, 1, RetainName.NLL, Map.of("beta", 1.0));
    assertObjective("SatImp", 0.1, 1, RetainName.NLL, Map.of("beta1", 5.0, "beta2", 1.0));
    assertObjective("IHL", 1, 1, RetainName.NLL, Map.of());
    assertObjective(
        "FLAT", 1, 0, RetainName.NONE, Map.of("divergence", ObjectiveSettings.Divergence.KL));
    assertObjective("AltPO", 1, 1, RetainName.NLL, Map.of("beta", 0.1));
    assertObjective(
        "RMU",
        1,
        1,
        RetainName.EMBED_DIFF,
        Map.of("layer", new Layer("1"), "coefficient", 2.0, "adaptive", false, "trainable", ".*"));
    assertObjective(
        "CircuitBreaker",
        1,
        1,
        RetainName.EMBED_DIFF,
        Map.of(
            "layers",
            List.of(new Layer("1"), Layer.LAST),
            "orthogonality",
            0.0,
            "trainable",
            ".*"));
    assertObjective(
        "PDU",
        1,
        1,
        RetainName.NLL,
        Map.of(
            "epsilon",
            1.5,
            "dual_step",
            1.0,
            "dual_update",
            ObjectiveSettings.DualUpdate.STEP,
            "dual_warmup_epochs",
            5));
  }

  private static void assertObjective(
      String name, double gamma, double alpha, RetainName retain, Map<String, Object> own) {
    ObjectiveName objective =
        List.of(ObjectiveName.values()).stream()
            .filter(o -> o.spelling().equals(name))
            .findFirst()
            .orElseThrow();
    ObjectiveSettings found = Pipeline.defaults(name, needs(objective)).unlearn().objective();
    assertEquals(objective, found.name());
    assertEquals(gamma, found.gamma());
    assertEquals(alpha, found.alpha());
    assertEquals(retain, found.retain());
    assertEquals(own, own(found));
    assertEquals(Floor.NONE, found.floor());
    boolean byRow =
        !Set.of(ObjectiveName.RMU, ObjectiveName.CIRCUIT_BREAKER, ObjectiveName.PDU)
            .contains(objective);
    assertEquals(byRow, found.values().containsKey(ObjectiveKeys.FLOOR), "has floors");
    assertThrows(
        IllegalStateException.class,
        () -> found.get(ClRegKeys.WEIGHT),
        "a key that is no objective's has no value");
  }

  /** What the objective alone has, by name. */
  private static Map<String, Object> own(ObjectiveSettings objective) {
    Map<String, Object> own = new TreeMap<>();
    objective.values().forEach((key, value) -> own.put(key.name(), value));
    own.keySet().removeAll(Set.of("gamma", "alpha", "retain", "floor", "floor_factor", "pull"));
    return own;
  }

  @Test
  void clregIsOffUnlessABlockOrAWeightAsksForIt() throws IOException {
    assertEquals(Optional.empty(), Pipeline.defaults("NPO", List.of()).unlearn().clreg());
    List<String> temperature = List.of("unlearn.clreg.temperature=0.5");
    assertEquals(Optional.empty(), Pipeline.defaults("NPO", temperature).unlearn().clreg());
    String yaml =
        "name: a\nmodel: {path: .}\ndata: {benchmark: fable}\nunlearn: {objective: {name: NPO}%s}\n";
    assertEquals(
        Optional.empty(), Pipeline.readRecord(write(yaml.formatted(""))).unlearn().clreg());
    Pipeline on = Pipeline.readRecord(write(yaml.formatted(", clreg: {}")));
    assertEquals(0.1, on.unlearn().clreg().orElseThrow().weight());
    assertTrue(on.toYaml().contains("    weight: 0.1\n"), on.toYaml());
  }

  @Test
  void relearningIsAskedForByItsBlock() throws IOException {
    assertEquals(Optional.empty(), Pipeline.defaults("NPO", List.of()).relearn());
    Pipeline p = Pipeline.defaults("NPO", List.of("relearn={}", "unlearn.learning_rate=3.0e-3"));
    assertEquals(
        Optional.of(
            new RelearnSettings(
                0.1,
                OptionalDouble.empty(),
                List.of(RelearnSettings.Teach.FORGET),
                List.of(),
                List.of(),
                new LoopSettings(
                    1,
                    4,
                    1,
                    3e-3,
                    LoopSettings.Schedule.CONSTANT,
                    0,
                    OptimizerSettings.adamW(0.01, 1),
                    0,
                    0,
                    false,
                    Optional.empty(),
                    RouterWeight.NONE))),
        p.relearn());
    assertEquals(p, Pipeline.readRecord(write(p.toYaml())), p.toYaml());
  }

  @Test
  void overridesOfABlockReplaceTheWholeBlock() throws IOException {
    Path file =
        write(
            """
            name: a
            model: {path: .}
            data: {benchmark: fable}
            unlearn:
              objective: {name: NPO, beta: 0.3}
            """);
    Pipeline p = Pipeline.read(file, List.of("unlearn.objective={name: SimNPO}"));
    assertEquals(Map.of("beta", 4.5, "delta", 0.0), own(p.unlearn().objective()));
  }
}
