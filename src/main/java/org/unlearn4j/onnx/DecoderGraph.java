package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Hidden;

/**
 * A decoder's deployable graph without the values of its weights.
 *
 * <p>Inputs: {@code input_ids}, {@code attention_mask}, {@code position_ids}, then {@code
 * past_key_values.{i}.key} and {@code .value} layer by layer. Outputs: {@code logits}, then {@code
 * present.{i}.key} and {@code .value}. Values that tools look for have stable names: {@code
 * hidden.embeddings}, {@code hidden.{i}} (the residual stream after block i) and {@code
 * hidden.final_norm}, each {@code [tokens, hidden]}, and {@code logits.rows}, {@code [tokens,
 * vocab]}, with {@code tokens = batch * time}, or {@code [batch, vocab]} where only the last
 * position's are asked for, of which {@code hidden.last} is read; {@code routes.{i}} are the
 * experts that each token goes through in the i-th block that has some, {@code [tokens, chosen]}.
 * Where adapters may be added there are the optional inputs of {@link AdapterInputs} too.
 *
 * @param form the variant and operator set it is written in
 * @param graph all but the large initializers
 * @param initializers those, in the order of their first use
 */
record DecoderGraph(GraphForm form, GraphProto graph, List<Initializer> initializers) {
  /** What every file says has written it. */
  static final String PRODUCER = "unlearn4j";

  static final String EMBEDDINGS = "hidden.embeddings";
  static final String FINAL_NORM = "hidden.final_norm";
  static final String LOGIT_ROWS = "logits.rows";

  /** What the head reads where it reads the last position only. */
  static final String LAST = "hidden.last";

  /** Prefix of outputs with the residual stream, as exporters of Hugging Face call them. */
  static final String STATES = "hidden_states.";

  static String block(int i) {
    return "hidden." + i;
  }

  static String routes(int i) {
    return "routes." + i;
  }

  static DecoderGraph of(Decoder decoder, GraphForm form) {
    return of(decoder, form, Set.of());
  }

  /**
   * The same with optional inputs for adapters.
   *
   * @param adapted modules of the linear maps that adapters may be added to
   */
  static DecoderGraph of(Decoder decoder, GraphForm form, Set<String> adapted) {
    OnnxEmitter e =
        new OnnxEmitter(
            decoder.config().maxPositions(), decoder.config().tiedEmbeddings(), form, adapted);
    GraphBuilder g = e.graph();
    Hidden<Value> hidden = decoder.hidden(e, e.ids());
    g.rename(e.rows(hidden.embeddings()), EMBEDDINGS);
    for (int i = 0; i < hidden.blocks().size(); i++) {
      g.rename(e.rows(hidden.blocks().get(i)), block(i));
    }
    for (int i = 0; i < e.routes().size(); i++) {
      g.rename(e.routes().get(i), routes(i));
    }
    Value last = e.rows(hidden.finalNorm());
    g.rename(last, FINAL_NORM);
    boolean cut = form.choices().lastLogits();
    Value read = cut ? e.lastPosition(last) : last;
    if (cut) {
      g.rename(read, LAST);
    }
    Value rows = e.rows(e.within("lm_head", () -> decoder.head(e, read)));
    g.rename(rows, LOGIT_ROWS);
    Value logits = e.within("lm_head", () -> cut ? e.onePosition(rows) : e.sequence(rows));
    g.rename(logits, "logits");
    g.output(logits);
    e.presents().forEach(g::output);
    if (form.choices().hiddenStates()) {
      states(e, hidden);
    }
    return new DecoderGraph(form, g.build(decoder.config().modelType()).build(), g.initializers());
  }

  /**
   * The embeddings, the stream after each block but the last, and the final norm: the last block's
   * own output is none of those that Hugging Face's models give.
   */
  private static void states(OnnxEmitter e, Hidden<Value> hidden) {
    List<Value> all = new ArrayList<>(List.of(hidden.embeddings()));
    all.addAll(hidden.blocks().subList(0, hidden.blocks().size() - 1));
    all.add(hidden.finalNorm());
    for (int i = 0; i < all.size(); i++) {
      Value stream = all.get(i);
      Value state = e.within("hidden_states", () -> e.sequence(e.rows(stream)));
      e.graph().rename(state, STATES + i);
      e.graph().output(state);
    }
  }

  /** The linear maps that are read in codes, and a table that is, by the names of their weights. */
  Map<String, Initializer.Codes> quantized() {
    Map<String, Initializer.Codes> maps = new LinkedHashMap<>();
    for (Initializer i : initializers) {
      if (i.content() instanceof Initializer.Codes c) {
        maps.put(c.linear().weight().name(), c);
      }
    }
    return maps;
  }

  /** A model around the graph, with its declarations of version and origin. */
  ModelProto.Builder model(GraphProto.Builder graph, Map<String, String> metadata) {
    ModelProto.Builder model =
        ModelProto.newBuilder()
            .setIrVersion(form.irVersion())
            .setProducerName(PRODUCER)
            .setProducerVersion(metadata.getOrDefault(Provenance.VERSION, ""))
            .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(form.opset()))
            .setGraph(graph);
    Subgraph.nodes(graph.build()).stream()
        .map(NodeProto::getDomain)
        .filter(d -> !d.isEmpty())
        .distinct()
        .forEach(d -> model.addOpsetImportBuilder().setDomain(d).setVersion(1));
    metadata.forEach((k, v) -> model.addMetadataPropsBuilder().setKey(k).setValue(v));
    return model;
  }
}
