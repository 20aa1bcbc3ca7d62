package org.unlearn4j.tf;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.tensorflow.proto.DeviceStepStats;
import org.tensorflow.proto.NodeExecStats;
import org.tensorflow.proto.RunMetadata;

/**
 * Where a run's time went, by type of operation, from the records that TensorFlow keeps of a traced
 * run. Operations that ran side by side both count: the sum is of processors, not of the clock.
 */
public final class OperationTimes {
  private static final double MICROS = 1e3;

  private OperationTimes() {}

  /**
   * One type of operation.
   *
   * @param type for instance {@code MatMul}; {@code _FusedMatMul} and others like it are
   *     TensorFlow's own
   * @param count how many ran
   * @param ms together
   */
  public record Spent(String type, int count, double ms) {
    private Spent and(double more) {
      return new Spent(type, count + 1, ms + more);
    }
  }

  /** All types, those that took most first. */
  public static List<Spent> of(RunMetadata run) {
    Map<String, Spent> byType = new TreeMap<>();
    for (DeviceStepStats device : run.getStepStats().getDevStatsList()) {
      for (NodeExecStats node : device.getNodeStatsList()) {
        String type = type(node.getTimelineLabel());
        double ms = (node.getOpEndRelMicros() - node.getOpStartRelMicros()) / MICROS;
        byType.put(type, byType.getOrDefault(type, new Spent(type, 0, 0)).and(ms));
      }
    }
    return byType.values().stream()
        .sorted(Comparator.comparingDouble(Spent::ms).reversed())
        .toList();
  }

  /** {@code MatMul} of {@code 12B step/MatMul = MatMul(a, b)}. */
  static String type(String label) {
    int open = label.indexOf('(');
    String before = open < 0 ? label : label.substring(0, open);
    return before.substring(before.lastIndexOf(' ') + 1);
  }
}
