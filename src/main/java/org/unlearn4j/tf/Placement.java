package org.unlearn4j.tf;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.RunMetadata;
import org.tensorflow.proto.RunOptions;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.Verbose;

/**
 * Where the operations of a run really were, after TensorFlow placed and optimised the graph. Every
 * variable and every matrix product must be on the device that was asked for.
 */
public final class Placement {
  /** Handles, reads and updates of variables; products in all forms, fused ones included. */
  private static final Pattern BOUND =
      Pattern.compile("VarHandleOp|ReadVariableOp|\\w*VariableOp|ResourceApply\\w+|\\w*MatMul\\w*");

  private Placement() {}

  /** Options of a run of which {@link #require} shall be asked. */
  public static RunOptions options() {
    return RunOptions.newBuilder().setOutputPartitionGraphs(true).build();
  }

  /**
   * Checks a run and tells, where {@code --verbose} was given, what is left on the host.
   *
   * @param what was run, for messages
   * @throws MachineException naming the first variable or product that is elsewhere
   */
  public static void require(String what, RunMetadata run, Device device) {
    require(what, run, device, Optional.empty());
  }

  /**
   * The same.
   *
   * @param several which device each operation belongs on, where there are several
   */
  static void require(String what, RunMetadata run, Device device, Optional<DeviceMap> several) {
    Map<String, Integer> elsewhere = new TreeMap<>();
    int bound = 0;
    for (GraphDef part : run.getPartitionGraphsList()) {
      for (NodeDef node : part.getNodeList()) {
        String expected =
            several.map(m -> m.spread().name(m.of(node.getName()))).orElse(device.name());
        boolean here = node.getDevice().endsWith(expected);
        boolean must = BOUND.matcher(node.getOp()).matches();
        if (must && !here) {
          throw new MachineException(
              what
                  + ": "
                  + node.getName()
                  + " ("
                  + node.getOp()
                  + ") was computed on "
                  + (node.getDevice().isEmpty() ? "no device" : node.getDevice())
                  + ", expected "
                  + expected
                  + ".");
        }
        bound += must ? 1 : 0;
        if (!here) {
          elsewhere.merge(node.getOp(), 1, Integer::sum);
        }
      }
    }
    if (bound == 0) {
      throw new MachineException(
          what
              + ": found no variable and no matrix product in what TensorFlow ran, expected some.");
    }
    Verbose.line(told(what, bound, elsewhere, several.map(Placement::names).orElse(device.name())));
  }

  private static String names(DeviceMap several) {
    return IntStream.range(0, several.spread().count())
        .mapToObj(several.spread()::name)
        .collect(Collectors.joining(", "));
  }

  private static String told(
      String what, int bound, Map<String, Integer> elsewhere, String devices) {
    String first =
        what
            + ": "
            + bound
            + " operations on variables and matrix products, all on "
            + devices
            + "; on the host: ";
    return first + (elsewhere.isEmpty() ? "nothing" : elsewhere.toString());
  }
}
