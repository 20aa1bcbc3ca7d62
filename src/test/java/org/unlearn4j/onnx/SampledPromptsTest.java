package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.lm.Generation;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.Sampling;
import org.unlearn4j.tf.TensorFlowModel;

/**
 * Several continuations on one computed prompt are those that prompts of their own give, and those
 * of the other runtime: a draw is a function of seed, row, place and logits.
 */
class SampledPromptsTest {
  private static final int EACH = 5;

  @TempDir Path temp;

  @ParameterizedTest
  @MethodSource("org.unlearn4j.fixtures.Fixture#names")
  void samplesAreThoseOfPromptsOfTheirOwn(String name) {
    assertTrue(Fixture.named(name).folder().toFile().isDirectory());
    try (OrtModel model = OrtModel.open(Exports.inline(name, temp.resolve(name)));
        TensorFlowModel other =
            TensorFlowModel.open(Fixture.named(name).folder(), Computations.FP32)) {
      List<int[]> prompts = List.of(new int[] {3, 4, 5, 6}, new int[] {7}, new int[] {8, 9});
      Generation how = new Generation(6, Set.of(2), new Sampling(1.5, 1, 11), 20);
      assertTrue(same(name, model, other, prompts, how) > 2 * prompts.size(), "dice are thrown");
      // Every other token ends a text: rows leave the batch all the time.
      Set<Integer> even =
          IntStream.range(0, model.shape().vocabSize() / 2)
              .mapToObj(i -> 2 * i)
              .collect(Collectors.toSet());
      same(name, model, other, prompts, new Generation(6, even, new Sampling(1.5, 1, 12), 0));
      Generation steady = new Generation(6, Set.of(2), Sampling.GREEDY, 0);
      for (List<int[]> same : other.samples(prompts, 2, steady)) {
        assertArrayEquals(same.get(0), same.get(1), "no dice: " + name);
      }
      assertEquals(
          List.of(List.of(), List.of()),
          model
              .samples(prompts.subList(0, 2), 1, new Generation(0, Set.of(), how.sampling(), 0))
              .stream()
              .map(l -> l.stream().flatMapToInt(Arrays::stream).boxed().toList())
              .toList());
    }
  }

  /** Compares them; returns how many different continuations there are. */
  private static int same(
      String name, OrtModel model, LanguageModel other, List<int[]> prompts, Generation how) {
    List<List<int[]>> shared = model.samples(prompts, EACH, how);
    List<int[]> repeated = new ArrayList<>();
    prompts.forEach(p -> repeated.addAll(Collections.nCopies(EACH, p)));
    List<List<int[]>> alone =
        LanguageModel.grouped(model.generate(repeated, how, (r, t) -> {}), EACH);
    List<List<int[]>> onTensorFlow = other.samples(prompts, EACH, how);
    assertEquals(prompts.size(), shared.size());
    Set<String> different = new HashSet<>();
    for (int p = 0; p < prompts.size(); p++) {
      assertEquals(EACH, shared.get(p).size());
      for (int s = 0; s < EACH; s++) {
        int[] own = alone.get(p).get(s);
        String what = name + " " + p + ", " + s;
        assertArrayEquals(own, shared.get(p).get(s), what);
        assertArrayEquals(own, onTensorFlow.get(p).get(s), what + " on TensorFlow");
        different.add(p + Arrays.toString(own));
      }
    }
    return different.size();
  }
}
