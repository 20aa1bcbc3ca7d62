package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.SafeTensorsWriter;
import org.unlearn4j.weights.TensorInfo;
import org.unlearn4j.weights.Variant;

/**
 * A table of 2.3 GB in float32, which is more than one buffer of Java holds, in every variant: its
 * last row arrives. Writes 9 GB into the temporary folder.
 */
@Tag("slow")
class LargeTensorExportTest {
  private static final int VOCAB = 140_000;
  private static final int HIDDEN = 4096;
  private static final String TABLE = "model.embed_tokens.weight";

  @TempDir Path temp;

  @Test
  void aTensorBeyondOneBufferIsWrittenWhole() throws IOException {
    Path model = Files.createDirectory(temp.resolve("model"));
    ObjectNode config =
        new ObjectMapper()
            .createObjectNode()
            .put("model_type", "llama")
            .put("vocab_size", VOCAB)
            .put("hidden_size", HIDDEN)
            .put("intermediate_size", 8)
            .put("num_hidden_layers", 1)
            .put("num_attention_heads", 2)
            .put("num_key_value_heads", 1)
            .put("head_dim", 8)
            .put("max_position_embeddings", 16)
            .put("tie_word_embeddings", true);
    new ObjectMapper().writeValue(model.resolve("config.json").toFile(), config);
    Decoder decoder = Decoder.of(ModelConfig.of(config));
    SafeTensorsWriter.write(
        model.resolve("model.safetensors"),
        decoder.parameters().stream()
            .map(p -> new TensorInfo(p.name(), DType.BF16, p.shape()))
            .toList(),
        LargeTensorExportTest::values,
        Map.of());
    for (Variant v : Variant.values()) {
      Path folder = temp.resolve(v.label());
      OnnxExporter.export(model, folder, ExportOptions.of(List.of(v.label())));
      Path file = folder.resolve("onnx").resolve(v.fileName());
      ModelProto proto = ModelProto.parseFrom(Files.readAllBytes(file));
      int seen = 0;
      for (TensorProto t : proto.getGraph().getInitializerList()) {
        if (t.getName().startsWith(TABLE) && !t.getName().endsWith(".scales")) {
          assertLast(v, t, file);
          seen++;
        }
      }
      assertTrue(seen >= 1, v.label());
    }
  }

  /** Zeros, but for the last value of the table: 1, which is code 127 of int8 and -8 of int4. */
  private static void values(TensorInfo t, Consumer<FloatBuffer> pieces) {
    float[] piece = new float[1 << 20];
    for (long from = 0; from < t.size(); from += piece.length) {
      int n = (int) Math.min(piece.length, t.size() - from);
      piece[n - 1] = from + n == t.size() && t.name().equals(TABLE) ? 1 : 0;
      pieces.accept(FloatBuffer.wrap(piece, 0, n));
    }
  }

  private static void assertLast(Variant v, TensorProto t, Path file) throws IOException {
    Map<String, String> entries = new HashMap<>();
    t.getExternalDataList().forEach(e -> entries.put(e.getKey(), e.getValue()));
    long offset = Long.parseLong(entries.get("offset"));
    long length = Long.parseLong(entries.get("length"));
    Path data = file.resolveSibling(entries.get("location"));
    try (RandomAccessFile in = new RandomAccessFile(data.toFile(), "r")) {
      in.seek(offset + length - 4);
      int last = Integer.reverseBytes(in.readInt());
      String what = v.label() + " " + t.getName();
      if (!t.getName().endsWith(".codes")) {
        long expected = (v == Variant.FP16 ? 2L : 4L) * VOCAB * HIDDEN;
        assertEquals(expected, length, what);
        assertEquals(v == Variant.FP16 ? 0x3c000000 : Float.floatToIntBits(1), last, what);
      } else if (v == Variant.INT4) {
        // The last pair: the code of zero, 0 + 8, low; that of 1 is -8 + 8, high.
        assertEquals((long) VOCAB * HIDDEN / 2, length, what);
        assertEquals(0x08, last >>> 24, what);
      } else {
        assertEquals((long) VOCAB * HIDDEN, length, what);
        assertEquals(v == Variant.INT8 ? 127 : 127 + 128, last >>> 24, what);
      }
    }
  }
}
