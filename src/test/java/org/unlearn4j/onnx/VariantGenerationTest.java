package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.lm.Generation;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.Sampling;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.weights.Variant;

/**
 * Decoding with the cache in batches, greedy and drawn, in every variant and operator set: the
 * tokens are those that are chosen from logits of full forward passes, one prompt and one token at
 * a time.
 */
class VariantGenerationTest {
  private static final int TOKENS = 8;
  private static final Sampling DRAWN = new Sampling(0.9, 0.95, 7);

  @TempDir Path temp;

  static Stream<Arguments> forms() {
    return Arrays.stream(Variant.values())
        .flatMap(
            v -> Stream.of(Arguments.of(v, GraphForm.LATEST), Arguments.of(v, GraphForm.OLDER)));
  }

  @ParameterizedTest
  @MethodSource("forms")
  void tokensAreThoseOfFullForwardPasses(Variant variant, int opset) {
    List<int[]> prompts = prompts();
    try (OrtModel model = open(variant, opset)) {
      for (Sampling sampling : List.of(Sampling.GREEDY, DRAWN)) {
        Generation how = new Generation(TOKENS, Set.of(), sampling, 0);
        List<int[]> alone = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
          alone.add(generate(model, prompts.subList(i, i + 1), how.from(i)).get(0));
          assertArrayEquals(
              oneByOne(model, prompts.get(i), sampling, i, length(variant)),
              Arrays.copyOf(alone.get(i), length(variant)),
              variant + ", " + sampling + ", prompt " + i);
        }
        if (variant != Variant.INT8_DYNAMIC) {
          List<int[]> together = generate(model, prompts, how);
          for (int i = 0; i < prompts.size(); i++) {
            assertArrayEquals(alone.get(i), together.get(i), variant + ", prompt " + i);
          }
        }
      }
    }
  }

  /**
   * int8-dynamic has one range for all tokens of a call, and a full pass is another call than a
   * step: only the first token comes from the same one.
   */
  private static int length(Variant variant) {
    return variant == Variant.INT8_DYNAMIC ? 1 : TOKENS;
  }

  @ParameterizedTest
  @MethodSource("forms")
  void aSeedIsATextAndStopTokensEndIt(Variant variant, int opset) {
    List<int[]> prompts = prompts().subList(0, 1);
    try (OrtModel model = open(variant, opset)) {
      Generation how = new Generation(TOKENS, Set.of(), DRAWN, 0);
      int[] text = generate(model, prompts, how).get(0);
      assertArrayEquals(text, generate(model, prompts, how).get(0), "the same seed");
      Sampling other = new Sampling(DRAWN.temperature(), DRAWN.topP(), 8);
      int[] different = generate(model, prompts, new Generation(TOKENS, Set.of(), other, 0)).get(0);
      assertFalse(Arrays.equals(text, different), "another seed");
      int[] greedy = model.generate(prompts, TOKENS, Set.of()).get(0);
      // The smallest nucleus is the most probable token alone.
      Sampling narrow = new Sampling(DRAWN.temperature(), 1e-9, 7);
      assertArrayEquals(
          greedy, generate(model, prompts, new Generation(TOKENS, Set.of(), narrow, 0)).get(0));
      assertFalse(Arrays.equals(greedy, text), "something is drawn");
      int stop = text[3];
      int first = 0;
      while (text[first] != stop) {
        first++;
      }
      int[] stopped =
          generate(model, prompts, new Generation(TOKENS, Set.of(stop), DRAWN, 0)).get(0);
      assertArrayEquals(Arrays.copyOf(text, first), stopped);
      // What a stop word does: the text ends after a token that is still part of it.
      List<Integer> heard = new ArrayList<>();
      LanguageModel.StepListener word =
          new LanguageModel.StepListener() {
            @Override
            public void token(int row, int token) {
              heard.add(token);
            }

            @Override
            public boolean ends(int row) {
              return heard.size() == 5;
            }
          };
      int[] ended = model.generate(prompts, how, word).get(0);
      assertArrayEquals(Arrays.copyOf(text, 5), ended);
      assertTrue(heard.equals(Arrays.stream(ended).boxed().toList()), heard.toString());
    }
  }

  private static int[] oneByOne(
      OrtModel model, int[] prompt, Sampling sampling, int number, int tokens) {
    int[] all = prompt.clone();
    for (int place = 0; place < tokens; place++) {
      float[][] logits = model.logits(List.of(TokenRow.unlabelled(all)))[0];
      int next = sampling.choose(logits[all.length - 1], number, place);
      all = Arrays.copyOf(all, all.length + 1);
      all[all.length - 1] = next;
    }
    return Arrays.copyOfRange(all, prompt.length, all.length);
  }

  private static List<int[]> generate(OrtModel model, List<int[]> prompts, Generation how) {
    return model.generate(prompts, how, (row, token) -> {});
  }

  /** Of three lengths, so that a batch is padded. */
  private static List<int[]> prompts() {
    int[] row = Fixture.rows(Fixture.named("llama").expected()).get(0).ids();
    return List.of(Arrays.copyOf(row, 6), Arrays.copyOfRange(row, 2, 5), new int[] {row[1]});
  }

  private OrtModel open(Variant variant, int opset) {
    Path folder = temp.resolve(variant.label() + opset);
    OnnxExporter.export(
        Fixture.named("llama").folder(),
        folder,
        ExportOptions.of(List.of(variant.label())).opset(opset));
    return OrtModel.open(folder, variant.label(), 1);
  }
}
