package org.unlearn4j.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.run.BatchJson;
import org.unlearn4j.run.ProbeStage;
import org.unlearn4j.run.SettledPrecision;
import org.unlearn4j.tf.Device;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepProbe;

/** One step on a given batch, nothing updated: every loss term and gradient norms, as JSON. */
final class ProbeCommand implements Command {
  @Override
  public String name() {
    return "probe";
  }

  @Override
  public String summary() {
    return "computes one step on a given batch, updates nothing, and prints loss terms and gradient"
        + " norms as JSON";
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.required("model", "DIR", "a Hugging Face folder"),
        CommandOptions.value(
            "reference", "PATH", "the frozen model: a folder or a safetensors file"),
        CommandOptions.required(
            "input",
            "FILE",
            "JSON with forget, retain, alternate, positive batches; control_vector and queue"),
        CommandOptions.value("objective", "NAME", "for instance NPO, the default"),
        CommandOptions.set(),
        CommandOptions.device(),
        CommandOptions.value("parameters", "REGEX", "parameters whose gradients are shown"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Pipeline settings = CommandOptions.objective(line, CommandOptions.sets(line));
    JsonInput input = BatchJson.read(CommandOptions.path(line, "input").orElseThrow());
    Path model = CommandOptions.path(line, "model").orElseThrow();
    ModelConfig config = ModelConfig.read(model);
    Map<Segment, List<TokenRow>> rows = BatchJson.segments(input);
    rows.forEach(
        (s, own) ->
            BatchJson.requireFits(
                input.get(s.key()), own, config.vocabSize(), config.maxPositions()));
    Predicate<String> wanted =
        line.hasOption("parameters") ? CommandOptions.matching(line, "parameters") : name -> false;
    Device device = CommandOptions.device(line).get();
    List<TokenRow> all = rows.values().stream().flatMap(List::stream).toList();
    int most = rows.values().stream().mapToInt(List::size).max().orElse(1);
    int longest = all.stream().mapToInt(TokenRow::length).max().orElse(1);
    Pipeline settled =
        new SettledPrecision(System.err).once(settings, config, most, longest, device);
    StepProbe.Seen seen =
        ProbeStage.run(
            new ProbeStage.Request(
                model,
                CommandOptions.path(line, "reference"),
                settled,
                rows,
                BatchJson.controlVector(input.get("control_vector")),
                BatchJson.queue(input.get("queue")),
                device,
                wanted));
    out.println(json(seen));
    return ExitCode.DONE;
  }

  private static ObjectNode json(StepProbe.Seen seen) {
    ObjectNode root = new ObjectMapper().createObjectNode();
    for (String term : List.of("forget", "retain", "clreg")) {
      StepProbe.TermSeen t = seen.terms().get(term);
      root.put(term, t == null ? null : (Double) t.value()); // null where the term is off
    }
    root.put("total", seen.total()).put("grad_norm", seen.gradNorm());
    ObjectNode terms = root.putObject("terms");
    seen.terms()
        .forEach(
            (name, t) ->
                terms
                    .putObject(name)
                    .put("value", t.value())
                    .put("weight", t.weight())
                    .put("grad_norm", t.gradNorm()));
    ObjectNode cosines = root.putObject("gradient_cosine");
    seen.cosines().forEach(cosines::put);
    seen.dual()
        .ifPresent(
            d -> root.putObject("dual_update").put("alpha", d.alpha()).put("new_alpha", d.after()));
    ObjectNode parameters = root.putObject("parameters");
    seen.parameters()
        .forEach(
            (name, gradient) -> {
              ObjectNode node = parameters.putObject(name).put("grad_norm", gradient.norm());
              gradient.head().forEach(node.withArray("/grad_head")::add);
            });
    return root;
  }
}
