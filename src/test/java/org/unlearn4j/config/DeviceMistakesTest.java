package org.unlearn4j.config;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;

/** What several devices, or several processes, cannot do is a configuration error. */
class DeviceMistakesTest {
  @TempDir Path folder;

  private String mistakes(String yaml) throws IOException {
    Path file = Files.writeString(folder.resolve("p.yaml"), yaml);
    return assertThrows(UserException.class, () -> Pipeline.read(file, List.of())).getMessage();
  }

  /** Weights that are moved for a moment are copied where only one device looks for them. */
  @Test
  void stagesRefuseWhatMovesWeights() throws IOException {
    String found =
        mistakes(
            """
            name: stages
            model: {path: models/fable-target, device: [cpu:0, cpu:1], spread: stages}
            data: {benchmark: fable}
            unlearn: {objective: {name: NPO}, robust: {attack: SAM}, combine: {rule: GRU}, salient_share: 0.5}
            """);
    assertTrue(
        found.contains(
            "robust.attack: found an attack beside several devices, expected none, or one device"),
        found);
    assertTrue(
        found.contains("combine.rule: found GRU beside several devices, expected sum"), found);
    assertTrue(found.contains("salient_share: found a search for modules beside several"), found);
  }

  /** Rows on other devices are not compared: pairs would be missing. */
  @Test
  void replicasRefuseWhatComparesRows() throws IOException {
    String pipeline =
        """
        name: replicas
        model: {path: models/fable-target, device: [cpu:0, cpu:1], spread: %s}
        data: {benchmark: fable}
        unlearn: {objective: {name: CircuitBreaker, layers: 1, orthogonality: %s}}
        """;
    String found = mistakes(pipeline.formatted("replicas", "0.1"));
    assertTrue(
        found.contains(
            "orthogonality: found a weight beside several devices with model.spread: replicas,"
                + " expected 0, or one device, or model.spread: stages"),
        found);
    for (String allowed : List.of("stages, 0.1", "replicas, 0.0")) {
      String yaml = pipeline.formatted((Object[]) allowed.split(", ", -1));
      Path file = Files.writeString(folder.resolve("p.yaml"), yaml);
      assertDoesNotThrow(() -> Pipeline.read(file, List.of()), allowed);
    }
  }

  /** A second graph of several processes would begin where the first has not ended. */
  @Test
  void severalProcessesDoNotHeal() {
    List<String> sets =
        List.of("unlearn.surgery.healing.steps=3", "model.device=[a:7000/cpu, b:7000/cpu]");
    String found =
        assertThrows(UserException.class, () -> Pipeline.defaults("NPO", sets)).getMessage();
    assertTrue(
        found.contains("healing.steps=3: found healing beside several processes, expected none"),
        found);
  }
}
