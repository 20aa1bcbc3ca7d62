package org.unlearn4j.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.weights.CheckpointLayout;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.TensorInfo;

/** The families' definitions, seen without any runtime. */
class DecoderTest {

  private static ModelConfig config(String fixture) {
    return ModelConfig.read(Fixture.named(fixture).folder());
  }

  @ParameterizedTest
  @MethodSource("org.unlearn4j.fixtures.Fixture#names")
  void parametersAreThoseOfThePublishedFile(String fixture) {
    List<Parameter> parameters = Decoder.of(config(fixture)).parameters();
    Set<String> names = parameters.stream().map(Parameter::name).collect(Collectors.toSet());
    assertEquals(parameters.size(), names.size(), "a tied parameter occurs once");
    Map<String, List<Integer>> found = new TreeMap<>();
    CheckpointLayout layout =
        CheckpointLayout.fresh(
            parameters.stream().map(p -> new TensorInfo(p.name(), DType.F32, p.shape())).toList(),
            CheckpointLayout.SHARD);
    layout.files().values().stream()
        .flatMap(List::stream)
        .forEach(e -> found.put(e.stored().name(), e.stored().shape()));
    Map<String, List<Integer>> expected = new TreeMap<>();
    try (SafeTensors weights = SafeTensors.open(Fixture.named(fixture).folder())) {
      weights.names().forEach(n -> expected.put(n, weights.info(n).shape()));
    }
    assertEquals(expected, found);
  }

  @Test
  void parametersComeInTheOrderOfTheirUse() {
    List<String> llama =
        Decoder.of(config("llama3_rope")).parameters().stream().map(Parameter::name).toList();
    assertEquals(
        List.of(
            "model.embed_tokens.weight",
            "model.layers.0.input_layernorm.weight",
            "model.layers.0.self_attn.q_proj.weight",
            "model.layers.0.self_attn.k_proj.weight",
            "model.layers.0.self_attn.v_proj.weight",
            "model.layers.0.self_attn.o_proj.weight",
            "model.layers.0.post_attention_layernorm.weight",
            "model.layers.0.mlp.gate_proj.weight",
            "model.layers.0.mlp.up_proj.weight",
            "model.layers.0.mlp.down_proj.weight"),
        llama.subList(0, 10));
    assertEquals("model.norm.weight", llama.get(llama.size() - 1), "the tied head came first");
    List<String> gpt2 =
        Decoder.of(config("gpt2")).parameters().stream().map(Parameter::name).toList();
    assertEquals(
        List.of(
            "transformer.wte.weight",
            "transformer.wpe.weight",
            "transformer.h.0.ln_1.weight",
            "transformer.h.0.ln_1.bias",
            "transformer.h.0.attn.c_attn.weight",
            "transformer.h.0.attn.c_attn.bias"),
        gpt2.subList(0, 6));
  }

  @Test
  void freshValuesByKind() {
    Map<Parameter.Init, Integer> count = new LinkedHashMap<>();
    for (Parameter p : Decoder.of(config("gpt2")).parameters()) {
      count.merge(p.init(), 1, Integer::sum);
      boolean gain = p.name().matches(".*ln_(1|2|f)\\.weight");
      assertEquals(
          gain
              ? Parameter.Init.ONES
              : p.name().endsWith(".bias") ? Parameter.Init.ZEROS : Parameter.Init.NORMAL,
          p.init(),
          p.name());
    }
    // Three layers of two norms and the last; their biases and four of matrices a layer; four
    // matrices a layer and two tables.
    assertEquals(
        Map.of(Parameter.Init.ONES, 7, Parameter.Init.ZEROS, 7 + 12, Parameter.Init.NORMAL, 12 + 2),
        count);
  }

  /** What a slip in a family's definition looks like: each word refuses a width that cannot be. */
  @Test
  void aWidthThatDoesNotFitIsSeenBeforeAnyRuntime() {
    ParameterCollector e = new ParameterCollector();
    Rotary rotary = config("llama").rotaries().get(0).orElseThrow(); // eight features a head
    Attention attention = new Attention(0, 4, 2, 8, 1, OptionalDouble.empty(), OptionalInt.empty());
    mismatch(() -> e.linear(31, Linear.of("q", 32, 8, false)), "q.weight: width 31, expected 32");
    mismatch(() -> e.linear(8, Linear.inOut("c", 32, 8)), "c.weight: width 8, expected 32");
    mismatch(() -> e.rmsNorm(16, Norm.rms("n", 32, 1e-5)), "n.weight: width 16, expected 32");
    mismatch(() -> e.layerNorm(16, Norm.layer("n", 32, 1e-5)), "n.weight: width 16");
    mismatch(() -> e.rotary(32, 2, rotary), "rotary embedding: width 32, expected 16");
    mismatch(() -> e.attention(16, 16, 16, attention), "attention queries: width 16, expected 32");
    mismatch(() -> e.attention(32, 32, 16, attention), "attention keys: width 32, expected 16");
    mismatch(() -> e.attention(32, 16, 32, attention), "attention values: width 32, expected 16");
    mismatch(() -> e.add(32, 16), "addition");
    mismatch(() -> e.multiply(32, 16), "multiplication");
    mismatch(() -> e.split(96, 32, 32, 16), "split: width 96, expected 80");
    assertEquals(32, e.attention(32, 16, 16, attention));
    assertEquals(List.of(32, 64), e.split(96, 32, 64));
  }

  @Test
  void oneNameIsOneParameter() {
    ParameterCollector e = new ParameterCollector();
    Parameter table = Parameter.matrix("wte", 10, 4);
    e.embedding(ParameterCollector.IDS, table);
    assertEquals(10, e.linear(4, Linear.tied(table)));
    assertEquals(List.of(table), e.parameters());
    mismatch(() -> e.embedding(ParameterCollector.IDS, Parameter.matrix("wte", 11, 4)), "wte");
  }

  /** A head that is not tied must have a matrix of its own. */
  @Test
  void anUntiedGpt2HasAHead() {
    var json = config("gpt2").json().deepCopy().put("tie_word_embeddings", false);
    List<Parameter> parameters = Decoder.of(ModelConfig.of(json)).parameters();
    assertEquals(
        Parameter.matrix("lm_head.weight", 136, 32), parameters.get(parameters.size() - 1));
  }

  private static void mismatch(Runnable word, String part) {
    String message = assertThrows(IllegalStateException.class, word::run).getMessage();
    assertTrue(message.contains(part), message);
  }
}
