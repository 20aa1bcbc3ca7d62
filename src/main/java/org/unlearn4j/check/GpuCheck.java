package org.unlearn4j.check;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import java.util.stream.StreamSupport;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.Versions;
import org.unlearn4j.gpu.GpuCauses;
import org.unlearn4j.train.BenchShape;

/**
 * The parts of a check, one program after the other; the JSON is written whole after each of them,
 * so that what was found out survives whatever comes next. With an end, the most valuable parts
 * come first, and one that would not fit the time left is left out.
 */
public final class GpuCheck {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> PRECISIONS = List.of("fp32", "bf16");
  private static final String COMPILES =
      "TensorFlow has no machine code for this card: the driver compiles its kernels where they are"
          + " first used, which can take minutes, and keeps them in CUDA_CACHE_PATH";

  /** Of the adapters that are timed beside a model too large to be trained whole. */
  private static final String RANK = "unlearn.adapter.rank=16";

  /**
   * What to check.
   *
   * @param home the bundle
   * @param out the JSON; what the run on Fable writes lies beside it
   * @param device {@code auto}, {@code cpu} or {@code gpu:N}
   * @param parts names of those to do
   * @param lora shape whose step through adapters is timed where there is an end
   * @param steps counted, of each timing
   * @param sets overrides for the run on Fable
   */
  public record Request(
      Path home,
      Path out,
      String device,
      Predicate<String> parts,
      List<BenchShape> shapes,
      BenchShape lora,
      int steps,
      List<String> sets) {}

  private final Request request;
  private final CheckPrograms programs;
  private final RivalCheck rival;
  private final Allowance allowance;
  private final PrintStream lines;
  private final PrintStream notes;
  private final ObjectNode root = JSON.createObjectNode();

  /** Whether everything goes to a GPU, and fails where there is none. */
  private boolean gpu;

  /** Why ONNX Runtime does not compute on it too; empty where it does. */
  private Optional<String> noProvider = Optional.empty();

  /**
   * A check.
   *
   * @param run runs a command line with variables added to the environment
   * @param lines where each part prints a line of JSON when it is done, if there is an end
   * @param notes progress
   */
  public GpuCheck(
      Request request,
      BiFunction<List<String>, Map<String, String>, ChildProcess.Ended> run,
      Allowance allowance,
      PrintStream lines,
      PrintStream notes) {
    this.request = request;
    this.programs =
        new CheckPrograms(
            request.home(),
            request.device(),
            request.out().resolveSibling("cuda-cache"), // one of all checks there
            run,
            notes);
    this.rival = new RivalCheck(programs, request.steps());
    this.allowance = allowance;
    this.lines = lines;
    this.notes = notes;
  }

  /** A part's own work: fills its node and says what became of it. */
  private interface Part {
    String outcome(ObjectNode node);
  }

  /** A part that is to be done. */
  private record Planned(String name, Part part) {}

  /** Does every part, whatever became of those before, and says what they come to. */
  public CheckVerdict run() {
    root.put("verdict", "incomplete")
        .put("unlearn4j", Versions.unlearn4j())
        .put("started", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString())
        .put("device", request.device());
    root.putArray("parts");
    root.put("computed_on", "unknown");
    part("doctor", this::doctor);
    for (Planned planned : allowance.limited() ? byValue() : all()) {
      if (request.parts().test(planned.name())) {
        part(planned.name(), planned.part());
      }
    }
    root.set("to_reach", new GpuCheckFigures(root.path("parts")).toReach());
    CheckVerdict verdict = CheckOutcomes.verdict(root.path("parts"));
    root.put("verdict", verdict.spelling());
    root.put("seconds", Math.round(allowance.used()));
    write();
    if (allowance.limited()) {
      ObjectNode end = JSON.createObjectNode().put("part", "end");
      end.put("verdict", verdict.spelling()).put("seconds", root.path("seconds").asInt());
      line(end.put("file", request.out().toString()));
    }
    return verdict;
  }

  private List<Planned> all() {
    List<Planned> all = new ArrayList<>();
    for (String precision : PRECISIONS) {
      all.add(new Planned("fixtures." + precision, node -> fixtures(node, precision)));
    }
    all.add(new Planned("fable", node -> outcome(fable(fableFolder()).run(node, noProvider))));
    for (BenchShape shape : request.shapes()) {
      for (String precision : PRECISIONS) {
        all.add(bench(shape, precision));
        all.add(memory(shape, precision));
      }
    }
    all.addAll(rivals(request.shapes(), PRECISIONS));
    return all;
  }

  /**
   * The order for a machine that is lent for minutes: is it right at all, does the whole chain
   * work, how fast is it, and beside whom; then what is a further confirmation.
   */
  private List<Planned> byValue() {
    List<Planned> all = new ArrayList<>();
    for (String precision : PRECISIONS) {
      all.add(
          new Planned(
              "llama." + precision, node -> fixtures(node, precision, "--only", "^llama$")));
    }
    all.add(new Planned("fable", node -> outcome(fable(fableFolder()).first(node))));
    List<BenchShape> largestFirst = reversed(request.shapes());
    for (BenchShape shape : request.shapes()) {
      PRECISIONS.forEach(precision -> all.add(bench(shape, precision)));
    }
    all.addAll(rivals(largestFirst, reversed(PRECISIONS)));
    all.add(
        new Planned(
            "lora." + request.lora().spelling() + ".bf16",
            node -> bench(node, request.lora(), "bf16", "--stored", "bf16", "--set", RANK)));
    for (String precision : PRECISIONS) {
      all.add(new Planned("fixtures." + precision, node -> fixtures(node, precision)));
    }
    for (BenchShape shape : largestFirst) {
      PRECISIONS.forEach(precision -> all.add(memory(shape, precision)));
    }
    all.add(new Planned("fable.rest", this::fableRest));
    return all;
  }

  private static <T> List<T> reversed(List<T> list) {
    List<T> reversed = new ArrayList<>(list);
    Collections.reverse(reversed);
    return reversed;
  }

  private Planned bench(BenchShape shape, String precision) {
    return new Planned(
        "bench." + shape.spelling() + "." + precision, node -> bench(node, shape, precision));
  }

  private Planned memory(BenchShape shape, String precision) {
    return new Planned(
        "memory." + shape.spelling() + "." + precision,
        node -> bench(node, shape, precision, "--memory"));
  }

  private List<Planned> rivals(List<BenchShape> shapes, List<String> precisions) {
    List<Planned> all = new ArrayList<>();
    for (BenchShape shape : shapes) {
      for (String precision : precisions) {
        String name = "torch." + shape.spelling() + "." + precision;
        all.add(new Planned(name, node -> rival(node, shape, precision)));
      }
    }
    return all;
  }

  /**
   * Does a part, or says that it was left out: {@code skipped} where its estimate is more than the
   * time left, {@code stopped} where somebody asked the check to stop, {@code cut} where it was
   * ended because the time was over.
   */
  private void part(String name, Part part) {
    ObjectNode node = root.withArray("/parts").addObject().put("part", name);
    int left = allowance.left();
    if (allowance.limited()) {
      node.put("estimate_s", PartEstimates.of(name, gpu)).put("left_s", left);
    }
    if (allowance.stopped().getAsBoolean()) {
      node.put("outcome", "stopped");
    } else if (allowance.limited() && PartEstimates.of(name, gpu) > left) {
      node.put("outcome", "skipped").put("why", "it would take longer than the time left");
    } else {
      notes.println("==> " + name);
      node.put("outcome", "running");
      write();
      double before = allowance.used();
      String outcome = part.outcome(node);
      node.put("seconds", Math.round((allowance.used() - before) * 10) / 10.0);
      if (outcome.equals("fail")) {
        boolean stopped = allowance.stopped().getAsBoolean();
        outcome = CheckOutcomes.ofUnfinished(node, stopped, allowance.left() <= 0);
      }
      node.put("outcome", outcome);
    }
    write();
    if (allowance.limited()) {
      line(CheckLine.of(node));
    }
  }

  private void line(ObjectNode node) {
    lines.println(node);
    lines.flush();
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
  private String doctor(ObjectNode node) {
    boolean done = programs.own(node, List.of("doctor", "--json"));
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
    noProvider =
        found.path("onnxruntime_provider").asBoolean()
            ? Optional.empty()
            : Optional.of(withoutProvider(found.path("causes")));
    return outcome(done && (seen || !wanted));
  }

  /** In doctor's words; the slim bundle comes without the provider. */
  private static String withoutProvider(JsonNode causes) {
    String why =
        StreamSupport.stream(causes.spliterator(), false)
            .filter(c -> !c.path("affects").asText().equals("tensorflow"))
            .map(c -> c.path("found").asText())
            .findFirst()
            .orElse("doctor names no cause");
    return "ONNX Runtime does not compute on the GPU: " + why;
  }

  private String fixtures(ObjectNode node, String precision, String... only) {
    List<String> args = new ArrayList<>(List.of("check", "--fixtures"));
    args.add(request.home().resolve("fixtures").toString());
    args.addAll(List.of(only));
    args.addAll(List.of("--precision", precision, "--device", device(), "--json"));
    return outcome(programs.own(node, args));
  }

  /** A timing, but for {@code --memory}. */
  private String bench(ObjectNode node, BenchShape shape, String precision, String... more) {
    List<String> args = new ArrayList<>(List.of("bench", "--shape", shape.spelling()));
    args.addAll(List.of("--precision", precision));
    args.addAll(List.of(more));
    if (!List.of(more).contains("--memory")) {
      args.addAll(List.of("--steps", String.valueOf(request.steps())));
    }
    args.addAll(List.of("--device", device(), "--json"));
    return outcome(programs.own(node, args));
  }

  private static String outcome(boolean pass) {
    return pass ? "pass" : "fail";
  }

  private FableCheck fable(Path run) {
    return new FableCheck(
        new FableCheck.Request(request.home(), run, device(), request.sets()),
        programs::own,
        this::write);
  }

  private String fableRest(ObjectNode node) {
    Optional<Path> run = FableCheck.trainedBeside(fableFolder(), device());
    if (!gpu || run.isEmpty()) {
      String none = "no main job was trained on this device in a folder ...-fable beside the JSON";
      node.put("why", gpu ? none : "it compares a card with the processor");
      return "absent";
    }
    node.put("of", run.get().toString());
    return outcome(fable(run.get()).rest(node, noProvider));
  }

  /** Beside the JSON, with its name in front. */
  private Path fableFolder() {
    String name = String.valueOf(request.out().getFileName()).replaceAll("[.]json$", "");
    return request.out().resolveSibling(name + "-fable");
  }

  private String rival(ObjectNode node, BenchShape shape, String precision) {
    String outcome = rival.run(node, shape, precision, gpu);
    new GpuCheckFigures(root.path("parts"))
        .beside(node, shape.spelling() + "." + precision)
        .forEach(node::put);
    return outcome;
  }

  /** For our own programs, which see the card that was asked for as the first one. */
  private String device() {
    return gpu ? "gpu:0" : "cpu";
  }
}
