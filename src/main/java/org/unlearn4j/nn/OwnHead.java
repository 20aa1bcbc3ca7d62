package org.unlearn4j.nn;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A model whose head is a parameter of its own, whether the checkpoint's is or is tied to the token
 * table: what a quantised file computes, which reads the one in codes and the other as it is.
 *
 * @param decoder with the head untied
 * @param table the token table
 * @param head the head's weight
 * @param tied whether the checkpoint has no such weight
 */
public record OwnHead(Decoder decoder, Parameter table, Parameter head, boolean tied) {

  /** Of the model that a configuration describes. */
  public static OwnHead of(ModelConfig config) {
    boolean tied = config.tiedEmbeddings();
    Decoder decoder =
        Decoder.of(
            tied
                ? ModelConfig.of(config.json().deepCopy().put("tie_word_embeddings", false))
                : config);
    List<Parameter> all = decoder.parameters();
    Parameter table = all.get(0); // looked up before anything is computed
    Optional<Parameter> head =
        all.stream()
            .filter(p -> p.shape().equals(table.shape()) && !p.equals(table))
            .reduce((a, b) -> b); // and multiplied with in the end
    return new OwnHead(decoder, table, head.orElse(table), tied);
  }

  public List<Parameter> parameters() {
    return new ArrayList<>(decoder.parameters());
  }

  /** The name that a parameter has in the checkpoint. */
  public String stored(Parameter p) {
    return tied && p.equals(head) ? table.name() : p.name();
  }

  /** Shapes of what the checkpoint must have, by name. */
  public Map<String, List<Integer>> shapes() {
    Map<String, List<Integer>> shapes = new LinkedHashMap<>();
    decoder.parameters().forEach(p -> shapes.put(stored(p), p.shape()));
    return shapes;
  }
}
