package org.unlearn4j.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.VerifyLimit;
import org.unlearn4j.parity.MetricDifference;
import org.unlearn4j.run.EvaluationFiles;
import org.unlearn4j.run.RuntimeModels;
import org.unlearn4j.weights.Variant;

/**
 * NPO with CLReg on Fable: trained, exported in every format of the pipeline, measured on both
 * runtimes and verified. On a GPU ONNX Runtime has its turn with each provider, and the same is
 * trained and measured on the CPU, since a GPU's numbers mean something only beside those.
 */
final class FableCheck {
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
   * @param evaluation that it writes
   * @param verdict that it writes
   */
  private record Stage(
      String name, List<String> args, Optional<Path> evaluation, Optional<Path> verdict) {

    static Stage of(String name, String... args) {
      return new Stage(name, List.of(args), Optional.empty(), Optional.empty());
    }

    Stage with(String... more) {
      List<String> all = new ArrayList<>(args);
      all.addAll(Arrays.asList(more));
      return new Stage(name, all, evaluation, verdict);
    }

    /**
     * A gate that does not hold keeps nothing from being done; all else writes what others read.
     */
    boolean ends() {
      return verdict.isEmpty();
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
    this.pipeline = request.run().resolve("pipeline.yaml");
  }

  /** Does it all, into {@code node}; says whether all of it passed. */
  boolean run(ObjectNode node) {
    AtomicFiles.deleteTree(request.run());
    if (!done(node, resolve())) {
      return false;
    }
    Pipeline resolved = Pipeline.readRecord(pipeline); // its paths are meant from the bundle
    boolean gates = true;
    for (Stage stage : stages(resolved)) {
      boolean pass = done(node, stage);
      if (!pass && stage.ends()) {
        return false;
      }
      if (!pass) {
        node.put("gate", stage.name());
        gates = false;
      }
    }
    return gates && (!request.gpu() || besideTheCpu(node, allowed(resolved)));
  }

  /** What a metric of the same weights may differ by on another runtime. */
  private static double allowed(Pipeline resolved) {
    return resolved.verify().limit(Variant.FP32, VerifyLimit.METRIC_ATOL).orElseThrow();
  }

  private boolean done(ObjectNode node, Stage stage) {
    ObjectNode own = node.withArray("/stages").addObject().put("stage", stage.name());
    // What an earlier stage left at the same place is not this one's.
    stage.evaluation().ifPresent(AtomicFiles::deleteTree);
    stage.verdict().ifPresent(AtomicFiles::deleteTree);
    boolean pass = programs.run(own, stage.args());
    stage
        .evaluation()
        .filter(Files::isRegularFile)
        .map(file -> JsonInput.read(file, "an evaluation").node())
        .ifPresent(
            json -> {
              own.set("metrics", json.path("metrics"));
              own.set("tokens_per_second", json.path("tokens_per_second"));
            });
    stage
        .verdict()
        .filter(Files::isRegularFile)
        .ifPresent(file -> own.set("result", JsonInput.read(file, "a verdict").node()));
    own.put("outcome", pass ? "pass" : "fail");
    write.run();
    return pass;
  }

  private Stage resolve() {
    String file = request.home().resolve("pipeline/fable.yaml").toString();
    Stage stage = Stage.of("pipeline", "pipeline", "--pipeline", file);
    stage = stage.with("--set", "model.device=" + request.device());
    for (String set : request.sets()) {
      stage = stage.with("--set", set);
    }
    return stage.with("--out", pipeline.toString());
  }

  private List<Stage> stages(Pipeline resolved) {
    String target = resolved.model().path().map(Path::toString).orElse("models/fable-target");
    String retain = resolved.model().reference().map(Path::toString).orElse("models/fable-retain");
    String unlearned = at("unlearned");
    List<Variant> variants = resolved.export().variants();
    List<Stage> stages = new ArrayList<>();
    stages.add(unlearn("unlearn", unlearned));
    stages.add(
        Stage.of("export", "export", "--model", unlearned, "--out", at("onnx"))
            .with("--variants", String.join(",", variants.stream().map(Variant::label).toList()))
            .with("--opset", String.valueOf(resolved.export().opset()), "--before", target));
    stages.add(evaluate("retain.tf", "eval/retain.tf.json", retain, "tf"));
    stages.add(evaluate("target.tf", "eval/target.tf.json", target, "tf"));
    stages.add(evaluate("unlearned.tf", "eval/unlearned.tf.json", unlearned, "tf"));
    for (String provider : request.gpu() ? List.of("cpu", "cuda") : List.of("cpu")) {
      String[] on =
          request.gpu() ? new String[] {"--set", "evaluate.provider=" + provider} : new String[0];
      for (Variant variant : variants) {
        String file = EvaluationFiles.ofDeployed(variant);
        String name = file.replaceAll("[.]json$", "") + "." + provider;
        stages.add(
            evaluate(name, "eval/" + file, at("onnx"), RuntimeModels.runtime(variant)).with(on));
      }
      Path verdict = request.run().resolve("verify.json");
      Stage verify =
          Stage.of("verify." + provider, "verify", "--pipeline", pipeline.toString())
              .with("--model", unlearned, "--onnx", at("onnx"), "--out", verdict.toString())
              .with(on);
      stages.add(new Stage(verify.name(), verify.args(), Optional.empty(), Optional.of(verdict)));
    }
    if (request.gpu()) {
      stages.addAll(onTheCpu(resolved, unlearned));
    }
    return stages;
  }

  /**
   * The GPU's weights measured on the CPU; the same training there; and once more from another
   * seed, which says how far apart trainings are anyhow.
   */
  private List<Stage> onTheCpu(Pipeline resolved, String unlearned) {
    String[] cpu = {"--set", "model.device=cpu"};
    String seed = "unlearn.seed=" + (resolved.unlearn().loop().seed() + 1);
    String same = at("cpu/unlearned");
    String other = at("cpu/other-seed");
    return List.of(
        evaluate("unlearned.tf.cpu", "cpu/unlearned.tf.json", unlearned, "tf").with(cpu),
        unlearn("unlearn.cpu", same).with(cpu),
        evaluate("trained.cpu", "cpu/trained.tf.json", same, "tf").with(cpu),
        unlearn("unlearn.cpu.seed", other).with(cpu).with("--set", seed),
        evaluate("trained.cpu.seed", "cpu/other-seed.tf.json", other, "tf").with(cpu));
  }

  private Stage unlearn(String name, String out) {
    return Stage.of(name, "unlearn", "--pipeline", pipeline.toString(), "--out", out);
  }

  private Stage evaluate(String name, String file, String model, String runtime) {
    Path out = request.run().resolve(file);
    Stage stage =
        Stage.of(name, "evaluate", "--pipeline", pipeline.toString(), "--model", model)
            .with("--runtime", runtime, "--out", out.toString());
    if (!name.equals("retain.tf")) {
      stage = stage.with("--reference", at("eval/retain.tf.json"));
    }
    return new Stage(name, stage.args(), Optional.of(out), Optional.empty());
  }

  private String at(String file) {
    return request.run().resolve(file).toString();
  }

  /**
   * How far metrics are from the CPU's. The same weights must give the same metrics on both, within
   * what verify allows another runtime; another training may differ as another seed does.
   */
  private boolean besideTheCpu(ObjectNode node, double allowed) {
    JsonNode gpu = metrics("eval/unlearned.tf.json");
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
