package org.unlearn4j.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import java.util.stream.StreamSupport;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.JsonInput;

/**
 * The parts of a check, one program after the other; the JSON is written whole after each of them,
 * so that what was found out survives whatever comes next.
 */
final class GpuCheck {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> ASK_FOR_TORCH =
      List.of("python3", "-c", "import torch; print(torch.__version__)");
  private static final List<String> PRECISIONS = List.of("fp32", "bf16");

  /**
   * What to check.
   *
   * @param home the bundle
   * @param out the JSON; what the run on Fable writes lies beside it
   * @param device {@code auto}, {@code cpu} or {@code gpu:N}
   * @param parts names of those to do
   * @param steps counted, of each timing
   * @param sets overrides for the run on Fable
   */
  record Request(
      Path home,
      Path out,
      String device,
      Predicate<String> parts,
      List<BenchShape> shapes,
      int steps,
      List<String> sets) {}

  private final Request request;
  private final BiFunction<List<String>, Map<String, String>, ChildProcess.Ended> programs;
  private final PrintStream notes;
  private final ObjectNode root = JSON.createObjectNode();

  GpuCheck(Request request, ChildProcess programs, PrintStream notes) {
    this.request = request;
    this.programs = programs::run;
    this.notes = notes;
  }

  /** Does every part, whatever became of those before, and says whether all of them passed. */
  boolean run() {
    root.put("verdict", "incomplete")
        .put("unlearn4j", Versions.unlearn4j())
        .put("started", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString())
        .put("device", request.device());
    root.putArray("parts");
    root.put("computed_on", "unknown");
    boolean gpu = doctor();
    root.put("computed_on", gpu ? "gpu" : "cpu");
    for (String precision : PRECISIONS) {
      part("fixtures." + precision, node -> fixtures(node, precision));
    }
    part("fable", node -> fable(node, gpu));
    for (BenchShape shape : request.shapes()) {
      for (String precision : PRECISIONS) {
        part("bench." + shape.spelling() + "." + precision, node -> bench(node, shape, precision));
      }
    }
    rival();
    boolean pass = failed(root).isEmpty();
    root.put("verdict", pass ? "pass" : "fail");
    write();
    return pass;
  }

  /** Names of the parts that failed, in a JSON on the disk. */
  static List<String> failed(Path file) {
    return failed(JsonInput.read(file, "a check").node());
  }

  private static List<String> failed(JsonNode root) {
    return StreamSupport.stream(root.path("parts").spliterator(), false)
        .filter(p -> p.path("outcome").asText().equals("fail"))
        .map(p -> p.path("part").asText())
        .toList();
  }

  /** A part's own work: fills its node and says what became of it. */
  private interface Part {
    String outcome(ObjectNode node);
  }

  private void part(String name, Part part) {
    if (!request.parts().test(name)) {
      return;
    }
    notes.println("==> " + name);
    ObjectNode node = root.withArray("/parts").addObject().put("part", name);
    node.put("outcome", "running");
    write();
    node.put("outcome", part.outcome(node));
    write();
  }

  private void write() {
    try {
      AtomicFiles.writeString(
          request.out(), JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n");
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Whether TensorFlow sees a GPU and may use it; asked in any case, since all else depends on it.
   */
  private boolean doctor() {
    notes.println("==> doctor");
    ObjectNode node = root.withArray("/parts").addObject().put("part", "doctor");
    boolean done = program(node, "doctor", "--json");
    boolean seen = node.path("result").path("gpu").path("seen").asBoolean();
    boolean wanted = request.device().startsWith("gpu");
    node.put("outcome", done && (seen || !wanted) ? "pass" : "fail");
    write();
    return seen && !request.device().equals("cpu");
  }

  private String fixtures(ObjectNode node, String precision) {
    String fixtures = request.home().resolve("fixtures").toString();
    return outcome(
        program(
            node,
            "check",
            "--fixtures",
            fixtures,
            "--precision",
            precision,
            "--device",
            device(),
            "--json"));
  }

  private String bench(ObjectNode node, BenchShape shape, String precision) {
    return outcome(
        program(
            node,
            "bench",
            "--shape",
            shape.spelling(),
            "--precision",
            precision,
            "--steps",
            String.valueOf(request.steps()),
            "--device",
            device(),
            "--json"));
  }

  private static String outcome(boolean pass) {
    return pass ? "pass" : "fail";
  }

  /** NPO with CLReg on Fable, exported, measured on both runtimes and verified. */
  private String fable(ObjectNode node, boolean gpu) {
    String name = String.valueOf(request.out().getFileName()).replaceAll("\\.json$", "");
    Path run = request.out().resolveSibling(name + "-fable");
    AtomicFiles.deleteTree(run); // of an earlier check
    String pipeline = run.resolve("pipeline.yaml").toString();
    String unlearned = run.resolve("unlearned").toString();
    String onnx = run.resolve("onnx").toString();
    List<String> resolve = new ArrayList<>(List.of("pipeline", "--pipeline"));
    resolve.add(request.home().resolve("pipeline/fable.yaml").toString());
    resolve.addAll(List.of("--set", "model.device=" + device()));
    request.sets().forEach(s -> resolve.addAll(List.of("--set", s)));
    resolve.addAll(List.of("--out", pipeline));
    Map<String, List<String>> stages = new LinkedHashMap<>();
    stages.put("pipeline", resolve);
    stages.put("unlearn", List.of("unlearn", "--pipeline", pipeline, "--out", unlearned));
    stages.put(
        "export", List.of("export", "--model", unlearned, "--out", onnx, "--variants", "fp32"));
    stages.put("retain.tf", evaluate(run, "retain.tf", "models/fable-retain", "tf"));
    stages.put("target.tf", evaluate(run, "target.tf", "models/fable-target", "tf"));
    stages.put("unlearned.tf", evaluate(run, "unlearned.tf", unlearned, "tf"));
    for (String provider : gpu ? List.of("cpu", "cuda") : List.of("cpu")) {
      String[] on = gpu ? new String[] {"--set", "evaluate.provider=" + provider} : new String[0];
      List<String> onnxArgs = with(evaluate(run, "unlearned.onnx", onnx, "onnx"), on);
      stages.put("unlearned.onnx." + provider, onnxArgs);
      List<String> verify = new ArrayList<>(List.of("verify", "--pipeline", pipeline));
      verify.addAll(List.of("--model", unlearned, "--onnx", onnx));
      verify.addAll(List.of("--out", run.resolve("verify.json").toString()));
      stages.put("verify." + provider, with(verify, on));
    }
    boolean pass = true;
    for (Map.Entry<String, List<String>> stage : stages.entrySet()) {
      ObjectNode own = node.withArray("/stages").addObject().put("stage", stage.getKey());
      pass = program(own, stage.getValue().toArray(String[]::new));
      collect(own, stage.getKey(), run);
      own.put("outcome", outcome(pass));
      write();
      if (!pass && !stage.getKey().startsWith("verify")) {
        return "fail"; // what follows reads what this one writes
      }
      if (!pass) {
        node.put("gate", stage.getKey());
      }
    }
    return outcome(pass && !node.has("gate"));
  }

  private static List<String> with(List<String> args, String... more) {
    List<String> all = new ArrayList<>(args);
    all.addAll(Arrays.asList(more));
    return all;
  }

  private static List<String> evaluate(Path run, String name, String model, String runtime) {
    List<String> args = new ArrayList<>(List.of("evaluate", "--pipeline"));
    args.add(run.resolve("pipeline.yaml").toString());
    args.addAll(List.of("--model", model, "--runtime", runtime, "--out"));
    args.add(run.resolve("eval/" + name + ".json").toString());
    if (!name.equals("retain.tf")) {
      args.addAll(List.of("--reference", run.resolve("eval/retain.tf.json").toString()));
    }
    return args;
  }

  /** What a stage found out, out of the file it wrote. */
  private static void collect(ObjectNode stage, String name, Path run) {
    String file = name.startsWith("unlearned.onnx") ? "unlearned.onnx" : name;
    Path evaluation = run.resolve("eval/" + file + ".json");
    Path verdict = run.resolve("verify.json");
    if (Files.isRegularFile(evaluation)) {
      JsonNode json = JsonInput.read(evaluation, "an evaluation").node();
      stage.set("metrics", json.path("metrics"));
      stage.set("tokens_per_second", json.path("tokens_per_second"));
    }
    if (name.startsWith("verify") && Files.isRegularFile(verdict)) {
      stage.set("result", JsonInput.read(verdict, "a verdict").node());
    }
  }

  /** The same step in PyTorch, where it is installed. */
  private void rival() {
    ChildProcess.Ended[] asked =
        new ChildProcess.Ended[1]; // once, and only if a part wants to know
    for (BenchShape shape : request.shapes()) {
      for (String precision : PRECISIONS) {
        part(
            "torch." + shape.spelling() + "." + precision,
            node -> {
              if (asked[0] == null) {
                asked[0] = programs.apply(ASK_FOR_TORCH, rivalsEnvironment());
              }
              if (asked[0].code() != 0) {
                node.put("why", "PyTorch is not installed (python3 -c 'import torch')");
                return "absent";
              }
              node.put("torch", asked[0].out().strip());
              return rival(node, shape, precision);
            });
      }
    }
  }

  private String rival(ObjectNode node, BenchShape shape, String precision) {
    BenchShape.Numbers n = shape.numbers();
    List<String> command = new ArrayList<>(List.of("python3"));
    command.add(request.home().resolve("etc/npo_step.py").toString());
    Map<String, Object> options = new LinkedHashMap<>();
    options.put("hidden", n.hidden());
    options.put("layers", n.layers());
    options.put("heads", n.heads());
    options.put("kv-heads", n.kvHeads());
    options.put("ffn", n.ffn());
    options.put("vocab", n.vocab());
    options.put("rows", n.rows());
    options.put("tokens", n.tokens());
    options.put("steps", request.steps());
    options.put("precision", precision);
    options.put("device", root.path("computed_on").asText().equals("gpu") ? "cuda" : "cpu");
    options.forEach((k, v) -> command.addAll(List.of("--" + k, String.valueOf(v))));
    boolean done = record(node, command, rivalsEnvironment());
    double theirs = node.path("result").path("step_ms").asDouble();
    double ours = ours("bench." + shape.spelling() + "." + precision);
    if (theirs > 0 && ours > 0) { // above 1: ours is the faster one
      node.put("torch_ms_by_ours", Math.round(theirs / ours * 1000) / 1000.0);
    }
    return outcome(done);
  }

  private double ours(String part) {
    return StreamSupport.stream(root.path("parts").spliterator(), false)
        .filter(p -> p.path("part").asText().equals(part))
        .mapToDouble(p -> p.path("result").path("step_ms").asDouble())
        .findFirst()
        .orElse(0);
  }

  private boolean program(ObjectNode node, String... args) {
    List<String> command = new ArrayList<>();
    command.add(request.home().resolve("bin/unlearn4j").toString());
    command.addAll(List.of(args));
    return record(node, command, environment());
  }

  /** Runs a program, notes what it said, and tells whether it ended well. */
  private boolean record(ObjectNode node, List<String> command, Map<String, String> environment) {
    ChildProcess.Ended ended = programs.apply(command, environment);
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

  /** For our own programs, which see the card that was asked for as the first one. */
  private String device() {
    return root.path("computed_on").asText().equals("gpu") || request.device().startsWith("gpu")
        ? "gpu:0"
        : "cpu";
  }

  /** Which card is visible is said in the words of CUDA, since PyTorch understands them too. */
  private Map<String, String> environment() {
    return switch (request.device()) {
      case "auto" -> Map.of();
      case "cpu" -> Map.of("CUDA_VISIBLE_DEVICES", "-1");
      default -> Map.of("CUDA_VISIBLE_DEVICES", request.device().substring("gpu:".length()));
    };
  }

  /** PyTorch brings CUDA libraries of its own, which ours on the path would get in front of. */
  private Map<String, String> rivalsEnvironment() {
    Map<String, String> environment = new LinkedHashMap<>(environment());
    String before = System.getenv("UNLEARN4J_CALLERS_LIBRARY_PATH");
    if (before != null) {
      environment.put("LD_LIBRARY_PATH", before);
    }
    return environment;
  }
}
