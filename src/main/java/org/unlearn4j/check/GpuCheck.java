package org.unlearn4j.check;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import java.util.stream.StreamSupport;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.Versions;
import org.unlearn4j.gpu.GpuCauses;
import org.unlearn4j.train.BenchShape;

/**
 * The parts of a check, one program after the other; the JSON is written whole after each of them,
 * so that what was found out survives whatever comes next.
 */
public final class GpuCheck {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> ASK_FOR_TORCH =
      List.of("python3", "-c", "import torch; print(torch.__version__, torch.cuda.is_available())");
  private static final List<String> PRECISIONS = List.of("fp32", "bf16");
  private static final String COMPILES =
      "TensorFlow has no machine code for this card: the driver compiles its kernels where they are"
          + " first used, which can take minutes, and keeps them in CUDA_CACHE_PATH"
          + " (~/.nv/ComputeCache)";

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
  public record Request(
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

  /** Whether everything goes to a GPU, and fails where there is none. */
  private boolean gpu;

  /**
   * A check.
   *
   * @param programs runs a command line with variables added to the environment
   */
  public GpuCheck(
      Request request,
      BiFunction<List<String>, Map<String, String>, ChildProcess.Ended> programs,
      PrintStream notes) {
    this.request = request;
    this.programs = programs;
    this.notes = notes;
  }

  /** Does every part, whatever became of those before, and says whether all of them passed. */
  public boolean run() {
    root.put("verdict", "incomplete")
        .put("unlearn4j", Versions.unlearn4j())
        .put("started", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString())
        .put("device", request.device());
    root.putArray("parts");
    root.put("computed_on", "unknown");
    doctor();
    for (String precision : PRECISIONS) {
      part("fixtures." + precision, node -> fixtures(node, precision));
    }
    part("fable", this::fable);
    for (BenchShape shape : request.shapes()) {
      for (String precision : PRECISIONS) {
        String what = shape.spelling() + "." + precision;
        part("bench." + what, node -> bench(node, shape, precision, "--steps", steps()));
        part("memory." + what, node -> bench(node, shape, precision, "--memory"));
      }
    }
    rival();
    root.set("to_reach", new GpuCheckFigures(root.path("parts")).toReach());
    boolean pass = failed(root).isEmpty();
    root.put("verdict", pass ? "pass" : "fail");
    write();
    return pass;
  }

  /** Names of the parts that failed, in a JSON on the disk. */
  public static List<String> failed(Path file) {
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
   * Asked in any case, since all else depends on it. Where a GPU was asked for, a card is there, or
   * the CUDA build was taken, it must be used: a check that passes on the CPU of such a machine
   * would say nothing of what it is for. {@code --device cpu} says that this is meant.
   */
  private void doctor() {
    notes.println("==> doctor");
    ObjectNode node = root.withArray("/parts").addObject().put("part", "doctor");
    boolean done = program(node, "doctor", "--json");
    JsonNode found = node.path("result").path("gpu");
    boolean seen = found.path("seen").asBoolean();
    boolean there = found.path("cards").size() > 0 || found.path("cuda_build").asBoolean();
    boolean wanted =
        request.device().startsWith("gpu") || (request.device().equals("auto") && there);
    gpu = !request.device().equals("cpu") && (seen || wanted);
    root.put("computed_on", gpu ? (seen ? "gpu" : "nothing: no GPU is seen") : "cpu");
    if (gpu && !seen) {
      String why = "a GPU must be used here (--device cpu checks the CPU) and TensorFlow sees none";
      node.put("why", why);
      notes.println("    " + why + ": " + found.path("why").asText());
    }
    boolean compiles =
        StreamSupport.stream(found.path("cards").spliterator(), false)
            .anyMatch(c -> c.path("capability").asDouble() >= GpuCauses.PTX_CAPABILITY);
    if (gpu && compiles) {
      node.put("note", COMPILES);
      notes.println("    " + COMPILES);
    }
    node.put("outcome", done && (seen || !wanted) ? "pass" : "fail");
    write();
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

  private String bench(ObjectNode node, BenchShape shape, String precision, String... what) {
    List<String> args = new ArrayList<>(List.of("bench", "--shape", shape.spelling()));
    args.addAll(List.of("--precision", precision));
    args.addAll(List.of(what));
    args.addAll(List.of("--device", device(), "--json"));
    return outcome(program(node, args.toArray(String[]::new)));
  }

  private String steps() {
    return String.valueOf(request.steps());
  }

  private static String outcome(boolean pass) {
    return pass ? "pass" : "fail";
  }

  private String fable(ObjectNode node) {
    String name = String.valueOf(request.out().getFileName()).replaceAll("\\.json$", "");
    Path run = request.out().resolveSibling(name + "-fable");
    FableCheck check =
        new FableCheck(
            new FableCheck.Request(request.home(), run, device(), request.sets()),
            (own, args) -> program(own, args.toArray(String[]::new)),
            this::write);
    return outcome(check.run(node));
  }

  /** The same step in PyTorch, where it is installed and computes on the same device. */
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
              return rival(node, shape, precision, asked[0]);
            });
      }
    }
  }

  private String rival(
      ObjectNode node, BenchShape shape, String precision, ChildProcess.Ended asked) {
    if (asked.code() != 0) {
      node.put("why", "PyTorch is not installed (python3 -c 'import torch')");
      return "absent";
    }
    String[] said = asked.out().strip().split(" ", -1);
    node.put("torch", said[0]);
    if (gpu && !said[said.length - 1].equals("True")) {
      node.put("why", "this PyTorch sees no GPU (torch.cuda.is_available())");
      return "absent";
    }
    return rival(node, shape, precision);
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
    options.put("device", gpu ? "cuda" : "cpu");
    options.forEach((k, v) -> command.addAll(List.of("--" + k, String.valueOf(v))));
    boolean done = record(node, command, rivalsEnvironment());
    new GpuCheckFigures(root.path("parts"))
        .beside(node, shape.spelling() + "." + precision)
        .forEach(node::put);
    return outcome(done);
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
    return gpu ? "gpu:0" : "cpu";
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
