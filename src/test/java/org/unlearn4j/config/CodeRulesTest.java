package org.unlearn4j.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;
import org.unlearn4j.weights.Variant;

/** Settings of codes that nothing would come of are told; limits of a user's own hold. */
class CodeRulesTest {
  @TempDir Path folder;

  private static String mistakes(String... sets) {
    return assertThrows(UserException.class, () -> Pipeline.defaults("NPO", List.of(sets)))
        .getMessage();
  }

  /** File, line, key, found, expected, and all of them at once. */
  @Test
  void codesOfNoFileAreTold() throws IOException {
    Path file = folder.resolve("p.yaml");
    Files.writeString(
        file,
        """
        name: codes
        model: {path: models/fable-target}
        data: {benchmark: fable}
        unlearn: {objective: {name: NPO}}
        export:
          variants: [fp32, int8-dynamic]
          int4:
            block_size: 16
            head_bits: 8
          int8: {block_size: 32}
        """);
    String found =
        assertThrows(UserException.class, () -> Pipeline.read(file, List.of())).getMessage();
    String none = ": found codes of a file that export.variants has not, expected ";
    assertEquals(
        String.join(
            "\n",
            file
                + ", line 8, export.int4.block_size"
                + none
                + "int4 or q4f16 among"
                + " export.variants.",
            file
                + ", line 9, export.int4.head_bits"
                + none
                + "int4 or q4f16 among"
                + " export.variants.",
            file + ", line 10, export.int8.block_size" + none + "int8 among export.variants."),
        found);
  }

  /** The record of a run has every default spelled out, and reads back as the same pipeline. */
  @Test
  void defaultsThatAreSpelledOutAreNoMistakes() throws IOException {
    Pipeline pipeline = Pipeline.defaults("NPO", List.of("export.variants=[fp32]"));
    assertTrue(pipeline.toYaml().contains("block_size: channel"), pipeline.toYaml());
    Pipeline.defaults("NPO", List.of("export.int8.accuracy_level=1", "export.int4.head_bits=4"));
    // q4f16 has int4's codes.
    Pipeline.defaults("NPO", List.of("export.variants=[q4f16]", "export.int4.block_size=16"));
  }

  /** Training rounds scales to no float16, so it does not prepare for a file that has them. */
  @Test
  void trainingForScalesThatItDoesNotKnow() {
    String aware = "unlearn.quantization_aware=int4";
    String found = mistakes("export.variants=[fp32, q4f16]", aware);
    assertTrue(
        found.contains("found int4 where only q4f16 has such codes, expected none, or int4 among"),
        found);
    Pipeline.defaults("NPO", List.of("export.variants=[int4, q4f16]", aware));
    Pipeline.defaults("NPO", List.of("export.variants=[fp32]", aware)); // exported by hand later
  }

  /** The shape that the pipeline spells out has two layers: 0 and 1. */
  @Test
  void layersThatTheModelDoesNotHave() {
    String found =
        mistakes(
            "model={init: random, tokenizer: models/fable-target, architecture:"
                + " {hidden_size: 32, layers: 2, heads: 4, ffn: 64}}",
            "export.variants=[int4]",
            "export.int4.eight_bit_layers=[0, 2]");
    assertTrue(
        found.contains(
            "export.int4.eight_bit_layers=[0, 2]: found layer 2, expected layers from 0 to 1."),
        found);
  }

  /**
   * A file that quantises activations has the wider of int4's usual limits and int8-dynamic's:
   * cache_rtol of 0.001 goes, because int8-dynamic has none; kl_max is 0.1, the wider of 0.1 and
   * 0.05. What a user has set holds instead, also where it is the narrower.
   */
  @Test
  void limitsOfTheUsersOwnHold() {
    VerifySettings usual =
        Pipeline.defaults("NPO", List.of()).verify().quantisingActivations(Variant.INT4);
    assertEquals(OptionalDouble.empty(), usual.limit(Variant.INT4, VerifyLimit.CACHE_RTOL));
    assertEquals(OptionalDouble.of(0.1), usual.limit(Variant.INT4, VerifyLimit.KL_MAX));
    assertEquals(OptionalDouble.of(1.5), usual.limit(Variant.INT4, VerifyLimit.GRAPH_RTOL));
    VerifySettings own =
        Pipeline.defaults(
                "NPO",
                List.of(
                    "verify.int4.cache_rtol=0.5",
                    "verify.int4.kl_max=0.02",
                    "verify.int4.top1_min=0.99",
                    "verify.int4.graph_rtol=0.25",
                    "verify.int4.metric_atol=0.04"))
            .verify()
            .quantisingActivations(Variant.INT4);
    assertEquals(OptionalDouble.of(0.5), own.limit(Variant.INT4, VerifyLimit.CACHE_RTOL));
    assertEquals(OptionalDouble.of(0.02), own.limit(Variant.INT4, VerifyLimit.KL_MAX));
    assertEquals(OptionalDouble.of(0.99), own.limit(Variant.INT4, VerifyLimit.TOP1_MIN));
    assertEquals(OptionalDouble.of(0.25), own.limit(Variant.INT4, VerifyLimit.GRAPH_RTOL));
    assertEquals(OptionalDouble.of(0.04), own.limit(Variant.INT4, VerifyLimit.METRIC_ATOL));
  }
}
