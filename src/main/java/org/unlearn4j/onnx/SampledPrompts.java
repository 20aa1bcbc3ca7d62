package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.unlearn4j.lm.Decoding;

/**
 * Decodes several continuations of each prompt, each prompt being computed once: the deployed graph
 * runs over the prompts, and the same graph with an input that says which row of the past each row
 * reads takes the first step of all continuations.
 */
final class SampledPrompts implements AutoCloseable {
  private final OrtRuntime runtime;
  private final Deployed deployed;
  private final OrtSession fan;

  SampledPrompts(OrtRuntime runtime, Deployed deployed, ModelProto model, Path file) {
    this.runtime = runtime;
    this.deployed = deployed;
    this.fan = runtime.open(fanned(model), file);
  }

  private static ModelProto fanned(ModelProto model) {
    GraphProto graph = model.getGraph();
    List<ValueInfoProto> outputs =
        graph.getOutputList().stream()
            .filter(
                o -> o.getName().equals("logits") || o.getName().startsWith(KeyValueCache.PRESENT))
            .toList();
    List<String> names = new ArrayList<>();
    outputs.forEach(o -> names.add(o.getName()));
    GraphProto.Builder part = Subgraph.needed(graph, names, Set.of());
    List<String> pasts =
        part.getInputList().stream()
            .map(ValueInfoProto::getName)
            .filter(n -> n.startsWith(KeyValueCache.PAST))
            .toList();
    GraphProto.Builder fan =
        Subgraph.rowsOf(part, pasts, MeasuringGraphs.PROMPT)
            .addInput(new Value(MeasuringGraphs.PROMPT, DataType.INT64, List.of(Dim.BATCH)).proto())
            .addAllOutput(outputs);
    return model.toBuilder().setGraph(fan).build();
  }

  /**
   * Runs until every row is finished. Rows that are leave the batch when they are half of it:
   * sampled ones end at very different lengths.
   *
   * @param prompts each once
   * @param all each prompt's rows side by side, {@code each} of them
   */
  void run(Decoding prompts, Decoding all, int each) {
    OrtSession.Result past = prompts(prompts, all, each);
    int[] rows = IntStream.range(0, all.rows()).map(r -> r / each).toArray();
    try {
      while (!all.done()) {
        if (all.halfFinished()) {
          int[] own = rows;
          rows = IntStream.of(all.thinned()).map(r -> own[r]).toArray();
        }
        if (!all.restarts()) {
          OrtSession.Result before = past;
          past = step(all, rows, before);
          before.close();
        }
        try (OrtDecoding rest = new OrtDecoding(deployed, all.rows(), OrtDecoding.MOST)) {
          OrtSession.Result before = past;
          past = null;
          past = rest.untilHalf(all, before);
        }
        rows = IntStream.range(0, all.rows()).toArray();
      }
    } finally {
      if (past != null) {
        past.close();
      }
    }
  }

  private OrtSession.Result prompts(Decoding prompts, Decoding all, int each) {
    int count = prompts.rows();
    try (OrtLogits logits = deployed.logits(count);
        OrtFeeds feeds =
            deployed.feeds(Deployed.Tokens.of(prompts, count), 0, prompts.width(), null)) {
      OrtSession.Result result =
          feeds.run(
              deployed.cache().presents(),
              Map.of("logits", deployed.part(logits, 0, prompts.width())));
      try {
        int last = prompts.width() - 1;
        all.accept((row, into) -> logits.read(row / each, last, into), deployed.vocab());
        return result;
      } catch (RuntimeException e) {
        result.close();
        throw e;
      }
    }
  }

  /**
   * A step of rows on the past of others.
   *
   * @param of each row's place in the past, {@code [rows]}
   */
  private OrtSession.Result step(Decoding all, int[] of, OrtSession.Result past) {
    int rows = of.length;
    try (OrtLogits logits = deployed.logits(rows);
        OrtFeeds feeds = new OrtFeeds(runtime, fan)) {
      feeds.ints("input_ids", all.ids(), rows, 1);
      feeds.ints("attention_mask", all.mask(), rows, all.total());
      feeds.ints("position_ids", all.positions(), rows, 1);
      feeds.ints(MeasuringGraphs.PROMPT, of, rows);
      deployed.cache().feed(feeds, rows, past);
      OrtSession.Result result =
          feeds.run(deployed.cache().presents(), Map.of("logits", deployed.part(logits, 0, 1)));
      try {
        all.accept((row, into) -> logits.read(row, 0, into), deployed.vocab());
        return result;
      } catch (RuntimeException e) {
        result.close();
        throw e;
      }
    }
  }

  @Override
  public void close() {
    try {
      fan.close();
    } catch (OrtException e) {
      throw new IllegalStateException(e);
    }
  }
}
