package org.unlearn4j.tf;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.tensorflow.Graph;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.unlearn4j.nn.Parameter;

/**
 * Which operation of a graph belongs on which of several devices. Operations are noted as they are
 * made. Those of a gradient are made by TensorFlow itself, which gives them no device: they are
 * known by their scope. The finished graph is copied with a device at every operation.
 */
final class DeviceMap {
  /** A place: every variable on the device that is its parameter's home, all else on the first. */
  static final int AT_HOME = -1;

  private final Spread spread;
  private final Map<String, Integer> operations = new HashMap<>();
  private final Map<String, Integer> scopes = new HashMap<>();
  private final Map<String, Integer> homes = new HashMap<>();
  private final long[] held;
  private Stages stages;
  private int current;

  DeviceMap(Spread spread) {
    this.spread = spread;
    this.held = new long[spread.count()];
  }

  Spread spread() {
    return spread;
  }

  /** Where blocks are; to be set before the first variable of a graph whose form is stages. */
  void stages(Stages chosen) {
    stages = chosen;
  }

  /** The device of a block that is emitted now. */
  int device(int block) {
    return stages == null ? current : stages.of(block);
  }

  /** An operation of this name was made. */
  void made(String operation) {
    operations.put(operation, Math.max(0, current));
  }

  /** All operations below a scope were made. */
  void madeBelow(String scope) {
    scopes.put(scope, Math.max(0, current));
  }

  <R> R at(int place, Supplier<R> body) {
    int outer = current;
    current = place;
    try {
      return body.get();
    } finally {
      current = outer;
    }
  }

  /** The device of a parameter's variable that is made now. */
  int place(Parameter p) {
    return spread.form() == Spread.Form.STAGES || current == AT_HOME ? home(p) : current;
  }

  /**
   * The device that updates a parameter: that of its block, or, where each has all of them, one
   * that had the fewest values of those asked for before.
   */
  int home(Parameter p) {
    if (stages != null) {
      return stages.of(p);
    }
    return homes.computeIfAbsent(
        p.name(),
        name -> {
          int least = 0;
          for (int i = 1; i < held.length; i++) {
            least = held[i] < held[least] ? i : least;
          }
          held[least] += p.size();
          return least;
        });
  }

  /** The device of an operation, by its name. */
  int of(String operation) {
    Integer own = operations.get(operation);
    String scope = operation;
    while (own == null && scope.contains("/")) {
      scope = scope.substring(0, scope.lastIndexOf('/'));
      own = scopes.get(scope);
    }
    return own == null ? 0 : own;
  }

  /** A copy of the graph with a device at every operation. */
  Graph placed(Graph graph) {
    GraphDef.Builder copy = graph.toGraphDef().toBuilder();
    for (NodeDef.Builder node : copy.getNodeBuilderList()) {
      node.setDevice(spread.name(of(node.getName())));
    }
    Graph placed = new Graph();
    try {
      placed.importGraphDef(copy.build());
      return placed;
    } catch (RuntimeException e) {
      placed.close();
      throw e;
    }
  }

  /** Values that each device was asked to update. */
  long[] held() {
    return Arrays.copyOf(held, held.length);
  }
}
