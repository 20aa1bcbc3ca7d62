package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.eval.SeveralAtATime;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.onnx.OrtSettings.GraphOptimization;

/** Several batches at a time give what one at a time gives, to the last bit. */
class OrtLanesTest {
  private static final OrtSettings ONE = OrtSettings.cpu(1);

  @TempDir Path temp;

  @ParameterizedTest
  @ValueSource(strings = {"fp32", "int8", "int4"})
  void everythingThatEvaluationAsksIsTheSame(String variant) {
    Path folder = temp.resolve(variant);
    OnnxExporter.export(
        Fixture.named("llama").folder(), folder, ExportOptions.of(List.of(variant)));
    OrtSettings three =
        new OrtSettings(OrtSettings.Provider.CPU, 3, GraphOptimization.ALL).forManyBatches();
    try (OrtModel one = OrtModel.open(folder, variant, ONE);
        OrtModel several = OrtModel.open(folder, variant, three)) {
      SeveralAtATime.assertSame(one, several);
    }
  }

  @Test
  void whatWasChosenIsRecorded() {
    Path folder = Exports.inline("llama", temp.resolve("llama"));
    OrtSettings two = new OrtSettings(OrtSettings.Provider.CPU, 2, GraphOptimization.ALL);
    try (OrtModel one = OrtModel.open(folder, "fp32", two);
        OrtModel several = OrtModel.open(folder, "fp32", two.forManyBatches())) {
      assertEquals("1", one.session().get("lanes"));
      assertEquals("2", one.session().get("threads"));
      assertEquals("2", several.session().get("lanes"));
      assertEquals("2", several.session().get("threads"));
    }
    // A device computes one batch after the other: nothing is won by handing it several.
    assertEquals(
        1,
        new OrtSettings(OrtSettings.Provider.CUDA, 4, GraphOptimization.ALL)
            .forManyBatches()
            .lanes());
  }
}
