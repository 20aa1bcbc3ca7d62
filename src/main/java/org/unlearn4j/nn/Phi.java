package org.unlearn4j.nn;

/**
 * Phi 1, 1.5 and 2 (Gunasekar et al. 2023): attention and MLP side by side behind one layer norm,
 * biases everywhere, the head too, and rotary positions on a share of each head.
 */
final class Phi extends Stack {
  static final Dialect DIALECT =
      Dialect.USUAL
          .spelled("rms_norm_eps", "layer_norm_eps")
          .absent("rms_norm_eps", 1e-5)
          .absent("hidden_act", "gelu_new")
          .absent("partial_rotary_factor", 0.5)
          .only("qk_layernorm", false);

  Phi(ModelConfig config) {
    super(config, "model", "layers");
  }

  @Override
  <T> T embed(Emitter<T> e, T ids) {
    return e.embedding(ids, table());
  }

  @Override
  <T> T block(Emitter<T> e, T x, Layer l) {
    int d = config().hiddenSize();
    int f = config().intermediateSize();
    T n = e.layerNorm(x, norm(l.dot("input_layernorm")));
    T mixed = attention(e, n, l);
    T thought =
        mlp(e, n, Linear.of(l.dot("mlp.fc1"), d, f, true), Linear.of(l.dot("mlp.fc2"), f, d, true));
    return e.add(e.add(x, mixed), thought);
  }

  private <T> T attention(Emitter<T> e, T x, Layer l) {
    String name = l.dot("self_attn");
    int d = config().hiddenSize();
    return e.within(
        "self_attn",
        () -> {
          // [b, t, heads * headDim], then [b, t, kvHeads * headDim] twice
          T q = e.linear(x, Linear.of(name + ".q_proj", d, queryWidth(), true));
          T k = e.linear(x, Linear.of(name + ".k_proj", d, keyWidth(), true));
          T v = e.linear(x, Linear.of(name + ".v_proj", d, keyWidth(), true));
          T turnedQ = turned(e, q, config().heads(), l);
          T turnedK = turned(e, k, config().kvHeads(), l);
          T heads = e.attention(turnedQ, turnedK, v, Attention.of(l.index(), config()));
          return e.linear(heads, Linear.of(name + ".dense", queryWidth(), d, true));
        });
  }

  @Override
  <T> T finalNorm(Emitter<T> e, T x) {
    return e.layerNorm(x, norm("model.final_layernorm"));
  }

  @Override
  public <T> T head(Emitter<T> e, T hidden) {
    return e.linear(hidden, output("lm_head", true));
  }

  @Override
  Parameter table() {
    return Parameter.matrix(
        "model.embed_tokens.weight", config().vocabSize(), config().hiddenSize());
  }

  private Norm norm(String name) {
    return Norm.layer(name, config().hiddenSize(), config().normEpsilon());
  }
}
