package org.unlearn4j.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.VerifyLimit;
import org.unlearn4j.parity.MetricDifference;
import org.unlearn4j.run.EvaluationFiles;
import org.unlearn4j.weights.Variant;

/**
 * NPO with CLReg on Fable: trained, exported in every format of the pipeline, measured on both
 * runtimes and verified. On a GPU ONNX Runtime has its turn with each provider, and the same is
 * trained and measured on the CPU, since a GPU's numbers mean something only beside those.
 */
final class FableCheck {
  private static final String TRAINED = "eval/unlearned.tf.json";
  private static final String PIPELINE = "pipeline.yaml";
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * What to do.
   *
   * @param home the bundle
   * @param run folder of the run; what an earlier check left there goes
   * @param device as a pipeline spells it
   * @param sets overrides
   */
  record Request(Path home, Path run, String device, List<String> sets) {
    boolean gpu() {
      return !device.equals("cpu");
    }
  }

  /** How the product's own programs are run. */
  interface Programs {
    /** Runs one, notes in {@code node} what it did, and says whether it ended well. */
    boolean run(ObjectNode node, List<String> args);
  }

  /**
   * A program and what it writes that belongs into the JSON.
   *
   * @param evaluations that it writes
   * @param verdict that it writes
   */
  private record Part(
      String name, List<String> args, List<Path> evaluations, Optional<Path> verdict) {

    static Part of(String name, String... args) {
      return new Part(name, List.of(args), List.of(), Optional.empty());
    }

    Part with(String... more) {
      List<String> all = new ArrayList<>(args);
      all.addAll(Arrays.asList(more));
      return new Part(name, all, evaluations, verdict);
    }
  }

  private final Request request;
  private final Programs programs;
  private final Runnable write;
  private final Path pipeline;

  /**
   * A check.
   *
   * @param write called whenever there is something new in the node
   */
  FableCheck(Request request, Programs programs, Runnable write) {
    this.request = request;
    this.programs = programs;
    this.write = write;
    this.pipeline = request.run().resolve(PIPELINE);
  }

  /**
   * Does it all, into {@code node}; says whether all of it passed.
   *
   * @param no why ONNX Runtime does not compute on the GPU; empty where it does
   */
  boolean run(ObjectNode node, Optional<String> no) {
    boolean first = first(node);
    if (!request.gpu() || !trained()) {
      return first; // nothing of it can be held against the CPU
    }
    return rest(node, no) && first;
  }

  /** The main job alone, with ONNX Runtime on the CPU; says whether its gates held. */
  boolean first(ObjectNode node) {
    AtomicFiles.deleteTree(request.run());
    return chain(node, "cpu");
  }

  /**
   * On a GPU, what comes after the main job: ONNX Runtime's CUDA provider, and the CPU beside it.
   *
   * @param no why ONNX Runtime does not compute on the GPU: its turn is skipped and says so
   */
  boolean rest(ObjectNode node, Optional<String> no) {
    no.ifPresent(why -> node.withArray("/stages").add(skipped(why)));
    boolean gates = no.isPresent() || chain(node, "cuda");
    if (!gates && !trained()) {
      return false;
    }
    Pipeline resolved = Pipeline.readRecord(pipeline); // its paths are meant from the bundle
    for (Part part : onTheCpu(resolved)) {
      if (!done(node, part)) {
        return false;
      }
    }
    return besideTheCpu(node, allowed(resolved)) && gates;
  }

  /** Whether the main job came as far as its training and its first evaluation. */
  boolean trained() {
    return trained(request.run());
  }

  /**
   * A folder of the main job for {@link #rest}: a check's own or, since the parts of a check may be
   * done one after another with a JSON each, the newest beside it.
   *
   * @param own where this check's main job would be
   * @param device that it must have been trained on
   */
  static Optional<Path> trainedBeside(Path own, String device) {
    if (trained(own, device)) {
      return Optional.of(own);
    }
    String[] names = own.getParent().toFile().list();
    return Arrays.stream(names == null ? new String[0] : names)
        .filter(name -> name.endsWith("-fable"))
        .map(own::resolveSibling)
        .filter(run -> trained(run, device))
        .max(Comparator.comparingLong(run -> run.resolve(TRAINED).toFile().lastModified()));
  }

  private static boolean trained(Path run) {
    return Files.isRegularFile(run.resolve(TRAINED)) && Files.isRegularFile(run.resolve(PIPELINE));
  }

  /** Another version's folder, or anybody's of such a name, is none that can be gone on with. */
  private static boolean trained(Path run, String device) {
    try {
      return trained(run)
          && Pipeline.readRecord(run.resolve(PIPELINE)).model().device().first().equals(device);
    } catch (UserException | MachineException e) {
      return false;
    }
  }

  private static ObjectNode skipped(String why) {
    ObjectNode stage = JSON.createObjectNode().put("stage", "run.cuda");
    return stage.put("outcome", "skipped").put("why", why);
  }

  private boolean chain(ObjectNode node, String provider) {
    boolean pass = done(node, chain(provider));
    if (!pass && trained()) {
      node.put("gate", "run." + provider);
    }
    return pass;
  }

  /** What a metric of the same weights may differ by on another runtime. */
  private static double allowed(Pipeline resolved) {
    return resolved.verify().limit(Variant.FP32, VerifyLimit.METRIC_ATOL).orElseThrow();
  }

  private boolean done(ObjectNode node, Part part) {
    ObjectNode own = node.withArray("/stages").addObject().put("stage", part.name());
    // What an earlier part left at the same place is not this one's.
    part.verdict().ifPresent(AtomicFiles::deleteTree);
    boolean pass = programs.run(own, part.args());
    for (Path file : part.evaluations()) {
      if (Files.isRegularFile(file)) {
        JsonNode json = JsonInput.read(file, "an evaluation").node();
        String name = String.valueOf(file.getFileName()).replaceAll("[.]json$", "");
        ObjectNode measured = own.withObject("/evaluations").putObject(name);
        measured.set("metrics", json.path("metrics"));
        measured.set("tokens_per_second", json.path("tokens_per_second"));
      }
    }
    part.verdict()
        .filter(Files::isRegularFile)
        .ifPresent(file -> own.set("result", JsonInput.read(file, "a verdict").node()));
    own.put("outcome", pass ? "pass" : "fail");
    write.run();
    return pass;
  }

  /**
   * The main job, with ONNX Runtime on a provider: what another provider has no part in is made
   * once.
   */
  private Part chain(String provider) {
    String file = request.home().resolve("pipeline/fable.yaml").toString();
    Part part =
        Part.of("run." + provider, "run", "--pipeline", file, "--run", request.run().toString())
            .with("--set", "model.device=" + request.device());
    for (String set : request.sets()) {
      part = part.with("--set", set);
    }
    if (request.gpu()) {
      part = part.with("--set", "evaluate.provider=" + provider);
    }
    List<Path> evaluations = new ArrayList<>();
    for (String name : List.of("retain.tf.json", "target.tf.json", "unlearned.tf.json")) {
      evaluations.add(request.run().resolve("eval").resolve(name));
    }
    for (Variant variant : Variant.values()) {
      evaluations.add(request.run().resolve("eval").resolve(EvaluationFiles.ofDeployed(variant)));
    }
    return new Part(
        part.name(), part.args(), evaluations, Optional.of(request.run().resolve("verify.json")));
  }

  /**
   * The GPU's weights measured on the CPU; the same training there; and once more from another
   * seed, which says how far apart trainings are anyhow.
   */
  private List<Part> onTheCpu(Pipeline resolved) {
    String[] cpu = {"--set", "model.device=cpu"};
    String seed = "unlearn.seed=" + (resolved.unlearn().loop().seed() + 1);
    String same = at("cpu/unlearned");
    String other = at("cpu/other-seed");
    return List.of(
        evaluate("unlearned.tf.cpu", "cpu/unlearned.tf.json", at("unlearned")).with(cpu),
        unlearn("unlearn.cpu", same).with(cpu),
        evaluate("trained.cpu", "cpu/trained.tf.json", same).with(cpu),
        unlearn("unlearn.cpu.seed", other).with(cpu).with("--set", seed),
        evaluate("trained.cpu.seed", "cpu/other-seed.tf.json", other).with(cpu));
  }

  private Part unlearn(String name, String out) {
    return Part.of(name, "unlearn", "--pipeline", pipeline.toString(), "--out", out);
  }

  private Part evaluate(String name, String file, String model) {
    Path out = request.run().resolve(file);
    Part part =
        Part.of(name, "evaluate", "--pipeline", pipeline.toString(), "--model", model)
            .with("--runtime", "tf", "--out", out.toString())
            .with("--reference", at("eval/retain.tf.json"));
    return new Part(name, part.args(), List.of(out), Optional.empty());
  }

  private String at(String file) {
    return request.run().resolve(file).toString();
  }

  /**
   * How far metrics are from the CPU's. The same weights must give the same metrics on both, within
   * what verify allows another runtime; another training may differ as another seed does.
   */
  private boolean besideTheCpu(ObjectNode node, double allowed) {
    JsonNode gpu = metrics(TRAINED);
    JsonNode trained = metrics("cpu/trained.tf.json");
    ObjectNode beside = node.putObject("beside_the_cpu");
    ObjectNode measured = distances(gpu, metrics("cpu/unlearned.tf.json"));
    ObjectNode own = beside.putObject("same_weights");
    own.put("allowed", allowed).put("largest", largest(measured)).set("distances", measured);
    ObjectNode training = beside.putObject("same_training");
    ObjectNode found = distances(gpu, trained);
    ObjectNode noise = distances(trained, metrics("cpu/other-seed.tf.json"));
    training.put("largest", largest(found)).put("largest_of_another_seed", largest(noise));
    training.set("distances", found);
    training.set("distances_of_another_seed", noise);
    boolean pass = measured.size() > 0 && largest(measured) <= allowed;
    own.put("outcome", pass ? "pass" : "fail");
    write.run();
    return pass;
  }

  private JsonNode metrics(String file) {
    return JsonInput.read(request.run().resolve(file), "an evaluation").node().path("metrics");
  }

  /** How far each metric is apart, in its own unit; NaN where one side lacks it. */
  static ObjectNode distances(JsonNode a, JsonNode b) {
    Set<String> names = new LinkedHashSet<>();
    a.fieldNames().forEachRemaining(names::add);
    b.fieldNames().forEachRemaining(names::add);
    ObjectNode distances = JSON.createObjectNode();
    for (String name : names) {
      distances.put(name, new MetricDifference(name, value(a, name), value(b, name)).difference());
    }
    return distances;
  }

  private static double value(JsonNode metrics, String name) {
    return metrics.path(name).isNumber() ? metrics.get(name).doubleValue() : Double.NaN;
  }

  /** The largest of them; NaN where one is NaN, which no limit allows. */
  static double largest(ObjectNode distances) {
    double largest = 0;
    for (JsonNode d : distances) {
      largest = Math.max(largest, d.doubleValue());
    }
    return largest;
  }
}
