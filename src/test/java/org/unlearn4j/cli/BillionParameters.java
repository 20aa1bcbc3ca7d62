package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

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
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.SafeTensorsWriter;
import org.unlearn4j.weights.TensorInfo;

/**
 * A checkpoint of 1.2 billion parameters in bfloat16, of the shape of Llama 3.2 1B, and the program
 * in a process of its own beside it.
 */
final class BillionParameters {
  static final String HEAP = "-Xmx512m";
  private static final Path STATUS = Path.of("/proc/self/status");

  private BillionParameters() {}

  /**
   * Sizes are peaks; {@code anonymousGiB} is what of it is no page of a file. Processor time,
   * unlike time, does not depend on what else the machine does.
   */
  record Measured(
      int code,
      Path out,
      double residentGiB,
      double anonymousGiB,
      double seconds,
      double processorSeconds) {

    /** What was printed. */
    JsonNode json() throws IOException {
      return new ObjectMapper().readTree(out.toFile());
    }

    Measured succeeded() {
      assertEquals(0, code);
      return this;
    }
  }

  static void needsProc() {
    Assumptions.assumeTrue(Files.isRegularFile(STATUS), "resident memory is read from /proc");
  }

  /** Writes the checkpoint without a tokenizer. */
  static Decoder generate(Path model) throws IOException {
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
        BillionParameters::values,
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

  /**
   * The program in a process of its own, with the options of its launcher.
   *
   * @param folder where it runs; {@code out.json} there becomes what it prints
   */
  static Measured run(Path folder, Object... arguments) throws Exception {
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
    Path out = folder.resolve("out.json");
    long start = System.nanoTime();
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toFile())
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
    double time = (System.nanoTime() - start) / 1e9;
    return new Measured(process.exitValue(), out, resident, anonymous, time, busy);
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
