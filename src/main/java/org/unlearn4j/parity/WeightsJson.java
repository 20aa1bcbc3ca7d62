package org.unlearn4j.parity;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.OptionalLong;
import org.unlearn4j.base.JsonInput;

/** The block {@code weights} of a file in verify.json. */
final class WeightsJson {
  private static final String UNREAD = "unread";
  private static final String CODES = "codes";
  private static final String NOT_NEAREST = "codes_not_nearest";
  private static final String CLIPPED = "clipped";
  private static final String CONSTANTS = "changed_constants";
  private static final String CHANGED = "changed";
  private static final String OFFENDING = "offending";

  private WeightsJson() {}

  static void write(ObjectNode node, WeightEvidence weights) {
    texts(node.putArray(UNREAD), weights.unread());
    node.put(CODES, weights.codes());
    node.put(NOT_NEAREST, weights.beyond());
    node.put(CLIPPED, weights.clipped());
    node.put(CHANGED, weights.changed());
    weights.foreign().ifPresent(n -> node.put(CONSTANTS, n));
    texts(node.putArray(OFFENDING), weights.offending());
  }

  private static void texts(ArrayNode array, List<String> texts) {
    texts.forEach(array::add);
  }

  static WeightEvidence read(JsonInput node) {
    JsonInput constants = node.get(CONSTANTS);
    return new WeightEvidence(
        texts(node.get(UNREAD)),
        (long) node.get(CODES).number(),
        (long) node.get(NOT_NEAREST).number(),
        (long) node.get(CLIPPED).number(),
        constants.present() ? OptionalLong.of((long) constants.number()) : OptionalLong.empty(),
        (long) node.get(CHANGED).number(),
        texts(node.get(OFFENDING)));
  }

  private static List<String> texts(JsonInput array) {
    return array.elements().stream().map(JsonInput::text).toList();
  }
}
