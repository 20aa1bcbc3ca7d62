package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.SafeTensorsWriter;
import org.unlearn4j.weights.TensorInfo;
import org.unlearn4j.weights.Variant;

/**
 * A checkpoint of 1.2 billion parameters in bfloat16, of the shape of Llama 3.2 1B, through the
 * program with a Java heap of 512 MB: weights pass through it in pieces, so that resident memory is
 * little more than the weights in float32.
 *
 * <p>Writes about 8 GB into the temporary folder and needs 8 GB of memory. Prints what was
 * measured.
 */
@Tag("slow")
class BillionParametersTest {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final String HEAP = "-Xmx512m";

  @TempDir Path folder;

  /**
   * Sizes are peaks; {@code anonymousGiB} is what of it is no page of a file. Processor time,
   * unlike time, does not depend on what else the machine does.
   */
  private record Measured(
      JsonNode out,
      double residentGiB,
      double anonymousGiB,
      double seconds,
      double processorSeconds) {}

  @Test
  void loadsOnBothRuntimesWithoutASecondCopy() throws Exception {
    Assumptions.assumeTrue(Files.isRegularFile(STATUS), "resident memory is read from /proc");
    Path model = Files.createDirectory(folder.resolve("model"));
    Decoder decoder = generate(model);
    long parameters = decoder.parameters().stream().mapToLong(Parameter::size).sum();
    assertEquals(1_235_814_400L, parameters);
    double weights = 4.0 * parameters / (1 << 30);
    Path input = Files.writeString(folder.resolve("batch.json"), "{\"input_ids\": [[5, 6, 7]]}");

    Measured tf = run("forward", "--model", model, "--runtime", "tf", "--input", input);
    Path onnx = folder.resolve("onnx");
    Measured export = run("export", "--model", model, "--out", onnx);
    Measured ort = run("forward", "--model", onnx, "--runtime", "onnx", "--input", input);
    System.out.printf(
        "%d parameters, %.2f GiB in float32, heap %s: forward on TensorFlow %.2f GiB resident,"
            + " %.0f s; export %.2f GiB, %.0f s; forward on ONNX Runtime %.2f GiB, %.0f s%n",
        parameters,
        weights,
        HEAP,
        tf.residentGiB(),
        tf.seconds(),
        export.residentGiB(),
        export.seconds(),
        ort.residentGiB(),
        ort.seconds());
    // Positions 0 to 2, the columns asked for: two runtimes read the same weights.
    for (int t = 0; t < 3; t++) {
      for (int c = 0; c < 3; c++) {
        String at = "/logits/0/" + t + "/" + c;
        double expected = tf.out().at(at).asDouble(Double.NaN);
        assertClose(at, expected, ort.out().at(at).asDouble(Double.NaN), 1e-3, 0);
      }
    }
    // Room for the libraries (about 0.5 GiB), the heap, and one tensor on its way: the embedding.
    double embedding = 4.0 * 128256 * 2048 / (1 << 30);
    assertTrue(tf.residentGiB() < weights + 1 + embedding, tf.residentGiB() + " GiB resident");
    assertTrue(export.residentGiB() < 1.5, export.residentGiB() + " GiB resident");
  }

  /**
   * Every variant, each in a process of its own: resident memory that is no page of a file stays
   * under 1.5 GiB, and each takes less than a minute of one processor. The logits of each are those
   * of float32 but for rounding, which for these random weights, whose logits are sums of 2048
   * products without a pattern, was measured as 0.2 % (fp16), 1.2 % (int8), 4 % (int8-dynamic) and
   * 25 % (int4) of their size; a wrong table or scale gives logits that have nothing to do with
   * them.
   */
  @Test
  void exportsEveryVariantInStrips() throws Exception {
    Assumptions.assumeTrue(Files.isRegularFile(STATUS), "resident memory is read from /proc");
    Path model = Files.createDirectory(folder.resolve("model"));
    Decoder decoder = generate(model);
    Path input = Files.writeString(folder.resolve("batch.json"), "{\"input_ids\": [[5, 6, 7]]}");
    JsonNode reference = null;
    for (Variant v : Variant.values()) {
      Path onnx = folder.resolve("onnx");
      Measured export =
          run(
              "export",
              "--model",
              model,
              "--out",
              onnx,
              "--variants",
              v.label(),
              "--data-file-mb",
              2000);
      Measured forward =
          run("forward", "--model", onnx, "--runtime", "onnx:" + v.label(), "--input", input);
      System.out.printf(
          "%s: export %.2f GiB resident, %.2f of it anonymous, %.1f s (%.1f s of a processor);"
              + " forward on ONNX Runtime %.2f GiB, %.0f s%n",
          v.label(),
          export.residentGiB(),
          export.anonymousGiB(),
          export.seconds(),
          export.processorSeconds(),
          forward.residentGiB(),
          forward.seconds());
      assertTrue(export.anonymousGiB() < 1.5, v.label() + ": " + export.anonymousGiB() + " GiB");
      double busy = export.processorSeconds();
      assertTrue(busy < 60, v.label() + ": " + busy + " s");
      reference = reference == null ? forward.out() : reference;
      double error = 0;
      double size = 0;
      for (int t = 0; t < 3; t++) {
        for (int c = 0; c < 3; c++) {
          String at = "/logits/0/" + t + "/" + c;
          double due = reference.at(at).asDouble(Double.NaN);
          error += Math.pow(forward.out().at(at).asDouble(Double.NaN) - due, 2);
          size += due * due;
        }
      }
      double relative = Math.sqrt(error / size);
      System.out.printf("%s: relative error of nine logits %.4f%n", v.label(), relative);
      assertTrue(relative < 0.5, v.label() + ": relative error " + relative);
    }
    assertEquals(1_235_814_400L, decoder.parameters().stream().mapToLong(Parameter::size).sum());
  }

  private static Decoder generate(Path model) throws IOException {
    ObjectNode config =
        new ObjectMapper()
            .createObjectNode()
            .put("model_type", "llama")
            .put("vocab_size", 128256)
            .put("hidden_size", 2048)
            .put("intermediate_size", 8192)
            .put("num_hidden_layers", 16)
            .put("num_attention_heads", 32)
            .put("num_key_value_heads", 8)
            .put("head_dim", 64)
            .put("max_position_embeddings", 131072)
            .put("rms_norm_eps", 1e-5)
            .put("rope_theta", 500000.0)
            .put("tie_word_embeddings", true)
            .put("torch_dtype", "bfloat16");
    new ObjectMapper().writeValue(model.resolve("config.json").toFile(), config);
    Decoder decoder = Decoder.of(ModelConfig.of(config));
    SafeTensorsWriter.write(
        model.resolve("model.safetensors"),
        decoder.parameters().stream()
            .map(p -> new TensorInfo(p.name(), DType.BF16, p.shape()))
            .toList(),
        BillionParametersTest::values,
        Map.of("format", "pt"));
    return decoder;
  }

  /** Evenly spread in +-0.03, as wide as trained weights are; gains are 1. */
  private static void values(TensorInfo t, Consumer<FloatBuffer> pieces) {
    float[] piece = new float[1 << 18];
    long state = t.name().hashCode();
    for (long from = 0; from < t.size(); from += piece.length) {
      int n = (int) Math.min(piece.length, t.size() - from);
      for (int i = 0; i < n; i++) {
        state = state * 6364136223846793005L + 1442695040888963407L;
        piece[i] = t.shape().size() == 1 ? 1 : (state >> 40) * (0.03f / (1 << 23));
      }
      pieces.accept(FloatBuffer.wrap(piece, 0, n));
    }
  }

  /** The program in a process of its own, with the options of its launcher. */
  private Measured run(Object... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                HEAP,
                "-XX:+UseSerialGC",
                "-Dorg.bytedeco.javacpp.maxBytes=0",
                "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
    for (Object a : arguments) {
      command.add(a.toString());
    }
    if (arguments[0].equals("forward")) {
      command.addAll(List.of("--columns", "1,70000,128255"));
    }
    Path out = folder.resolve("out.json");
    long start = System.nanoTime();
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    Path status = Path.of("/proc/" + process.pid() + "/status");
    double resident = 0;
    double anonymous = 0;
    double busy = 0;
    while (process.isAlive()) {
      resident = Math.max(resident, read(status, "VmHWM"));
      anonymous = Math.max(anonymous, read(status, "RssAnon"));
      busy = Math.max(busy, seconds(process.info().totalCpuDuration()));
      Thread.sleep(50);
    }
    assertEquals(0, process.exitValue(), command.toString());
    JsonNode json =
        arguments[0].equals("forward") ? new ObjectMapper().readTree(out.toFile()) : null;
    return new Measured(json, resident, anonymous, (System.nanoTime() - start) / 1e9, busy);
  }

  private static double seconds(Optional<Duration> time) {
    return time.map(t -> t.toMillis() / 1e3).orElse(0.0);
  }

  /** A size that the kernel gives of a process, in GiB; 0 once the process is gone. */
  private static double read(Path status, String key) {
    try {
      return Files.readAllLines(status).stream()
          .filter(l -> l.startsWith(key))
          .mapToDouble(l -> Double.parseDouble(l.replaceAll("[^0-9]", "")) / (1 << 20))
          .findFirst()
          .orElse(0);
    } catch (IOException e) {
      return 0;
    }
  }
}
