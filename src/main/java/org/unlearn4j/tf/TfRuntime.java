package org.unlearn4j.tf;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Graph;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.GPUOptions;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.weights.SafeTensors;

/** A graph and, once it is built, the session that runs it; closes both, in the right order. */
public final class TfRuntime implements AutoCloseable {
  private final Graph graph = new Graph();
  private final Ops ops;
  private Session session;

  /** A new, empty graph; registers the gradients this project adds to TensorFlow's. */
  public TfRuntime() {
    SparseCrossEntropy.registerGradient();
    this.ops = Ops.create(graph);
  }

  public Graph graph() {
    return graph;
  }

  public Ops ops() {
    return ops;
  }

  /** The session, opened at the first call: build the whole graph before. */
  public Session session() {
    if (session == null) {
      ConfigProto config =
          ConfigProto.newBuilder()
              .setAllowSoftPlacement(true)
              .setGpuOptions(GPUOptions.newBuilder().setAllowGrowth(true))
              .build();
      session = new Session(graph, config);
    }
    return session;
  }

  /**
   * Values of a decoder's parameters in a checkpoint, after checking names and shapes as a whole.
   *
   * @throws org.unlearn4j.base.UserException listing everything that is missing or has the wrong
   *     shape
   */
  public static WeightSource checkpoint(SafeTensors weights, List<Parameter> parameters) {
    Map<String, List<Integer>> shapes = new LinkedHashMap<>();
    parameters.forEach(p -> shapes.put(p.name(), p.shape()));
    weights.require(shapes);
    return (p, from, to) -> weights.read(p.name(), from, to);
  }

  @Override
  public void close() {
    if (session != null) {
      session.close();
    }
    graph.close();
  }
}
