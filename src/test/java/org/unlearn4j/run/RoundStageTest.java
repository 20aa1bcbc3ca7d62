package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.unlearn4j.base.UserException;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.onnx.ExportOptions;
import org.unlearn4j.onnx.OnnxExporter;
import org.unlearn4j.onnx.OrtModel;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.weights.GraphChoices;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.SafeTensorsWriter;
import org.unlearn4j.weights.TensorInfo;
import org.unlearn4j.weights.Variant;

/** The checkpoint that a quantised file stands for. */
class RoundStageTest {
  /** Two runtimes, the same products in another order (as in VariantsTest). */
  private static final double SAME = 1e-4;

  private static final String CODES = ".codes";

  @TempDir Path temp;

  /**
   * llama: a head of its own; gpt2: weights stored {@code [in, out]}, tied; gemma: a tied table
   * that is scaled where tokens are looked up; phi: a head with a bias; gpt_neox: another name for
   * it.
   */
  @ParameterizedTest
  @CsvSource({
    "llama, int4, false",
    "llama, int8, false",
    "llama, int4, true",
    "gpt2, int4, false",
    "gpt2, int8, false",
    "gpt2, int4, true",
    "gemma, int4, false",
    "gemma, int8, false",
    "phi, int4, false",
    "gpt_neox, int8, false"
  })
  void itHoldsWhatTheCodesOfTheFileStandFor(String name, String label, boolean tables)
      throws IOException {
    Fixture fixture = Fixture.named(name);
    Variant variant = Variant.named(label);
    Path rounded = temp.resolve("rounded");
    List<String> notes = run(fixture.folder(), variant, tables, rounded);
    boolean untied = ModelConfig.read(fixture.folder()).tiedEmbeddings() && !tables;
    assertEquals(untied ? 1 : 0, notes.size(), notes.toString());
    assertEquals("float32", dtype(rounded));

    Path file = export(fixture.folder(), "first", label, tables);
    Map<String, Rows> due = rows(file, variant);
    try (SafeTensors after = SafeTensors.open(rounded);
        SafeTensors before = SafeTensors.open(fixture.folder())) {
      for (String weight : after.names()) {
        float[] found = after.floats(weight);
        boolean looked = untied && weight.equals(table(name));
        if (due.containsKey(weight) && !looked) {
          List<Integer> shape = after.info(weight).shape();
          boolean inOut = name.equals("gpt2") && weight.contains(".h.");
          float[] expected = due.get(weight).values(shape.get(inOut ? 0 : 1));
          assertArrayEquals(inOut ? turned(expected, shape) : expected, found, weight);
        } else if (before.contains(weight)) {
          assertArrayEquals(before.floats(weight), found, weight);
        } else {
          assertTrue(untied, weight);
          float[] head = due.get(table(name)).values(after.info(weight).shape().get(1));
          assertArrayEquals(head, found, "the head is what the file reads in codes");
          assertFalse(Arrays.equals(head, after.floats(table(name))), "the table is not");
        }
      }
    }
    Path again = export(rounded, "second", label, tables);
    assertCodes(file, again, variant, untied ? table(name) : "");

    try (LanguageModel quantised = OrtModel.open(temp.resolve("first"), label, 1);
        LanguageModel full = TensorFlowModel.open(rounded, Computations.FP32)) {
      List<TokenRow> rows = Fixture.rows(fixture.expected());
      float[][][] expected = quantised.logits(rows);
      float[][][] found = full.logits(rows);
      JsonNode reference = fixture.expected();
      double moved = 0;
      for (int r = 0; r < found.length; r++) {
        for (int t = 0; t < found[r].length; t++) {
          double[] original = Fixture.doubles(reference.at("/logits/" + r + "/" + t));
          assertClose("logits", doubles(expected[r][t]), found[r][t], SAME, 0);
          moved = Math.max(moved, Math.abs(original[0] - found[r][t][0]));
        }
      }
      assertTrue(moved > 10 * SAME, "the original's logits are others: " + moved);
    }
  }

  private static List<String> run(Path model, Variant variant, boolean tables, Path out) {
    return RoundStage.run(model, variant, tables, GraphChoices.defaults(), out);
  }

  private static String table(String family) {
    return family.equals("gpt2") ? "transformer.wte.weight" : "model.embed_tokens.weight";
  }

  private static String dtype(Path folder) throws IOException {
    JsonNode config = new ObjectMapper().readTree(folder.resolve("config.json").toFile());
    return config.has("torch_dtype")
        ? config.path("torch_dtype").asText()
        : config.path("dtype").asText();
  }

  private Path export(Path model, String name, String label, boolean tables) {
    Path out = temp.resolve(name);
    OnnxExporter.export(
        model,
        out,
        ExportOptions.of(List.of(label)).inlineLimit(Long.MAX_VALUE).quantizedEmbeddings(tables));
    return out.resolve("onnx").resolve(Variant.named(label).fileName());
  }

  private static Map<String, TensorProto> initializers(Path file) throws IOException {
    Map<String, TensorProto> all = new TreeMap<>();
    ModelProto.parseFrom(Files.readAllBytes(file))
        .getGraph()
        .getInitializerList()
        .forEach(t -> all.put(t.getName(), t));
    return all;
  }

  /** What the codes of a weight stand for, rows {@code [out, in]} with their padding. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Rows(int out, float[] padded) {
    float[] values(int in) {
      int width = padded.length / out;
      float[] values = new float[out * in];
      for (int n = 0; n < out; n++) {
        System.arraycopy(padded, n * width, values, n * in, in);
      }
      return values;
    }
  }

  /** Of every weight in codes, by its name. */
  private static Map<String, Rows> rows(Path file, Variant variant) throws IOException {
    Map<String, TensorProto> all = initializers(file);
    Map<String, Rows> rows = new TreeMap<>();
    for (String name : all.keySet()) {
      if (name.endsWith(CODES)) {
        String weight = name.substring(0, name.length() - CODES.length());
        rows.put(weight, rows(all.get(name), all.get(weight + ".scales"), variant));
      }
    }
    return rows;
  }

  /**
   * {@code code * scale}, nibbles low first around 8: written down from docs/reference/export.md.
   */
  private static Rows rows(TensorProto codes, TensorProto scales, Variant variant) {
    byte[] bytes = codes.getRawData().toByteArray();
    FloatBuffer s = floats(scales);
    boolean int4 = variant == Variant.INT4;
    float[] values = new float[int4 ? 2 * bytes.length : bytes.length];
    int each = values.length / s.remaining();
    for (int i = 0; i < values.length; i++) {
      int code = int4 ? (bytes[i / 2] >> (i % 2 == 0 ? 0 : 4) & 0xf) - 8 : bytes[i];
      values[i] = code * s.get(i / each);
    }
    return new Rows((int) codes.getDims(0), values);
  }

  private static float[] turned(float[] rows, List<Integer> inOut) {
    int in = inOut.get(0);
    int out = inOut.get(1);
    float[] turned = new float[rows.length];
    for (int n = 0; n < out; n++) {
      for (int k = 0; k < in; k++) {
        turned[k * out + n] = rows[n * in + k];
      }
    }
    return turned;
  }

  /**
   * Rounding what is rounded changes no code: int4's largest value is met by code -8 and a power of
   * two, so that its scale comes back to the bit; int8's is met by 127, and 127 * s / 127 may be
   * the neighbour of s.
   *
   * @param tied the table that the first file's head reads; empty where both heads have one name
   */
  private static void assertCodes(Path first, Path second, Variant variant, String tied)
      throws IOException {
    Map<String, TensorProto> due = initializers(first);
    Map<String, TensorProto> found = initializers(second);
    int compared = 0;
    for (String name : due.keySet()) {
      if (!name.endsWith(CODES)) {
        continue;
      }
      String weight = name.substring(0, name.length() - CODES.length());
      String other = weight.equals(tied) ? "lm_head.weight" : weight;
      assertEquals(due.get(name).getRawData(), found.get(other + CODES).getRawData(), weight);
      FloatBuffer a = floats(due.get(weight + ".scales"));
      FloatBuffer b = floats(found.get(other + ".scales"));
      assertEquals(a.remaining(), b.remaining());
      for (int i = 0; i < a.remaining(); i++) {
        float ulp = variant == Variant.INT4 ? 0 : Math.ulp(a.get(i));
        assertEquals(a.get(i), b.get(i), ulp, weight);
      }
      compared++;
    }
    assertTrue(compared > 5, "linear maps: " + compared);
  }

  private static FloatBuffer floats(TensorProto t) {
    return t.getRawData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
  }

  private static double[] doubles(float[] values) {
    double[] all = new double[values.length];
    for (int i = 0; i < all.length; i++) {
      all[i] = values[i];
    }
    return all;
  }

  @Test
  void whatGoesAlongWithAModelGoesAlong() throws IOException {
    Path model = copied();
    Files.writeString(model.resolve("unlearning.json"), "{\"objective\": {\"name\": \"NPO\"}}");
    Files.writeString(model.resolve("generation_config.json"), "{\"eos_token_id\": 0}\n");
    Path out = temp.resolve("out");
    run(model, Variant.INT8, false, out);
    JsonNode record = new ObjectMapper().readTree(out.resolve("unlearning.json").toFile());
    assertEquals("NPO", record.at("/objective/name").asText());
    assertEquals("int8", record.at("/rounded/variant").asText());
    assertEquals(64, record.at("/rounded/source_sha256/model.safetensors").asText().length());
    assertEquals(
        "{\"eos_token_id\": 0}\n", Files.readString(out.resolve("generation_config.json")));
    assertEquals("word", Files.readString(out.resolve("vocab.json")));
    Path fresh = temp.resolve("fresh");
    run(Fixture.named("llama").folder(), Variant.INT8, false, fresh);
    assertFalse(Files.exists(fresh.resolve("unlearning.json")), "nothing was unlearned");
  }

  private Path copied() throws IOException {
    Path model = Files.createDirectory(temp.resolve("model"));
    for (String file : List.of("config.json", "model.safetensors")) {
      Files.copy(Fixture.named("llama").folder().resolve(file), model.resolve(file));
    }
    Files.writeString(model.resolve("vocab.json"), "word");
    return model;
  }

  @Test
  void whatCannotBeRoundedIsSaid() throws IOException {
    Path model = copied();
    Path out = temp.resolve("out");
    complaint(
        "--variant: found fp16, expected int8, int4 or q4f16", model, Variant.FP16, false, out);
    complaint("--variant: found int8-dynamic, expected", model, Variant.INT8_DYNAMIC, false, out);
    complaint("found variants [int8], expected int4", model, Variant.INT8, true, out);
    complaint(model + ": found the model to start from", model, Variant.INT4, false, model);
    String weight = "model.layers.0.mlp.down_proj.weight";
    spoil(model.resolve("model.safetensors"), weight);
    complaint(
        "tensor " + weight + ", output 0: found a value that is not finite",
        model,
        Variant.INT4,
        false,
        out);
    assertFalse(Files.exists(out), "nothing half made");
  }

  /** Makes the first value of a weight infinite. */
  private static void spoil(Path file, String weight) {
    Map<String, float[]> values = new TreeMap<>();
    List<TensorInfo> infos;
    try (SafeTensors weights = SafeTensors.open(file)) {
      infos = weights.names().stream().map(weights::info).toList();
      weights.names().forEach(n -> values.put(n, weights.floats(n)));
    }
    values.get(weight)[0] = Float.POSITIVE_INFINITY;
    SafeTensorsWriter.write(
        file, infos, t -> FloatBuffer.wrap(values.get(t.name())), Map.of("format", "pt"));
  }

  private static void complaint(
      String words, Path model, Variant variant, boolean tables, Path out) {
    UserException e = assertThrows(UserException.class, () -> run(model, variant, tables, out));
    assertTrue(e.getMessage().contains(words), e.getMessage());
  }
}
