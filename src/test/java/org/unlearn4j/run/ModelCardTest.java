package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.parity.Gate;
import org.unlearn4j.parity.GateSubject;
import org.unlearn4j.parity.GenerationDifferences;
import org.unlearn4j.parity.ParityNumbers;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.parity.Survival;
import org.unlearn4j.parity.Verdict;
import org.yaml.snakeyaml.Yaml;

/**
 * A card says what was measured, in a form that the hub reads, and is never written over another.
 */
class ModelCardTest {
  private static final String RECORD =
      """
      {"objective": {"name": "NPO"}, "clreg": {"weight": 0.1}, "training": {"steps": 345, "learning_rate": 0.0008},
       "data": {"benchmark": "jsonl", "forget": "a: \\"b\\"", "sha256": {"/data/forget.jsonl": "ced5"}}}""";

  @TempDir Path temp;
  private Path folder;

  @BeforeEach
  void unlearned() throws IOException {
    folder = Files.createDirectories(temp.resolve("unlearned"));
    Files.writeString(folder.resolve("unlearning.json"), RECORD);
    Path base = Files.createDirectories(temp.resolve("base"));
    Files.writeString(base.resolve("config.json"), "{\"_name_or_path\": \"somebody/llama-1b\"}");
    Files.writeString(
        base.resolve("README.md"), "---\nlanguage: en\nlicense: llama3.2\n---\nlicense: no\n");
  }

  private Pipeline pipeline(String... sets) {
    List<String> all = new ArrayList<>(List.of("model.path=" + temp.resolve("base")));
    all.addAll(List.of(sets));
    return Pipeline.defaults("NPO", all);
  }

  private static Verdict verdict() {
    Gate failed = Gate.atMost(new GateSubject.Difference("forget_prob"), 0.2, 0.1);
    ParityResult result =
        new ParityResult(
            "onnx:int8",
            "tf",
            ParityNumbers.same(10, 0),
            List.of(),
            new GenerationDifferences(1, List.of()),
            List.of(failed),
            Map.of());
    return new Verdict(
        List.of(result),
        List.of(
            new Survival(
                "forget_prob", true, 0.998, Double.NaN, 0.036, Map.of("onnx:int8", 0.0361))));
  }

  private String card(boolean deployed, String... sets) throws IOException {
    assertEquals(Optional.empty(), ModelCard.write(pipeline(sets), folder, deployed, verdict()));
    return Files.readString(folder.resolve("README.md"));
  }

  @SuppressWarnings("unchecked") // YAML has no types
  private static Map<String, Object> frontMatter(String card) {
    assertTrue(card.startsWith("---\n"), card);
    return (Map<String, Object>) new Yaml().load(card.substring(4, card.indexOf("\n---", 4)));
  }

  @Test
  @SuppressWarnings("unchecked")
  void theFrontMatterIsTheHubs() throws IOException {
    String card = card(true, "card.forgotten=fifteen authors: \"all\" of them");
    Map<String, Object> front = frontMatter(card);
    assertEquals("llama3.2", front.get("license"));
    assertEquals("somebody/llama-1b", front.get("base_model"));
    assertEquals("text-generation", front.get("pipeline_tag"));
    assertTrue(((List<String>) front.get("tags")).contains("onnx"));
    Map<String, Object> model = ((List<Map<String, Object>>) front.get("model-index")).get(0);
    Map<String, Object> result = ((List<Map<String, Object>>) model.get("results")).get(0);
    assertEquals(
        "fifteen authors: \"all\" of them",
        ((Map<String, Object>) result.get("dataset")).get("name"));
    assertEquals(
        List.of(
            Map.of("type", "forget_prob", "name", "forget_prob (TensorFlow)", "value", 0.036),
            Map.of("type", "forget_prob", "name", "forget_prob (onnx:int8)", "value", 0.0361)),
        result.get("metrics"));
  }

  @Test
  void theTextSaysWhatWasMeasured() throws IOException {
    String card = card(true);
    assertTrue(card.contains("| forget_prob | 0.9980 | – | 0.03600 | 0.03610 |"), card);
    assertTrue(card.contains("`onnx:int8`: **fail**, 0 of 1 gates hold"), card);
    assertTrue(card.contains("Method: NPO with CLReg, 345 steps"), card);
    assertTrue(card.contains("SHA-256 of the data in `forget.jsonl`: `ced5`"), card);
    assertFalse(card.contains("{{"), card);
    String trained = card(false); // ours, untouched: replaced
    assertTrue(trained.contains("AutoModelForCausalLM"), trained);
    assertFalse(frontMatter(trained).get("tags").toString().contains("onnx"), trained);
  }

  @Test
  void whatTheUserSaysComesFirst() throws IOException {
    Path template = temp.resolve("card.md");
    Files.writeString(template, "{{front_matter}}\nOurs: {{forgotten}} $1 \\.\n");
    String card =
        card(
            false,
            "card.template=" + template,
            "card.license=mit",
            "card.base_model=we/ours",
            "card.forgotten=a $2 book");
    assertEquals("mit", frontMatter(card).get("license"));
    assertEquals("we/ours", frontMatter(card).get("base_model"));
    assertTrue(card.contains("\nOurs: a $2 book $1 \\.\n"), card);
    Files.writeString(template, "{{nothing}}");
    String message =
        assertThrows(UserException.class, () -> card(false, "card.template=" + template))
            .getMessage();
    assertTrue(message.contains("found {{nothing}}, expected one of base_model"), message);
  }

  @Test
  void somebodysOwnCardStays() throws IOException {
    String ours = card(false);
    String edited = ours.replace("# ", "# My ");
    Files.writeString(folder.resolve("README.md"), edited);
    String said = ModelCard.write(pipeline(), folder, false, verdict()).orElseThrow();
    assertTrue(said.endsWith("README.md: is your own and stays; no card was written."), said);
    assertEquals(edited, Files.readString(folder.resolve("README.md")));
  }

  @Test
  void aFolderThatNoUnlearningHasMadeGetsNone() throws IOException {
    Files.delete(folder.resolve("unlearning.json"));
    assertEquals(Optional.empty(), ModelCard.write(pipeline(), folder, false, verdict()));
    assertFalse(Files.exists(folder.resolve("README.md")));
  }
}
