package org.unlearn4j.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.unlearn4j.fixtures.Fixture;

/** Which maps read from and write to the residual stream. */
class StreamEndsTest {
  private static Decoder decoder(String fixture) {
    return Decoder.of(ModelConfig.read(Fixture.named(fixture).folder()));
  }

  private static String bare(Parameter p) {
    return p.name().replaceAll("\\.weight$", "").replaceAll("^(model|transformer|gpt_neox)\\.", "");
  }

  /**
   * Readers of a block as {@code name<norm}, writers as {@code name} or {@code name~} by a norm.
   */
  private static List<String> ends(String fixture, int block) {
    StreamEnds ends = decoder(fixture).streamEnds();
    List<String> found = new ArrayList<>();
    ends.readers().stream()
        .filter(r -> r.block() == block)
        .forEach(
            r ->
                found.add(
                    bare(r.linear().weight())
                        + "<"
                        + r.norm().map(n -> bare(n.weight())).orElse("")));
    ends.writers().stream()
        .filter(w -> w.block() == block)
        .forEach(w -> found.add(bare(w.linear().weight()) + (w.throughNorm() ? "~" : "")));
    return found;
  }

  private static List<String> words(String names) {
    return List.of(names.trim().split("\\s+"));
  }

  /** By hand, from the families' papers: what block 0 reads and writes, and what the others do. */
  @ParameterizedTest
  @CsvSource({
    "llama, -1, embed_tokens",
    "llama, 0, layers.0.self_attn.q_proj<layers.0.input_layernorm"
        + " layers.0.self_attn.k_proj<layers.0.input_layernorm"
        + " layers.0.self_attn.v_proj<layers.0.input_layernorm"
        + " layers.0.mlp.gate_proj<layers.0.post_attention_layernorm"
        + " layers.0.mlp.up_proj<layers.0.post_attention_layernorm"
        + " layers.0.self_attn.o_proj layers.0.mlp.down_proj",
    "llama, 3, lm_head<norm",
    "gpt2, -1, wte wpe",
    "gpt2, 2, h.2.attn.c_attn<h.2.ln_1 h.2.mlp.c_fc<h.2.ln_2 h.2.attn.c_proj h.2.mlp.c_proj",
    "gpt2, 3, wte<ln_f",
    // side by side, each behind its own norm of the block's input
    "gpt_neox, 1, layers.1.attention.query_key_value<layers.1.input_layernorm"
        + " layers.1.mlp.dense_h_to_4h<layers.1.post_attention_layernorm"
        + " layers.1.attention.dense layers.1.mlp.dense_4h_to_h",
    // side by side behind one norm
    "phi, 1, layers.1.self_attn.q_proj<layers.1.input_layernorm"
        + " layers.1.self_attn.k_proj<layers.1.input_layernorm"
        + " layers.1.self_attn.v_proj<layers.1.input_layernorm"
        + " layers.1.mlp.fc1<layers.1.input_layernorm"
        + " layers.1.self_attn.dense layers.1.mlp.fc2",
    "phi, 2, lm_head<final_layernorm",
    // a norm on both sides of each sublayer
    "gemma2, 0, layers.0.self_attn.q_proj<layers.0.input_layernorm"
        + " layers.0.self_attn.k_proj<layers.0.input_layernorm"
        + " layers.0.self_attn.v_proj<layers.0.input_layernorm"
        + " layers.0.mlp.gate_proj<layers.0.pre_feedforward_layernorm"
        + " layers.0.mlp.up_proj<layers.0.pre_feedforward_layernorm"
        + " layers.0.self_attn.o_proj~ layers.0.mlp.down_proj~",
    // norms behind sublayers only; those of queries and keys are no part of the stream
    "olmo2, 0, layers.0.self_attn.q_proj< layers.0.self_attn.k_proj< layers.0.self_attn.v_proj<"
        + " layers.0.mlp.gate_proj< layers.0.mlp.up_proj<"
        + " layers.0.self_attn.o_proj~ layers.0.mlp.down_proj~",
    "olmo2, 2, lm_head<norm"
  })
  void byHand(String fixture, int block, String expected) {
    assertEquals(words(expected), ends(fixture, block));
  }

  /** The router and each expert's gate and up read, each expert's down writes. */
  @Test
  void expertsByHand() {
    List<String> expected = new ArrayList<>();
    for (String p : List.of("q", "k", "v")) {
      expected.add("layers.0.self_attn." + p + "_proj<layers.0.input_layernorm");
    }
    String mlp = "layers.0.block_sparse_moe.";
    String norm = "<layers.0.post_attention_layernorm";
    expected.add(mlp + "gate" + norm);
    for (int e = 0; e < 5; e++) {
      expected.add(mlp + "experts." + e + ".w1" + norm);
      expected.add(mlp + "experts." + e + ".w3" + norm);
    }
    expected.add("layers.0.self_attn.o_proj");
    for (int e = 0; e < 5; e++) {
      expected.add(mlp + "experts." + e + ".w2");
    }
    assertEquals(expected, ends("mixtral", 0));
  }

  /**
   * In every family each linear map of a block stands at one end of the stream, once, and is called
   * as maps at that end are; nothing is both but a tied table.
   */
  @ParameterizedTest
  @MethodSource("org.unlearn4j.fixtures.Fixture#names")
  void everyMapStandsAtOneEnd(String fixture) {
    Decoder decoder = decoder(fixture);
    StreamEnds ends = decoder.streamEnds();
    int layers = decoder.config().layers();
    int hidden = decoder.config().hiddenSize();
    Set<String> found = new TreeSet<>();
    for (StreamEnds.Reader r : ends.readers()) {
      assertEquals(hidden, r.linear().in(), r.toString());
      if (r.block() < layers) {
        assertTrue(found.add(r.linear().weight().name()), "twice: " + r);
      }
    }
    for (StreamEnds.Writer w : ends.writers()) {
      String name = w.linear().weight().name();
      assertEquals(hidden, w.linear().out(), w.toString());
      boolean named =
          name.matches(
              ".*(o_proj|down_proj|attention\\.dense|self_attn\\.dense|4h_to_h|c_proj|fc2|w2)\\.weight");
      assertEquals(w.block() >= 0, named, w.toString());
      if (w.block() >= 0) {
        assertTrue(found.add(name), "twice: " + w);
      }
    }
    Set<String> maps = new TreeSet<>();
    decoder.blockMatrices().forEach(p -> maps.add(p.name()));
    assertEquals(maps, found);
    assertEquals(layers, ends.readers().get(ends.readers().size() - 1).block());
    assertEquals(decoder.config().tiedEmbeddings() ? 1 : 0, ends.shared().size());
  }

  /** Granite's head reads a scaled norm, and what its sublayers add is scaled. */
  @Test
  void factorsAreKept() {
    StreamEnds ends = decoder("granite").streamEnds();
    StreamEnds.Reader head = ends.readers().get(ends.readers().size() - 1);
    double scaling = decoder("granite").config().number("logits_scaling", 1).orElseThrow();
    assertTrue(scaling != 1);
    assertEquals(1 / scaling, head.factor());
    assertEquals(1, ends.readers().get(0).factor());
  }

  /** A family whose stream is read in another way is not taken for one that can be cut. */
  @Test
  void anUnknownReaderIsSeen() {
    Decoder odd =
        new Llama(ModelConfig.read(Fixture.named("llama").folder())) {
          @Override
          <T> T block(Emitter<T> e, T x, Layer l) {
            return e.activation(x, Activation.SILU);
          }
        };
    assertThrows(IllegalStateException.class, odd::streamEnds);
  }
}
