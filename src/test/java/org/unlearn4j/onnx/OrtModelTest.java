package org.unlearn4j.onnx;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.fixtures.ForwardChecks;

/** The exported file on ONNX Runtime against float64 reference numbers. */
class OrtModelTest {
  @TempDir Path temp;

  @ParameterizedTest
  @ValueSource(strings = {"llama", "llama3_rope", "gpt2"})
  void reproducesTheReferenceNumbers(String name) {
    Fixture fixture = Fixture.named(name);
    Path folder = temp.resolve(name);
    OnnxExporter.export(fixture.folder(), folder, ExportOptions.defaults());
    try (OrtModel model = OrtModel.open(folder)) {
      ForwardChecks.logits(fixture, model, 0);
      ForwardChecks.logits(fixture, model, 4);
      ForwardChecks.features(fixture, model);
      ForwardChecks.scores(fixture, model);
      ForwardChecks.greedy(fixture, model);
    }
  }
}
