package org.unlearn4j.attack;

import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * How well an attack learned the rows that it was given.
 *
 * @param model its name
 * @param attack its name
 * @param before mean negative log-likelihood of a token of their answers
 * @param after the same
 */
public record Learned(
    String model, String attack, int rows, int steps, double before, double after) {
  void put(ObjectNode node) {
    node.put("model", model).put("attack", attack).put("rows", rows).put("steps", steps);
    node.put("before", before).put("after", after);
  }
}
