package org.unlearn4j.peer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Product and peer in turns, each in a process of its own: what else the machine does meets both.
 */
final class Race {
  private static final int TURNS = 3;

  /** What {@code bench} times where it is not told. */
  private static final int STEPS = 20;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path launcher;
  private final boolean mkl;
  private final PrintStream out;

  /**
   * To be run once.
   *
   * @param launcher {@code unlearn4j} of a dist folder
   * @param mkl MKL's matrix products instead of OpenBLAS's
   */
  Race(Path launcher, boolean mkl, PrintStream out) {
    this.launcher = launcher;
    this.mkl = mkl;
    this.out = out;
  }

  /**
   * Takes turns, prints a line each and the ratio.
   *
   * @param options of {@code unlearn4j bench}
   * @param file for everything measured, as JSON
   */
  void run(List<String> options, Path file) throws IOException, InterruptedException {
    int steps = steps(options);
    List<JsonNode> ours = new ArrayList<>();
    List<JsonNode> peers = new ArrayList<>();
    for (int turn = 1; turn <= TURNS; turn++) {
      JsonNode own = product(options);
      ours.add(own);
      line("unlearn4j", turn, own.path("step_ms").asDouble(), own.path("gemm_gflops").asDouble());
      JsonNode peer = peer(own, steps);
      peers.add(peer);
      line("libtorch", turn, peer.path("step_ms").asDouble(), fastest(peer));
    }
    ObjectNode result = result(ours, peers, steps);
    write(file, result);
    out.printf(
        Locale.ROOT,
        "unlearn4j/libtorch %.3f (%s); utilisation %.3f and %.3f of %.1f GFLOP/s; %s%n",
        result.path("ratio").asDouble(),
        result.path("libtorch").path("blas").asText(),
        result.path("unlearn4j").path("utilisation").asDouble(),
        result.path("libtorch").path("utilisation").asDouble(),
        result.path("fastest_gflops").asDouble(),
        file);
  }

  private void line(String who, int turn, double ms, double gflops) {
    out.printf(
        Locale.ROOT,
        "%-9s turn %d: %9.1f ms a step, products reach %.1f GFLOP/s%n",
        who,
        turn,
        ms,
        gflops);
  }

  private ObjectNode result(List<JsonNode> ours, List<JsonNode> peers, int steps)
      throws IOException {
    Task task = Task.of(ours.get(0));
    double ownPeak =
        ours.stream().mapToDouble(o -> o.path("gemm_gflops").asDouble()).max().orElse(0);
    double peerPeak = peers.stream().mapToDouble(Race::fastest).max().orElse(0);
    double fastest = Math.max(ownPeak, peerPeak);
    ObjectNode result = JSON.createObjectNode();
    for (String key : List.of("shape", "rows", "tokens", "precision", "threads", "parameters")) {
      result.set(key, ours.get(0).get(key));
    }
    result
        .put("steps", steps)
        .put("step_gflop", task.flops() / 1e9)
        .put("fastest_gflops", fastest)
        .put("fastest", ownPeak < peerPeak ? "libtorch" : "unlearn4j");
    ObjectNode own = side(ours, ownPeak, fastest, task);
    own.put("tensorflow", tensorFlow()).put("java", System.getProperty("java.version"));
    ObjectNode peer = side(peers, peerPeak, fastest, task);
    peer.set("blas", peers.get(0).get("blas"));
    peer.set("torch", peers.get(0).get("torch"));
    result.put("ratio", own.path("step_ms").asDouble() / peer.path("step_ms").asDouble());
    result.set("unlearn4j", own);
    result.set("libtorch", peer);
    return result;
  }

  private static ObjectNode side(List<JsonNode> runs, double peak, double fastest, Task task) {
    double[] ms = runs.stream().mapToDouble(r -> r.path("step_ms").asDouble()).sorted().toArray();
    double median = ms[TURNS / 2];
    ObjectNode side = JSON.createObjectNode();
    side.put("step_ms", median)
        .put("tokens_per_second", task.stepTokens() / (median / 1e3))
        .put("gemm_gflops", peak)
        .put("utilisation", task.flops() / (median / 1e3) / (fastest * 1e9));
    side.set("turns", JSON.valueToTree(runs));
    return side;
  }

  /** The fastest product of a run of the peer. */
  private static double fastest(JsonNode peer) {
    double best = 0;
    for (JsonNode gflops : peer.path("gemm_gflops")) {
      best = Math.max(best, gflops.asDouble());
    }
    return best;
  }

  private JsonNode product(List<String> options) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(launcher.toString(), "bench", "--json"));
    command.addAll(options);
    return answer("unlearn4j bench", new ProcessBuilder(command), "");
  }

  private JsonNode peer(JsonNode bench, int steps) throws IOException, InterruptedException {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    List<String> command = new ArrayList<>(List.of(java.toString(), "-Xmx4g", "-XX:+UseSerialGC"));
    // JavaCPP would count native memory against the Java heap.
    command.add("-Dorg.bytedeco.javacpp.maxBytes=0");
    command.add("-Dorg.bytedeco.javacpp.maxPhysicalBytes=0");
    String cache = System.getProperty("org.bytedeco.javacpp.cachedir");
    if (cache != null) {
      command.add("-Dorg.bytedeco.javacpp.cachedir=" + cache);
    }
    if (mkl) {
      command.add("-Dorg.bytedeco.openblas.load=mkl");
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(List.of("step", Integer.toString(steps)));
    ProcessBuilder builder = new ProcessBuilder(command);
    // LibTorch's threads are GNU's: with Intel's beside them there would be twice as many.
    builder.environment().put("MKL_THREADING_LAYER", "GNU");
    // As the product's launcher has it.
    builder.environment().putIfAbsent("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");
    return answer("the peer", builder, bench.toString());
  }

  /** Starts a program, tells it something and reads the JSON that it prints. */
  private static JsonNode answer(String who, ProcessBuilder builder, String told)
      throws IOException, InterruptedException {
    Process process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try (var in = process.getOutputStream()) {
      in.write(told.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      // It ended before it had read: its exit code says so.
      process.destroy();
    }
    byte[] answer = process.getInputStream().readAllBytes();
    int code = process.waitFor();
    if (code != 0) {
      throw new PeerException("bench-peer: " + who + " ended with code " + code + ", expected 0.");
    }
    return JSON.readTree(answer);
  }

  private static int steps(List<String> options) {
    int at = options.indexOf("--steps");
    if (at < 0) {
      return STEPS;
    }
    String value = at + 1 < options.size() ? options.get(at + 1) : "nothing";
    if (!value.matches("[1-9]\\d{0,5}")) {
      throw new PeerException("--steps: found " + value + ", expected a whole number above 0.");
    }
    return Integer.parseInt(value);
  }

  /** The version that lies in the dist folder. */
  private String tensorFlow() throws IOException {
    String name = "tensorflow-core-api-";
    try (Stream<Path> files = Files.list(launcher.resolveSibling("../lib"))) {
      return files
          .map(f -> f.getFileName().toString())
          .filter(f -> f.startsWith(name))
          .map(f -> f.substring(name.length()).replace(".jar", ""))
          .findFirst()
          .orElse("unknown");
    }
  }

  /** Whole or not at all. */
  private static void write(Path file, ObjectNode json) throws IOException {
    Path part = file.resolveSibling(file.getFileName() + ".part");
    Files.writeString(part, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n");
    Files.move(part, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
  }
}
