package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.fixtures.ForwardChecks;
import org.unlearn4j.onnx.OrtSettings.GraphOptimization;

class OrtSettingsTest {
  @TempDir Path temp;

  @ParameterizedTest
  @EnumSource(GraphOptimization.class)
  void everyLevelComputesTheSameAndIsRecorded(GraphOptimization level) {
    Path folder = Exports.inline("llama", temp.resolve("llama"));
    try (OrtModel model =
        OrtModel.open(folder, "fp32", new OrtSettings(OrtSettings.Provider.CPU, 1, level))) {
      ForwardChecks.logits(Fixture.named("llama"), model, 0);
      Map<String, String> session = model.session();
      assertEquals("cpu", session.get("provider"));
      assertEquals("1", session.get("threads"));
      assertEquals(
          level.name().toLowerCase(java.util.Locale.ROOT), session.get("graph_optimization"));
      assertEquals(OrtDevices.version(), session.get("onnxruntime"));
    }
  }

  @Test
  void asManyThreadsAsProcessorsUnlessToldOtherwise() {
    assertEquals(
        Runtime.getRuntime().availableProcessors(), OrtSettings.defaults().effectiveThreads());
    assertEquals(3, OrtSettings.cpu(3).effectiveThreads());
  }

  /** Float32 is float32: the CUDA provider's own default is TF32. */
  @Test
  void cudaIsRecordedWithItsCardAndItsArithmetic() {
    OrtSettings cuda =
        new OrtSettings(OrtSettings.Provider.CUDA, 1, GraphOptimization.ALL).onCard(3);
    assertEquals("0", cuda.recorded().get("use_tf32"));
    assertEquals("3", cuda.recorded().get("card"));
    assertEquals("3", cuda.forManyBatches().recorded().get("card"));
    Map<String, String> cpu = OrtSettings.cpu(1).recorded();
    assertTrue(!cpu.containsKey("use_tf32") && !cpu.containsKey("card"), cpu.toString());
  }

  /** Never a silent change to the CPU. */
  @Test
  void aProviderThatIsNotThereIsTheMachinesFault() {
    assumeFalse(OrtDevices.providers().contains("CUDA"), "this build has CUDA");
    Path folder = Exports.inline("llama", temp.resolve("llama"));
    OrtSettings cuda = new OrtSettings(OrtSettings.Provider.CUDA, 0, GraphOptimization.ALL);
    MachineException e =
        assertThrows(MachineException.class, () -> OrtModel.open(folder, "fp32", cuda));
    assertTrue(e.getMessage().contains("expected CUDA"), e.getMessage());
    assertTrue(e.getMessage().contains("CPU"), e.getMessage());
  }
}
