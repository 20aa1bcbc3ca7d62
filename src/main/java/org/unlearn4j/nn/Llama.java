package org.unlearn4j.nn;

import java.util.List;

/**
 * Llama 1 to 3 (Touvron et al. 2023; Llama Team 2024): RMS norms before each sublayer, rotary
 * positions, grouped key/value heads, gated MLP. Many families are this one but for a step; they
 * extend it and say that step otherwise.
 */
class Llama extends Stack {
  static final Dialect DIALECT = Dialect.USUAL;

  Llama(ModelConfig config) {
    super(config, "model", "layers");
  }

  @Override
  <T> T embed(Emitter<T> e, T ids) {
    return e.embedding(ids, table());
  }

  @Override
  <T> T block(Emitter<T> e, T x, Layer l) {
    T y = e.add(x, attention(e, e.rmsNorm(x, norm(l.dot("input_layernorm"))), l));
    return e.add(y, mlp(e, e.rmsNorm(y, norm(l.dot("post_attention_layernorm"))), l));
  }

  /** Queries {@code [b, t, heads * headDim]}, keys and values {@code [b, t, kvHeads * headDim]}. */
  record Projections<T>(T queries, T keys, T values) {}

  final <T> T attention(Emitter<T> e, T x, Layer l) {
    String name = l.dot("self_attn");
    return e.within(
        "self_attn",
        () -> {
          Projections<T> p = project(e, x, name);
          T q = normalised(e, p.queries(), config().heads(), name + ".q_norm");
          T k = normalised(e, p.keys(), config().kvHeads(), name + ".k_norm");
          T turnedQ = turned(e, q, config().heads(), l);
          T turnedK = turned(e, k, config().kvHeads(), l);
          T heads = e.attention(turnedQ, turnedK, p.values(), attends(l.index()));
          return e.linear(heads, linear(name, "o_proj", queryWidth(), config().hiddenSize()));
        });
  }

  /** Queries, keys and values, from a matrix each. */
  <T> Projections<T> project(Emitter<T> e, T x, String attention) {
    int d = config().hiddenSize();
    return new Projections<>(
        e.linear(x, linear(attention, "q_proj", d, queryWidth())),
        e.linear(x, linear(attention, "k_proj", d, keyWidth())),
        e.linear(x, linear(attention, "v_proj", d, keyWidth())));
  }

  private Linear linear(String attention, String projection, int in, int out) {
    return Linear.of(attention + "." + projection, in, out, bias(projection));
  }

  /** Whether one of the attention's projections has a bias. */
  boolean bias(String projection) {
    return config().attentionBias();
  }

  /** Queries or keys before they are turned: here as they are. */
  <T> T normalised(Emitter<T> e, T x, int heads, String name) {
    return x;
  }

  /** How a layer attends. */
  Attention attends(int layer) {
    return Attention.of(layer, config());
  }

  <T> T mlp(Emitter<T> e, T x, Layer l) {
    String name = l.dot("mlp");
    return e.within(
        "mlp",
        () -> {
          List<T> both = gateAndUp(e, x, name); // [b, t, intermediate] each
          T gated = e.multiply(e.activation(both.get(0), config().activation()), both.get(1));
          return e.linear(
              gated,
              mlpLinear(name + ".down_proj", config().intermediateSize(), config().hiddenSize()));
        });
  }

  /** Gate and up, from a matrix each. */
  <T> List<T> gateAndUp(Emitter<T> e, T x, String mlp) {
    int d = config().hiddenSize();
    int f = config().intermediateSize();
    return List.of(
        e.linear(x, mlpLinear(mlp + ".gate_proj", d, f)),
        e.linear(x, mlpLinear(mlp + ".up_proj", d, f)));
  }

  private Linear mlpLinear(String name, int in, int out) {
    return Linear.of(name, in, out, config().mlpBias());
  }

  @Override
  <T> T finalNorm(Emitter<T> e, T x) {
    return e.rmsNorm(x, norm("model.norm"));
  }

  @Override
  final Parameter table() {
    return Parameter.matrix(
        "model.embed_tokens.weight", config().vocabSize(), config().hiddenSize());
  }

  /** A norm of the residual stream. */
  Norm norm(String name) {
    return Norm.rms(name, config().hiddenSize(), config().normEpsilon());
  }
}
