package org.unlearn4j.nn;

import java.util.List;

/**
 * GPT-NeoX and Pythia (Black et al. 2022; Biderman et al. 2023): attention and MLP side by side,
 * each behind a layer norm of its own, rotary positions on a share of each head, and a fused matrix
 * whose rows are grouped by head: query, key and value of head 0, then of head 1, and so on.
 */
final class GptNeoX extends Stack {
  static final Dialect DIALECT =
      Dialect.USUAL
          .spelled("rms_norm_eps", "layer_norm_eps")
          .absent("rms_norm_eps", 1e-5)
          .absent("hidden_act", "gelu")
          .spelled("rope_theta", "rotary_emb_base", "rope_theta")
          .spelled("partial_rotary_factor", "rotary_pct", "partial_rotary_factor")
          .absent("partial_rotary_factor", 0.25)
          .absent("attention_bias", true);

  GptNeoX(ModelConfig config) {
    super(config, "gpt_neox", "layers");
  }

  @Override
  <T> T embed(Emitter<T> e, T ids) {
    return e.embedding(ids, table());
  }

  @Override
  <T> T block(Emitter<T> e, T x, Layer l) {
    T y = e.add(x, attention(e, e.layerNorm(x, norm(l.dot("input_layernorm"))), l));
    boolean parallel = config().flag("use_parallel_residual", true);
    T read = e.layerNorm(parallel ? x : y, norm(l.dot("post_attention_layernorm")));
    return e.add(y, mlp(e, read, l));
  }

  private <T> T attention(Emitter<T> e, T x, Layer l) {
    String name = l.dot("attention");
    int d = config().hiddenSize();
    int head = config().headDim();
    boolean bias = config().attentionBias();
    return e.within(
        "attention",
        () -> {
          T fused = e.linear(x, Linear.of(name + ".query_key_value", d, 3 * queryWidth(), bias));
          List<T> qkv = e.splitHeads(fused, config().heads(), head, head, head);
          T turnedQ = turned(e, qkv.get(0), config().heads(), l);
          T turnedK = turned(e, qkv.get(1), config().heads(), l);
          T heads = e.attention(turnedQ, turnedK, qkv.get(2), Attention.of(l.index(), config()));
          return e.linear(heads, Linear.of(name + ".dense", queryWidth(), d, bias));
        });
  }

  private <T> T mlp(Emitter<T> e, T x, Layer l) {
    int d = config().hiddenSize();
    int f = config().intermediateSize();
    return mlp(
        e,
        x,
        Linear.of(l.dot("mlp.dense_h_to_4h"), d, f, true),
        Linear.of(l.dot("mlp.dense_4h_to_h"), f, d, true));
  }

  @Override
  <T> T finalNorm(Emitter<T> e, T x) {
    return e.layerNorm(x, norm("gpt_neox.final_layer_norm"));
  }

  @Override
  public <T> T head(Emitter<T> e, T hidden) {
    return e.linear(hidden, output("embed_out", false));
  }

  @Override
  Parameter table() {
    return Parameter.matrix(
        "gpt_neox.embed_in.weight", config().vocabSize(), config().hiddenSize());
  }

  private Norm norm(String name) {
    return Norm.layer(name, config().hiddenSize(), config().normEpsilon());
  }
}
