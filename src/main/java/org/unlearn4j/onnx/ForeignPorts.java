package org.unlearn4j.onnx;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.unlearn4j.base.UserException;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.weights.GraphChoices;

/**
 * Inputs and outputs of a decoder that anybody may have exported, as its file declares them. Names,
 * number formats and shapes are held against what can be fed and read here before ONNX Runtime is
 * asked: it would complain in the middle of a comparison, or not at all.
 */
final class ForeignPorts {
  private static final String IDS = "input_ids";
  private static final String MASK = "attention_mask";
  private static final String POSITIONS = "position_ids";
  private static final String LOGITS = "logits";

  /** Of a decoder merged from one without and one with past: which of them is to run. */
  static final String BRANCH = "use_cache_branch";

  /** Attention of com.microsoft that takes a row's length, not which of its tokens are padding. */
  private static final String COUNTING = "GroupQueryAttention";

  private static final String TRUTH = "BOOL";
  private static final String INTEGERS = "INT64";
  private static final List<String> FLOATS = List.of("FLOAT", "FLOAT16");

  private final Path file;
  private final Map<String, OnnxSummary.Port> inputs;
  private final Map<String, OnnxSummary.Port> outputs;
  private final boolean countsMask;

  private ForeignPorts(Path file, OnnxSummary summary) {
    this.file = file;
    this.inputs = byName(summary.inputs());
    this.outputs = byName(summary.outputs());
    // Our own gives it a bias that masks padding wherever it stands.
    String own = summary.metadata().getOrDefault(Provenance.CHOICES, "");
    boolean biased =
        summary.producer().startsWith(DecoderGraph.PRODUCER) && own.contains(GraphChoices.GROUPED);
    this.countsMask = summary.operators().containsKey(COUNTING) && !biased;
  }

  /**
   * Reads and checks the declarations of a file.
   *
   * @throws UserException naming the first input or output that cannot be fed or read
   */
  static ForeignPorts of(Path file, ModelConfig config) {
    ForeignPorts ports = new ForeignPorts(file, OnnxSummary.of(file));
    ports.check(config.vocabSize());
    return ports;
  }

  private static Map<String, OnnxSummary.Port> byName(List<OnnxSummary.Port> ports) {
    Map<String, OnnxSummary.Port> byName = new LinkedHashMap<>();
    ports.forEach(p -> byName.put(p.name(), p));
    return byName;
  }

  /** Whether keys and values go in and out. */
  boolean cached() {
    return inputs.keySet().stream().anyMatch(n -> n.startsWith(KeyValueCache.PAST));
  }

  /** Whether the mask can keep out padding in front of tokens. */
  boolean masked() {
    return inputs.containsKey(MASK) && !countsMask;
  }

  boolean positioned() {
    return inputs.containsKey(POSITIONS);
  }

  private void check(int vocabulary) {
    if (!inputs.containsKey(IDS) || !outputs.containsKey(LOGITS)) {
      throw UserException.at(
          file,
          "",
          "inputs " + inputs.keySet() + " and outputs " + outputs.keySet(),
          IDS + " and " + LOGITS + " among them");
    }
    for (OnnxSummary.Port input : inputs.values()) {
      if (input.name().startsWith(KeyValueCache.PAST)) {
        checkPast(input);
      } else if (List.of(IDS, MASK, POSITIONS).contains(input.name())) {
        checkTokens(input);
      } else if (input.name().equals(BRANCH)) {
        checkBranch(input);
      } else {
        throw UserException.at(
            file,
            "",
            "input " + input.name(),
            String.join(", ", IDS, MASK, POSITIONS, BRANCH)
                + " and "
                + KeyValueCache.PAST
                + "* alone");
      }
    }
    checkLogits(outputs.get(LOGITS), vocabulary);
  }

  /** Integers, a row a text: as many rows and columns as there are today. */
  private void checkTokens(OnnxSummary.Port input) {
    String place = "input " + input.name();
    if (!input.type().equals(INTEGERS)) {
      throw UserException.at(file, place, input.type(), INTEGERS);
    }
    List<String> shape = input.shape();
    boolean any = shape.isEmpty() || (shape.size() == 2 && varies(shape, 0) && varies(shape, 1));
    if (!any) {
      throw UserException.at(file, place, "shape " + shape, "[batch, time], neither of them fixed");
    }
  }

  private void checkBranch(OnnxSummary.Port input) {
    boolean one = List.of(List.of(), List.of("1")).contains(input.shape());
    if (!input.type().equals(TRUTH) || !one) {
      throw UserException.at(
          file,
          "input " + BRANCH,
          input.type() + " of shape " + input.shape(),
          TRUTH + ", one value");
    }
  }

  /** Keys or values are handed from run to run as they are, whatever their number format. */
  private void checkPast(OnnxSummary.Port input) {
    String place = "input " + input.name();
    OnnxSummary.Port present = outputs.get(KeyValueCache.present(input.name()));
    if (present == null) {
      throw UserException.at(file, place, "no such output", KeyValueCache.present(input.name()));
    }
    if (!present.type().equals(input.type())) {
      throw UserException.at(
          file, place, input.type(), present.type() + " as in output " + present.name());
    }
    List<String> shape = input.shape();
    boolean known =
        shape.size() == 4
            && varies(shape, 0)
            && !varies(shape, 1)
            && varies(shape, 2)
            && !varies(shape, 3);
    if (!known) {
      throw UserException.at(
          file,
          place,
          "shape " + shape,
          "[batch, a number of heads, past, a number of features], batch and past not fixed");
    }
  }

  private void checkLogits(OnnxSummary.Port logits, int vocabulary) {
    String place = "output " + LOGITS;
    if (!FLOATS.contains(logits.type())) {
      throw UserException.at(file, place, logits.type(), String.join(" or ", FLOATS));
    }
    List<String> shape = logits.shape();
    boolean any =
        shape.isEmpty()
            || (shape.size() == 3
                && varies(shape, 0)
                && varies(shape, 1)
                && (varies(shape, 2) || shape.get(2).equals(String.valueOf(vocabulary))));
    if (!any) {
      throw UserException.at(
          file,
          place,
          "shape " + shape,
          "[batch, time, "
              + vocabulary
              + "], the vocabulary as config.json has it, batch and time not fixed");
    }
  }

  /** A dimension is a number where it is fixed; else it has a name, or none. */
  private static boolean varies(List<String> shape, int dimension) {
    return !shape.get(dimension).matches("[0-9]+");
  }
}
