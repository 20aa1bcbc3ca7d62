package org.unlearn4j.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.base.UserException;
import org.unlearn4j.fixtures.Fixture;

/** Which linear maps an adapter is for, and what its parameters are called. */
class AdapterTest {
  private static final Adapter.Shape SHAPE = new Adapter.Shape(2, 4, false, 0);

  private static Decoder decoder(String family) {
    return Decoder.of(ModelConfig.read(Fixture.named(family).folder()));
  }

  private static Adapter adapter(Decoder decoder, List<Integer> layers, String... names) {
    return Adapter.of(
        decoder, SHAPE, new Adapter.Selection(List.of(names), layers, false, "unlearn.adapter"));
  }

  private static List<String> modules(Adapter adapter) {
    return adapter.targets().stream().map(t -> t.linear().module()).toList();
  }

  /** No family has a linear map that no role names, and all roles together are all linear maps. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "gemma",
        "gemma2",
        "gemma3_text",
        "gpt2",
        "gpt_neox",
        "gpt_oss",
        "granite",
        "llama",
        "mistral",
        "mixtral",
        "olmo2",
        "olmo3",
        "phi",
        "phi3",
        "qwen2",
        "qwen3",
        "qwen3_moe",
        "smollm3"
      })
  void everyLinearMapHasARole(String family) {
    Decoder decoder = decoder(family);
    for (Linear l : decoder.linears()) {
      assertTrue(
          Arrays.stream(LinearRole.values()).anyMatch(r -> r.of(l)), "no role for " + l.module());
    }
    boolean gated = decoder.linears().stream().anyMatch(LinearRole.GATE::of);
    String[] roles =
        gated
            ? new String[] {"q", "k", "v", "o", "gate", "up", "down"}
            : new String[] {"q", "k", "v", "o", "up", "down"};
    List<String> all = modules(adapter(decoder, List.of(), Adapter.ALL_LINEAR));
    assertEquals(all, modules(adapter(decoder, List.of(), roles)));
    boolean ownHead = !decoder.config().tiedEmbeddings();
    assertEquals(decoder.linears().size(), all.size() + (ownHead ? 1 : 0));
    assertFalse(all.stream().anyMatch(m -> m.endsWith(".gate")), "a router is adapted");
  }

  @Test
  void namesAndShapesAreThoseOfThePublishedFormat() {
    Decoder gpt2 = decoder("gpt2"); // stores [in, out]; A and B do not
    Adapter adapter = adapter(gpt2, List.of(1), "mlp.c_proj");
    int hidden = gpt2.config().hiddenSize();
    Adapter.Target t = adapter.targets().get(0);
    assertEquals(1, adapter.targets().size());
    assertEquals("transformer.h.1.mlp.c_proj.lora_A.weight", t.down().name());
    assertEquals("transformer.h.1.mlp.c_proj.lora_B.weight", t.up().name());
    assertEquals(List.of(2, t.linear().in()), t.down().shape());
    assertEquals(List.of(hidden, 2), t.up().shape());
    assertEquals(List.of(t.down(), t.up()), adapter.parameters());
  }

  @Test
  void theScaleIsAlphaByRankOrByItsRoot() {
    assertEquals(2, SHAPE.scale());
    assertEquals(4 / Math.sqrt(2), new Adapter.Shape(2, 4, true, 0).scale(), 1e-15);
  }

  @Test
  void aFusedMatrixIsAdaptedOnce() {
    Decoder phi3 = decoder("phi3");
    List<String> q = modules(adapter(phi3, List.of(), "q"));
    assertEquals(phi3.config().layers(), q.size());
    assertEquals(q, modules(adapter(phi3, List.of(), "k", "v", "qkv_proj")));
  }

  @Test
  void biasesLearnWhereTheyAreAskedFor() {
    Decoder qwen = decoder("qwen2"); // biases of q, k and v, none of o
    Adapter adapter =
        Adapter.of(
            qwen,
            SHAPE,
            new Adapter.Selection(List.of("q", "o"), List.of(0), true, "unlearn.adapter"));
    assertEquals(
        List.of("model.layers.0.self_attn.q_proj.bias"),
        adapter.biases().stream().map(Parameter::name).toList());
    assertEquals(5, adapter.parameters().size());
    assertEquals(2, adapter.onlyOf(p -> p.name().contains("o_proj")).parameters().size());
  }

  private static void refused(String expected, Decoder decoder, List<Integer> layers, String name) {
    UserException e = assertThrows(UserException.class, () -> adapter(decoder, layers, name));
    assertTrue(e.getMessage().contains(expected), e.getMessage());
  }

  @Test
  void whatAModelDoesNotHaveIsRefusedByName() {
    Decoder tied = decoder("gemma");
    assertTrue(tied.config().tiedEmbeddings());
    refused("this model's head is its token table", tied, List.of(), "head");
    refused("targets: found w1, which this model does not have", tied, List.of(), "w1");
    refused("layers: found block 99", tied, List.of(99), "q");
    refused("targets: found gate", decoder("gpt2"), List.of(), "gate");
    Decoder llama = decoder("llama");
    int full = llama.config().hiddenSize();
    UserException e =
        assertThrows(
            UserException.class,
            () ->
                Adapter.of(
                    llama,
                    new Adapter.Shape(full + 1, 1, false, 0),
                    new Adapter.Selection(List.of("q"), List.of(), false, "unlearn.adapter")));
    assertTrue(
        e.getMessage().startsWith("unlearn.adapter.rank: found " + (full + 1)), e.getMessage());
  }
}
