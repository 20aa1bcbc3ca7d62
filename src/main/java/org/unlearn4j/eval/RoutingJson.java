package org.unlearn4j.eval;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.unlearn4j.base.JsonInput;

/** {@code routing} of an evaluation file: by set, by block, and the means over the blocks. */
final class RoutingJson {
  private static final String MEAN = "mean";
  private static final String LOAD = "load";
  private static final String LOAD_BEFORE = "load_before";

  private RoutingJson() {}

  static void write(Map<String, Routing> sets, ObjectNode node) {
    sets.forEach(
        (set, routing) -> {
          ObjectNode layers = node.putObject(set);
          routing.byLayer().forEach((block, layer) -> write(layer, layers.putObject(block)));
          ObjectNode means = layers.objectNode();
          for (String measure : Routing.OF_CHANGE) {
            routing.mean(measure).ifPresent(v -> means.put(measure, v));
          }
          if (!means.isEmpty()) {
            layers.set(MEAN, means);
          }
        });
  }

  private static void write(Routing.Layer layer, ObjectNode node) {
    layer.change().forEach(node::put);
    layer.load().forEach(node.putArray(LOAD)::add);
    if (!layer.loadBefore().isEmpty()) {
      layer.loadBefore().forEach(node.putArray(LOAD_BEFORE)::add);
    }
  }

  /** Means follow from the blocks and are not read. */
  static Map<String, Routing> read(JsonInput sets) {
    Map<String, Routing> all = new LinkedHashMap<>();
    sets.fields()
        .forEach(
            (set, layers) -> {
              Map<String, Routing.Layer> byLayer = new LinkedHashMap<>();
              layers
                  .fields()
                  .forEach(
                      (block, layer) -> {
                        if (!block.equals(MEAN)) {
                          byLayer.put(block, layer(layer));
                        }
                      });
              all.put(set, new Routing(byLayer));
            });
    return all;
  }

  private static Routing.Layer layer(JsonInput layer) {
    Map<String, Double> change = new LinkedHashMap<>();
    for (String measure : Routing.OF_CHANGE) {
      if (layer.get(measure).present()) {
        change.put(measure, layer.get(measure).number());
      }
    }
    return new Routing.Layer(change, numbers(layer.get(LOAD)), numbers(layer.get(LOAD_BEFORE)));
  }

  private static List<Double> numbers(JsonInput array) {
    return array.elements().stream().map(JsonInput::number).toList();
  }
}
