package org.unlearn4j.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;

/**
 * The programs that the parts of a check start: ours and PyTorch's, each with the environment it
 * needs, and what becomes of them in the JSON.
 *
 * @param home the bundle
 * @param device {@code auto}, {@code cpu} or {@code gpu:N}
 * @param compiled where the driver keeps the kernels that it compiles
 * @param run runs a command line with variables added to the environment
 */
record CheckPrograms(
    Path home,
    String device,
    Path compiled,
    BiFunction<List<String>, Map<String, String>, ChildProcess.Ended> run,
    PrintStream notes) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** The driver's own limit, at most 1 GB, is less than TensorFlow's kernels for a card. */
  private static final String LARGEST_CACHE = "4294967296";

  /** Runs our own program, notes what it said, and tells whether it ended well. */
  boolean own(ObjectNode node, List<String> args) {
    List<String> command = new ArrayList<>();
    command.add(home.resolve("bin/unlearn4j").toString());
    command.addAll(args);
    return record(node, command, environment());
  }

  /** The same of a program that brings its own libraries. */
  boolean others(ObjectNode node, List<String> command) {
    return record(node, command, othersEnvironment());
  }

  /** Asks such a program something. */
  ChildProcess.Ended ask(List<String> command) {
    return run.apply(command, othersEnvironment());
  }

  private boolean record(ObjectNode node, List<String> command, Map<String, String> environment) {
    ChildProcess.Ended ended = run.apply(command, environment);
    node.put("command", String.join(" ", command))
        .put("exit_code", ended.code())
        .put("seconds", Math.round(ended.seconds() * 10) / 10.0);
    try {
      JsonNode result = JSON.readTree(ended.out());
      if (result != null && result.isObject()) {
        node.set("result", result);
      }
    } catch (IOException e) {
      // not JSON: what it printed is in the files it wrote
    }
    if (ended.code() != 0) {
      node.put("stderr", ended.tail());
      notes.printf(Locale.ROOT, "    exit code %d: %s%n", ended.code(), ended.tail());
    }
    return ended.code() == 0;
  }

  /**
   * Which card is visible is said in the words of CUDA, since PyTorch understands them too. What
   * the driver compiles is kept beside the JSON, so that it can be carried away and brought back.
   */
  private Map<String, String> environment() {
    Map<String, String> environment = new LinkedHashMap<>();
    if (System.getenv("CUDA_CACHE_PATH") == null) {
      environment.put("CUDA_CACHE_PATH", compiled.toString());
      environment.put("CUDA_CACHE_MAXSIZE", LARGEST_CACHE);
    }
    switch (device) {
      case "auto" -> {}
      case "cpu" -> environment.put("CUDA_VISIBLE_DEVICES", "-1");
      default -> environment.put("CUDA_VISIBLE_DEVICES", device.substring("gpu:".length()));
    }
    return environment;
  }

  /** PyTorch brings CUDA libraries of its own, which ours on the path would get in front of. */
  private Map<String, String> othersEnvironment() {
    Map<String, String> environment = environment();
    String before = System.getenv("UNLEARN4J_CALLERS_LIBRARY_PATH");
    if (before != null) {
      environment.put("LD_LIBRARY_PATH", before);
    }
    return environment;
  }
}
