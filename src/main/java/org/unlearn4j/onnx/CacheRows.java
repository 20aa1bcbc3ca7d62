package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.file.Path;
import java.util.List;

/**
 * Rows of the keys and values that a run has left, each as often as it is wanted: a graph of its
 * own that does nothing else, so that the deployed one stays as others load it.
 */
final class CacheRows implements AutoCloseable {
  private static final String ROWS = "rows";

  private final OrtRuntime runtime;
  private final KeyValueCache cache;
  private final OrtSession session;

  /**
   * Opens a session.
   *
   * @param model the deployed one, whose cache it is
   */
  CacheRows(OrtRuntime runtime, KeyValueCache cache, ModelProto model, Path file) {
    this.runtime = new OrtRuntime(runtime.settings()); // no adapter changes what is computed
    this.cache = cache;
    this.session = this.runtime.open(graph(model), file);
  }

  private static ModelProto graph(ModelProto model) {
    GraphProto.Builder graph = GraphProto.newBuilder().setName(ROWS);
    graph.addInput(new Value(ROWS, DataType.INT64, List.of(Dim.BATCH)).proto());
    for (ValueInfoProto input : model.getGraph().getInputList()) {
      if (input.getName().startsWith(KeyValueCache.PAST)) {
        String present = KeyValueCache.present(input.getName());
        TypeProto.Builder any = input.getType().toBuilder();
        any.getTensorTypeBuilder().clearShape();
        graph.addInput(input.toBuilder().setType(any));
        graph.addOutput(ValueInfoProto.newBuilder().setName(present).setType(any));
        graph.addNode(
            NodeProto.newBuilder()
                .setName(present)
                .setOpType(Op.GATHER.type())
                .addInput(input.getName())
                .addInput(ROWS)
                .addOutput(present));
      }
    }
    return model.toBuilder().setGraph(graph).build();
  }

  /**
   * Takes rows.
   *
   * @param past keys and values by the names under which a run leaves them; is closed
   * @param numbers of its rows
   * @return the same of these rows, which the caller closes
   */
  OrtSession.Result of(OrtSession.Result past, int[] numbers) {
    try (past;
        OrtFeeds feeds = new OrtFeeds(runtime, session)) {
      feeds.ints(ROWS, numbers, numbers.length);
      cache.feed(feeds, numbers.length, past);
      return feeds.run(cache.presents());
    }
  }

  @Override
  public void close() {
    try {
      session.close();
    } catch (OrtException e) {
      throw new IllegalStateException(e);
    }
  }
}
