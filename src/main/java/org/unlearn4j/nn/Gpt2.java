package org.unlearn4j.nn;

import java.util.ArrayList;
import java.util.List;

/**
 * GPT-2 (Radford et al. 2019): learned positions, layer norms before each sublayer, one fused
 * query-key-value matrix, matrices stored {@code [in, out]}, head tied to the token table.
 */
record Gpt2(ModelConfig config) implements Decoder {

  @Override
  public <T> Hidden<T> hidden(Emitter<T> e, T ids) {
    return e.within(
        "transformer",
        () -> {
          T embeddings =
              e.stream(e.add(e.embedding(ids, tokens()), e.positionEmbedding(positions())));
          List<T> blocks = new ArrayList<>();
          T x = embeddings;
          for (int l = 0; l < config.layers(); l++) {
            x = e.stream(block(e, x, l));
            blocks.add(x);
          }
          return new Hidden<>(embeddings, blocks, e.layerNorm(x, norm("transformer.ln_f")));
        });
  }

  private <T> T block(Emitter<T> e, T x, int l) {
    String name = "transformer.h." + l;
    return e.within(
        "h." + l,
        () -> {
          T y = e.add(x, attention(e, e.layerNorm(x, norm(name + ".ln_1")), l, name + ".attn"));
          return e.add(y, mlp(e, e.layerNorm(y, norm(name + ".ln_2")), name + ".mlp"));
        });
  }

  private <T> T attention(Emitter<T> e, T x, int l, String name) {
    int d = config.hiddenSize();
    return e.within(
        "attn",
        () -> {
          T qkv = e.linear(x, Linear.inOut(name + ".c_attn", d, 3 * d)); // [b, t, 3 * hidden]
          List<T> parts = e.split(qkv, d, d, d); // queries, keys, values
          T heads = e.attention(parts.get(0), parts.get(1), parts.get(2), Attention.of(l, config));
          return e.linear(heads, Linear.inOut(name + ".c_proj", d, d));
        });
  }

  private <T> T mlp(Emitter<T> e, T x, String name) {
    int d = config.hiddenSize();
    int f = config.intermediateSize();
    return e.within(
        "mlp",
        () -> {
          T up = e.linear(x, Linear.inOut(name + ".c_fc", d, f)); // [b, t, intermediate]
          T active = e.activation(up, config.activation());
          return e.linear(active, Linear.inOut(name + ".c_proj", f, d));
        });
  }

  @Override
  public <T> T head(Emitter<T> e, T hidden) {
    return e.linear(
        hidden,
        config.tiedEmbeddings()
            ? Linear.tied(tokens())
            : Linear.of("lm_head", config.hiddenSize(), config.vocabSize(), false));
  }

  private Parameter tokens() {
    return Parameter.matrix("transformer.wte.weight", config.vocabSize(), config.hiddenSize());
  }

  private Parameter positions() {
    return Parameter.matrix("transformer.wpe.weight", config.maxPositions(), config.hiddenSize());
  }

  private Norm norm(String name) {
    return Norm.layer(name, config.hiddenSize(), config.normEpsilon());
  }
}
