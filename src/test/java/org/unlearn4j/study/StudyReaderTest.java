package org.unlearn4j.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.ObjectiveName;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.eval.EvalSet;

class StudyReaderTest {
  @TempDir Path temp;
  private Path base;

  @BeforeEach
  void aPipeline() throws IOException {
    Path model = Files.createDirectory(temp.resolve("model"));
    Files.copy(
        Path.of("src/test/resources/fixtures/llama/config.json"), model.resolve("config.json"));
    base =
        Files.writeString(
            temp.resolve("base.yaml"),
            """
            name: base
            model: {path: MODEL, tokenizer: MODEL}
            data: {benchmark: fable}
            unlearn:
              objective: {name: NPO, beta: 0.12}
              clreg: {weight: 0.1, temperature: 0.3}
              epochs: 7
            """
                .replace("MODEL", model.toString()));
  }

  private Path study(String... lines) throws IOException {
    return Files.writeString(
        temp.resolve("study.yaml"), String.join("\n", lines).replace("BASE", base.toString()));
  }

  private Path good() throws IOException {
    return study(
        "name: good",
        "pipeline: BASE",
        "set: {unlearn.epochs: 3}",
        "seeds: [4, 2]",
        "columns: [model_utility, entanglement, 'cosine@0', step_seconds]",
        "addition:",
        "  name: CLReg",
        "  without: {unlearn.clreg.weight: 0}",
        "  with: {unlearn.clreg.weight: 0.2}",
        "methods:",
        "  NPO: {unlearn.learning_rate: 3.0e-4}",
        "  GradDiff:",
        "    unlearn.objective: {name: GradDiff, alpha: 2}",
        "    with: {unlearn.clreg: {weight: 0.5, layers: [0, last]}}");
  }

  @Test
  void anAliasWithinItself() throws IOException {
    Path file = study("name: good", "seeds: &a [*a]");
    UserException e = assertThrows(UserException.class, () -> Study.read(file, List.of()));
    assertTrue(e.getMessage().contains("study.yaml: found broken YAML (an alias within what"));
  }

  @Test
  void runsAreMethodsWithoutAndWithOverSeeds() throws IOException {
    Study study = Study.read(good(), List.of("evaluate.limit=5"));
    assertEquals(
        List.of(
            "NPO.4",
            "NPO+CLReg.4",
            "GradDiff.4",
            "GradDiff+CLReg.4",
            "NPO.2",
            "NPO+CLReg.2",
            "GradDiff.2",
            "GradDiff+CLReg.2"),
        study.runs().stream().map(Study.Run::name).toList(),
        "without and with next to each other");
    Pipeline npo = study.runs().get(5).pipeline();
    assertEquals(3, npo.unlearn().loop().epochs(), "set");
    assertEquals(2, npo.unlearn().loop().seed());
    assertEquals(3e-4, npo.unlearn().loop().learningRate());
    assertEquals(0.2, npo.unlearn().clreg().orElseThrow().weight());
    assertEquals(0.3, npo.unlearn().clreg().orElseThrow().temperature(), "from the pipeline");
    Pipeline last = Study.read(good(), List.of("unlearn.epochs=2")).runs().get(0).pipeline();
    assertEquals(2, last.unlearn().loop().epochs(), "the command line has the last word");
    assertEquals(5, npo.evaluate().limit().orElseThrow());
    assertTrue(study.runs().get(4).pipeline().unlearn().clreg().isEmpty());
    Pipeline diff = study.runs().get(3).pipeline();
    assertEquals(ObjectiveName.GRAD_DIFF, diff.unlearn().objective().name());
    assertEquals(0.5, diff.unlearn().clreg().orElseThrow().weight(), "only this method's");
    assertEquals(0.1, diff.unlearn().clreg().orElseThrow().temperature(), "a block is replaced");
    assertEquals(2, diff.unlearn().clreg().orElseThrow().layers().size());
    assertEquals("GradDiff + CLReg", study.label(study.runs().get(3).row()));
    assertEquals(Set.of(EvalSet.Role.RETAIN, EvalSet.Role.GENERAL), study.generated());
  }

  @Test
  void withoutAnAdditionMethodsAreRunAsTheyAre() throws IOException {
    Path file =
        study(
            "name: plain",
            "pipeline: BASE",
            "seeds: 0",
            "columns: [forget_prob]",
            "methods: {A: {}, B: {unlearn.objective.beta: 0.3}}");
    UserException e = assertThrows(UserException.class, () -> Study.read(file, List.of()));
    assertEquals(file + ", line 3, seeds: found 0, expected a list of integers.", e.getMessage());
    Files.writeString(file, Files.readString(file).replace("seeds: 0", "seeds: [0]"));
    Study study = Study.read(file, List.of());
    assertEquals(List.of("A.0", "B.0"), study.runs().stream().map(Study.Run::name).toList());
    assertEquals(Set.of(), study.generated());
  }

  @Test
  void everyMistakeIsToldAtOnceWithItsLine() throws IOException {
    Path file =
        study(
            "name: has spaces",
            "pipeline: BASE",
            "seed: 3",
            "seeds: [1, two, 1]",
            "columns: [forget_prob, forget_qualty, forget_quality, forget_prob]",
            "set: {unlearn.seed: 3, evaluate.limits: 5}",
            "addition: {name: CLReg, without: {unlearn.clreg.weight: 0}, with: {model.path: x}}",
            "methods:",
            "  NPO: {unlearn.objective: {name: NPOO}}",
            "  DPOO: {unlearn.learning_rate: fast}",
            "  NPO: {}",
            "  a b: {unlearn.objective.beta: 0}");
    UserException e =
        assertThrows(
            UserException.class,
            () -> Study.read(file, List.of("unlearn.epochs=0", "unlearn.seed=9")));
    List<String> told = e.getMessage().lines().toList();
    for (String sentence :
        List.of(
            "line 1, name: found has spaces, expected a name of",
            "line 3, seed: found an unknown key, expected one of name, pipeline, set, seeds,"
                + " formats, columns, addition, methods (did you mean seeds?).",
            "line 4, seeds: found two, expected an integer.",
            "line 4, seeds: found 1 a second time",
            "line 5, columns: found forget_qualty, expected a metric",
            "line 5, columns: found forget_prob a second time",
            "line 6, set.unlearn.seed: found a seed, expected it under seeds.",
            "line 6, set.evaluate.limits: found an unknown key",
            "line 7, addition.with.model.path: found a setting of more than this method",
            "line 9, methods.NPO, unlearn.objective.name: found NPOO, expected one of",
            "line 10, methods.DPOO.unlearn.learning_rate: found fast, expected a number",
            "line 11, methods.NPO: found the key a second time",
            "line 12, methods.a b: found this name",
            "line 12, methods.a b.unlearn.objective.beta: found 0, expected a number greater")) {
      assertTrue(
          told.stream().anyMatch(t -> t.startsWith(file + ", " + sentence)),
          "no \"" + sentence + "\" in\n" + e.getMessage());
    }
    assertTrue(told.stream().anyMatch(t -> t.startsWith("--set unlearn.epochs=0: found 0")));
    assertTrue(told.stream().anyMatch(t -> t.startsWith("--set unlearn.seed=9: found a seed")));
    assertEquals(told.stream().distinct().toList(), told, "each once");
  }

  @Test
  void formatsAreRowsBelowTheirMethod() throws IOException {
    Path file =
        study(
            "name: formats",
            "pipeline: BASE",
            "seeds: [0]",
            "formats: [int8, int4]",
            "columns: [forget_prob, rebound]",
            "methods: {A: {}, B: {unlearn.objective.beta: 0.3}}");
    Study study = Study.read(file, List.of());
    assertEquals(List.of("A.0", "B.0"), study.runs().stream().map(Study.Run::name).toList());
    assertEquals(
        List.of("A", "A · int8", "A · int4", "B", "B · int8", "B · int4"),
        study.rows().stream().map(study::label).toList());
    assertEquals("rebound ↓", study.columns().get(1).heading());
  }

  @Test
  void formatsThatThereAreNot() throws IOException {
    Path file =
        study(
            "name: formats",
            "pipeline: BASE",
            "seeds: [0]",
            "formats: [int4, int5,",
            "  int4, [int8]]",
            "columns: [forget_prob, rebound]",
            "methods: {A: {}}");
    String known = "expected one of fp32, fp16, int8, int8-dynamic, int4, q4f16";
    UserException e = assertThrows(UserException.class, () -> Study.read(file, List.of()));
    assertEquals(
        List.of(
            file + ", line 4, formats: found int5, " + known + " (did you mean int8?).",
            file + ", line 5, formats: found int4 a second time, expected it once.",
            file + ", line 5, formats: found a list, " + known + "."),
        e.getMessage().lines().toList());
    Files.writeString(file, Files.readString(file).replaceAll("formats: .*\\n.*\\n", ""));
    complaint(
        file,
        file
            + ", line 4, columns: found rebound without formats, expected formats, for instance"
            + " [int4], or no such column.");
    Files.writeString(file, Files.readString(file) + "\nformats: []\n");
    complaint(file, "formats: found an empty list, expected a list of number formats.");
  }

  @Test
  void whatOnlyTheModelKnowsIsToldToo() throws IOException {
    Path file =
        study(
            "name: model",
            "pipeline: BASE",
            "seeds: [0]",
            "columns: [forget_quality]",
            "addition:",
            "  name: CLReg",
            "  without: {unlearn.clreg.weight: 0.1}",
            "  with: {unlearn.clreg.weight: 0.1}",
            "methods:",
            "  NPO: {}",
            "  Deep:",
            "    with: {unlearn.clreg: {weight: 1, layers: [99]}}");
    UserException e = assertThrows(UserException.class, () -> Study.read(file, List.of()));
    List<String> told = e.getMessage().lines().toList();
    assertEquals(3, told.size(), e.getMessage());
    assertTrue(told.get(0).contains("line 4, columns: found forget_quality without a retain-only"));
    assertTrue(told.get(1).contains("line 10, methods.NPO: found the same settings with and"));
    assertTrue(told.get(2).contains("line 11, ") && told.get(2).contains("99"), told.get(2));
  }

  @Test
  void filesThatAreNoStudies() throws IOException {
    complaint(temp.resolve("none.yaml"), "none.yaml: found no such file, expected a study file.");
    complaint(study("- a"), "found a list, expected a mapping with name, pipeline");
    complaint(study("name: [", "x"), "line 2: found broken YAML");
    complaint(study("name: x", "pipeline: none"), "line 2, pipeline: found none, which does not");
    complaint(study("name: x", "methods: 3"), "line 2, methods: found 3, expected a mapping.");
  }

  /** The studies that are shipped, with the pages they write to. */
  @Test
  void theShippedStudiesAreValid() {
    Path file = Path.of("pipeline/studies/clreg-table.yaml");
    assertEquals(36, Study.read(file, List.of()).runs().size());
    assertFalse(MarkedText.open(Path.of("docs/results/clreg-table.md"), "clreg-table").shared());
    List<String> there = List.of("model.path=models/fable-target"); // made by make, for the grid
    for (String name : List.of("quantization", "quantization-grid")) {
      Study study = Study.read(Path.of("pipeline/studies/" + name + ".yaml"), there);
      assertEquals(name, study.name());
      assertEquals(2, study.formats().size());
      assertTrue(MarkedText.open(Path.of("docs/results/quantization.md"), name).shared());
    }
  }

  private static void complaint(Path file, String words) {
    UserException e = assertThrows(UserException.class, () -> Study.read(file, List.of()));
    assertTrue(e.getMessage().contains(words), e.getMessage());
  }

  @Test
  void columnsKnowWhatTheyNeed() {
    assertEquals("entanglement ↓", Column.of("entanglement").orElseThrow().heading());
    assertEquals("cosine at final norm ↓", Column.of("cosine@final_norm").orElseThrow().heading());
    assertEquals("seconds a step ↓", Column.of("step_seconds").orElseThrow().heading());
    assertEquals("MIA loss AUC →", Column.of("mia_loss_auc").orElseThrow().heading());
    assertTrue(Column.of("forget_quality").orElseThrow().needsReference());
    assertFalse(Column.of("forget_prob").orElseThrow().needsReference());
    assertTrue(Column.of("forget_prob@0").isEmpty(), "no measure of the features");
    assertTrue(Column.of("entanglement_before@1").isPresent());
    assertEquals(Set.of(EvalSet.Role.FORGET), Column.of("forget_rouge").orElseThrow().generated());
  }
}
