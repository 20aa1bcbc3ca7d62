package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.lm.Generation;
import org.unlearn4j.lm.LanguageModel.StepListener;
import org.unlearn4j.lm.Sampling;
import org.unlearn4j.onnx.OrtSettings.GraphOptimization;

/** Rows that are decoded in parts, against the same rows decoded together. */
class DividedRowsTest {
  private static final StepListener NOBODY = (row, token) -> {};

  @TempDir Path temp;

  private Path exported(String variant) {
    Path folder = temp.resolve(variant);
    OnnxExporter.export(
        Fixture.named("llama").folder(), folder, ExportOptions.of(List.of(variant)));
    return folder;
  }

  /** Seven prompts of 1 to 4 tokens: parts of 2, 2 and 3 for three threads. */
  private static List<int[]> prompts(OrtModel model) {
    Random random = new Random(5);
    List<int[]> prompts = new ArrayList<>();
    for (int i = 0; i < 7; i++) {
      prompts.add(random.ints(1 + i % 4, 0, model.shape().vocabSize()).toArray());
    }
    return prompts;
  }

  /** Greedy and drawn: a draw depends on the prompt's number, which a part must not lose. */
  @ParameterizedTest
  @ValueSource(strings = {"fp32", "int8", "int4"})
  void partsSayWhatTheWholeSays(String variant) {
    Path folder = exported(variant);
    Generation drawn = new Generation(6, Set.of(), new Sampling(1, 0.9, 11), 4);
    try (OrtModel one = OrtModel.open(folder, variant, 1);
        OrtModel three = OrtModel.open(folder, variant, 3)) {
      List<int[]> prompts = prompts(one);
      for (Generation how : List.of(Generation.greedy(6, Set.of()), drawn)) {
        List<int[]> due = one.generate(prompts, how, NOBODY);
        List<int[]> found = three.generate(prompts, how, NOBODY);
        assertEquals(7, found.size());
        for (int i = 0; i < 7; i++) {
          assertEquals(6, found.get(i).length);
          assertArrayEquals(due.get(i), found.get(i), "continuation " + i);
        }
      }
    }
  }

  /** A listener keeps no lock of its own: it is told by one thread at a time, of its own rows. */
  @Test
  void listenersAreToldRowByRow() {
    Path folder = exported("fp32");
    TreeMap<Integer, List<Integer>> told = new TreeMap<>();
    Set<Integer> ended = new TreeSet<>();
    AtomicBoolean within = new AtomicBoolean();
    StepListener listener =
        new StepListener() {
          @Override
          public void token(int row, int token) {
            assertFalse(within.getAndSet(true), "two threads at a time");
            told.computeIfAbsent(row, r -> new ArrayList<>()).add(token);
            within.set(false);
          }

          @Override
          public boolean ends(int row) {
            return row == 5 && told.get(row).size() == 2;
          }

          @Override
          public void finished(int row) {
            ended.add(row);
          }
        };
    try (OrtModel three = OrtModel.open(folder, "fp32", 3)) {
      List<int[]> found = three.generate(prompts(three), Generation.greedy(6, Set.of()), listener);
      for (int i = 0; i < 7; i++) {
        assertEquals(i == 5 ? 2 : 6, found.get(i).length, "row " + i);
        assertArrayEquals(found.get(i), told.get(i).stream().mapToInt(Integer::intValue).toArray());
      }
    }
    assertEquals(Set.of(0, 1, 2, 3, 4, 5, 6), ended);
  }

  /** What a listener throws in one part ends all of them, and the model can be used again. */
  @Test
  void aFailureEndsAllParts() {
    try (OrtModel three = OrtModel.open(exported("fp32"), "fp32", 3)) {
      StepListener refusing =
          (row, token) -> {
            if (row == 6) {
              throw new IllegalStateException("no more");
            }
          };
      Generation how = Generation.greedy(3, Set.of());
      String message =
          assertThrows(
                  IllegalStateException.class, () -> three.generate(prompts(three), how, refusing))
              .getMessage();
      assertTrue(message.contains("no more"), message);
      assertEquals(7, three.generate(prompts(three), how, NOBODY).size());
    }
  }

  /** Where rows depend on each other, or threads have batches of their own, nothing is divided. */
  @Test
  void whatIsDivided() {
    OnnxFile file = OnnxFile.read(OnnxFile.locate(exported("fp32"), "fp32"));
    assertEquals(3, DividedRows.parts(OrtSettings.cpu(3), file));
    assertEquals(1, DividedRows.parts(OrtSettings.cpu(1), file));
    assertEquals(1, DividedRows.parts(OrtSettings.cpu(3).forManyBatches(), file));
    OrtSettings card = new OrtSettings(OrtSettings.Provider.CUDA, 3, GraphOptimization.ALL);
    assertEquals(1, DividedRows.parts(card, file));
    Path dynamic = exported("int8-dynamic");
    OnnxFile scaled = OnnxFile.read(OnnxFile.locate(dynamic, "int8-dynamic"));
    assertEquals(1, DividedRows.parts(OrtSettings.cpu(3), scaled));
  }
}
