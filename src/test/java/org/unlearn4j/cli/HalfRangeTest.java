package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.fixtures.ChangedModel;
import org.unlearn4j.weights.Variant;

/**
 * Activations near the end of float16, at 65504, and beyond it. Matrices of the fixture are
 * multiplied by powers of two so that float32 computes the same logits as before: what enters an
 * RMS norm may have any scale, and a factor on {@code up_proj} is taken back by {@code down_proj}.
 */
class HalfRangeTest {
  private static final Path LLAMA = Path.of("src/test/resources/fixtures/llama");
  private static final Path ROWS = LLAMA.resolve("expected.json");

  @TempDir Path temp;

  /** Of whatever is added to the residual stream: token table, attention and feed-forward. */
  private static float residual(String name, float factor) {
    return name.matches(".*(embed_tokens|o_proj|down_proj).weight") ? factor : 1;
  }

  private static float between(String name, float factor) {
    return name.contains("up_proj") ? factor : name.contains("down_proj") ? 1 / factor : 1;
  }

  /** Squares of 1000 are beyond float16: norms that were computed in it would be infinite. */
  @ParameterizedTest
  @ValueSource(ints = {17, 23})
  void aResidualStreamOfAThousandHolds(int opset) throws IOException {
    Path onnx = export(scaled(n -> residual(n, 1024)), opset);
    double largest = largestHidden(onnx);
    assertTrue(largest > 1000 && largest < 20_000, "hidden states of up to " + largest);
    assertPasses(verify(onnx, onnx, Variant.FP16));
  }

  /** The mistake that the casts around norms keep out. */
  @Test
  void negativeControlSquaresInFloat16Fail() throws IOException {
    Path onnx = export(scaled(n -> residual(n, 1024)), 17);
    squaresThroughHalves(onnx);
    CommandRun failed = verify(onnx, onnx, Variant.FP16);
    assertEquals(ExitCode.GATE, failed.code(), failed.out() + failed.err());
    // Where activations are small it would do.
    Path small = export(LLAMA, 17);
    squaresThroughHalves(small);
    assertPasses(verify(small, small, Variant.FP16));
  }

  /** What the documentation says is not safe; nobody shall deploy it unknowingly. */
  @Test
  void aLinearMapBeyondTheRangeIsCaught() throws IOException {
    // Rows of up_proj give values of about 1 for a normalised input.
    Path inside = export(scaled(n -> between(n, 0x1p6f)), 23);
    assertPasses(verify(inside, inside, Variant.FP16));
    Path beyond = export(scaled(n -> between(n, 0x1p16f)), 23);
    assertFails(verify(beyond, beyond, Variant.FP16));
    // And float32 is right: only the number format is not.
    assertPasses(verify(export(LLAMA, 23), beyond, Variant.FP32));
  }

  private static void assertPasses(CommandRun r) {
    assertEquals(ExitCode.DONE, r.code(), r.out() + r.err());
  }

  private void assertFails(CommandRun r) throws IOException {
    assertEquals(ExitCode.GATE, r.code(), r.out() + r.err());
    JsonNode verdict = new ObjectMapper().readTree(temp.resolve("verify.json").toFile());
    assertEquals("fail", verdict.path("verdict").asText());
    // Infinity times zero, or infinity less infinity: no number, and no number passes no gate.
    for (String gate : List.of("numeric logit_max_relative", "numeric kl_mean")) {
      assertTrue(
          r.out().lines().anyMatch(l -> l.startsWith(gate) && l.endsWith("not a number.")),
          r.out());
    }
  }

  private Path export(Path model, int opset) {
    Path out = temp.resolve("onnx" + System.nanoTime());
    CommandRun r =
        CommandRun.of(
            "export",
            "--model",
            model.toString(),
            "--out",
            out.toString(),
            "--variants",
            "fp32,fp16",
            "--opset",
            "" + opset);
    assertEquals(ExitCode.DONE, r.code(), r.err());
    return out;
  }

  /** A file of one folder against the float32 file of another, or of the same. */
  private CommandRun verify(Path reference, Path onnx, Variant variant) {
    return CommandRun.of(
        "verify",
        "--model",
        reference.resolve("onnx/model.onnx").toString(),
        "--onnx",
        onnx.resolve("onnx").resolve(variant.fileName()).toString(),
        "--data",
        ROWS.toString(),
        "--limits",
        variant.label(),
        "--set",
        "evaluate.max_new_tokens=4",
        "--out",
        temp.resolve("verify.json").toString());
  }

  /** Of the hidden states between blocks, averaged over the positions of a row. */
  private static double largestHidden(Path onnx) throws IOException {
    CommandRun r =
        CommandRun.of(
            "forward",
            "--model",
            onnx.toString(),
            "--runtime",
            "onnx",
            "--input",
            ROWS.toString(),
            "--columns",
            "0",
            "--pool");
    assertEquals(ExitCode.DONE, r.code(), r.err());
    double largest = 0;
    JsonNode hidden = new ObjectMapper().readTree(r.out()).path("hidden");
    for (String layer : List.of("embeddings", "0", "1", "2")) {
      for (JsonNode row : hidden.path(layer)) {
        for (JsonNode value : row) {
          largest = Math.max(largest, Math.abs(value.asDouble(Double.NaN)));
        }
      }
    }
    return largest;
  }

  private interface Factor {
    float of(String name);
  }

  private Path scaled(Factor factor) {
    return ChangedModel.write(
        LLAMA,
        temp.resolve("scaled" + System.nanoTime()),
        (t, value) -> value * factor.of(t.name()));
  }

  private static void squaresThroughHalves(Path onnx) throws IOException {
    Path file = onnx.resolve("onnx/model_fp16.onnx");
    ModelProto.Builder model = ModelProto.parseFrom(Files.readAllBytes(file)).toBuilder();
    squaresThroughHalves(model.getGraphBuilder());
    Files.write(file, model.build().toByteArray());
  }

  private static void squaresThroughHalves(GraphProto.Builder graph) {
    List<NodeProto> nodes = new ArrayList<>();
    int squares = 0;
    for (NodeProto node : graph.getNodeList()) {
      if (!node.getOpType().equals("Pow")) {
        nodes.add(node);
        continue;
      }
      String out = node.getOutput(0);
      nodes.add(node.toBuilder().setOutput(0, out + ".wide").build());
      nodes.add(cast(out + ".wide", out + ".half", DataType.FLOAT16));
      nodes.add(cast(out + ".half", out, DataType.FLOAT));
      squares++;
    }
    assertEquals(7, squares, "two norms a layer, and the last");
    graph.clearNode().addAllNode(nodes);
  }

  private static NodeProto cast(String from, String to, DataType type) {
    return NodeProto.newBuilder()
        .setOpType("Cast")
        .setName(to)
        .addInput(from)
        .addOutput(to)
        .addAttribute(
            AttributeProto.newBuilder()
                .setName("to")
                .setType(AttributeProto.AttributeType.INT)
                .setI(type.getNumber()))
        .build();
  }
}
