package org.unlearn4j.nn;

import java.util.List;

/**
 * GPT-2 (Radford et al. 2019): learned positions, layer norms before each sublayer, one fused
 * query-key-value matrix, matrices stored {@code [in, out]}, head tied to the token table.
 */
final class Gpt2 extends Stack {
  static final Dialect DIALECT =
      Dialect.USUAL
          .withLearnedPositions()
          .spelled("hidden_size", "n_embd")
          .spelled("num_hidden_layers", "n_layer")
          .spelled("num_attention_heads", "n_head")
          .spelled("max_position_embeddings", "n_positions")
          .spelled("intermediate_size", "n_inner")
          .spelled("rms_norm_eps", "layer_norm_epsilon")
          .absent("rms_norm_eps", 1e-5)
          .spelled("hidden_act", "activation_function")
          .absent("hidden_act", "gelu_new")
          .absent("tie_word_embeddings", true)
          .only("scale_attn_weights", true)
          .only("scale_attn_by_inverse_layer_idx", false)
          .only("add_cross_attention", false);

  Gpt2(ModelConfig config) {
    super(config, "transformer", "h");
  }

  @Override
  <T> T embed(Emitter<T> e, T ids) {
    Parameter positions =
        Parameter.matrix("transformer.wpe.weight", config().maxPositions(), config().hiddenSize());
    return e.add(e.embedding(ids, table()), e.positionEmbedding(positions));
  }

  @Override
  <T> T block(Emitter<T> e, T x, Layer l) {
    int d = config().hiddenSize();
    int f = config().intermediateSize();
    T y = e.add(x, attention(e, e.layerNorm(x, norm(l.dot("ln_1"))), l));
    T read = e.layerNorm(y, norm(l.dot("ln_2")));
    Linear up = Linear.inOut(l.dot("mlp.c_fc"), d, f);
    return e.add(y, mlp(e, read, up, Linear.inOut(l.dot("mlp.c_proj"), f, d)));
  }

  private <T> T attention(Emitter<T> e, T x, Layer l) {
    String name = l.dot("attn");
    int d = config().hiddenSize();
    return e.within(
        "attn",
        () -> {
          T qkv = e.linear(x, Linear.inOut(name + ".c_attn", d, 3 * d)); // [b, t, 3 * hidden]
          List<T> parts = e.split(qkv, d, d, d); // queries, keys, values
          Attention spec = Attention.of(l.index(), config());
          T heads = e.attention(parts.get(0), parts.get(1), parts.get(2), spec);
          return e.linear(heads, Linear.inOut(name + ".c_proj", d, d));
        });
  }

  @Override
  <T> T finalNorm(Emitter<T> e, T x) {
    return e.layerNorm(x, norm("transformer.ln_f"));
  }

  @Override
  Parameter table() {
    return Parameter.matrix("transformer.wte.weight", config().vocabSize(), config().hiddenSize());
  }

  private Norm norm(String name) {
    return Norm.layer(name, config().hiddenSize(), config().normEpsilon());
  }
}
