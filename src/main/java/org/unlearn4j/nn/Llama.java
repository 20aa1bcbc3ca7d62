package org.unlearn4j.nn;

import java.util.ArrayList;
import java.util.List;

/**
 * Llama 1 to 3 (Touvron et al. 2023; Llama Team 2024): RMS norms before each sublayer, rotary
 * positions, grouped key/value heads, gated MLP.
 */
record Llama(ModelConfig config) implements Decoder {

  @Override
  public <T> Hidden<T> hidden(Emitter<T> e, T ids) {
    return e.within(
        "model",
        () -> {
          T embeddings = e.stream(e.embedding(ids, embedding()));
          List<T> blocks = new ArrayList<>();
          T x = embeddings;
          for (int l = 0; l < config.layers(); l++) {
            x = e.stream(block(e, x, l));
            blocks.add(x);
          }
          return new Hidden<>(embeddings, blocks, e.rmsNorm(x, norm("model.norm")));
        });
  }

  private <T> T block(Emitter<T> e, T x, int l) {
    String name = "model.layers." + l;
    return e.within(
        "layers." + l,
        () -> {
          T y = e.add(x, attention(e, e.rmsNorm(x, norm(name + ".input_layernorm")), l));
          return e.add(y, mlp(e, e.rmsNorm(y, norm(name + ".post_attention_layernorm")), name));
        });
  }

  private <T> T attention(Emitter<T> e, T x, int l) {
    String name = "model.layers." + l + ".self_attn";
    int d = config.hiddenSize();
    int qWidth = config.heads() * config.headDim();
    int kvWidth = config.kvHeads() * config.headDim();
    boolean bias = config.attentionBias();
    return e.within(
        "self_attn",
        () -> {
          T q =
              e.linear(x, Linear.of(name + ".q_proj", d, qWidth, bias)); // [b, t, heads * headDim]
          T k =
              e.linear(
                  x, Linear.of(name + ".k_proj", d, kvWidth, bias)); // [b, t, kvHeads * headDim]
          T v = e.linear(x, Linear.of(name + ".v_proj", d, kvWidth, bias));
          T turnedQ = e.rotary(q, config.heads(), config.rotary());
          T turnedK = e.rotary(k, config.kvHeads(), config.rotary());
          T heads = e.attention(turnedQ, turnedK, v, Attention.of(l, config));
          return e.linear(heads, Linear.of(name + ".o_proj", qWidth, d, bias));
        });
  }

  private <T> T mlp(Emitter<T> e, T x, String block) {
    String name = block + ".mlp";
    int d = config.hiddenSize();
    int f = config.intermediateSize();
    boolean bias = config.mlpBias();
    return e.within(
        "mlp",
        () -> {
          T gate = e.linear(x, Linear.of(name + ".gate_proj", d, f, bias)); // [b, t, intermediate]
          T up = e.linear(x, Linear.of(name + ".up_proj", d, f, bias));
          T gated = e.multiply(e.activation(gate, config.activation()), up);
          return e.linear(gated, Linear.of(name + ".down_proj", f, d, bias));
        });
  }

  @Override
  public <T> T head(Emitter<T> e, T hidden) {
    return e.linear(
        hidden,
        config.tiedEmbeddings()
            ? Linear.tied(embedding())
            : Linear.of("lm_head", config.hiddenSize(), config.vocabSize(), false));
  }

  private Parameter embedding() {
    return Parameter.matrix("model.embed_tokens.weight", config.vocabSize(), config.hiddenSize());
  }

  private Norm norm(String name) {
    return Norm.rms(name, config.hiddenSize(), config.normEpsilon());
  }
}
