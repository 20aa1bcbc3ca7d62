package org.unlearn4j.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.run.ProbeStage;
import org.unlearn4j.unlearn.ControlVector;
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
    return "one step on a given batch, nothing updated: loss terms and gradient norms, as JSON";
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
    Map<Segment, List<TokenRow>> rows = new EnumMap<>(Segment.class);
    for (Segment s : Segment.values()) {
      JsonInput batch = input.get(s.key());
      if (batch.present()) {
        rows.put(s, BatchJson.rows(batch));
        BatchJson.requireFits(batch, rows.get(s), config.vocabSize(), config.maxPositions());
      }
    }
    Predicate<String> wanted =
        line.hasOption("parameters") ? CommandOptions.matching(line, "parameters") : name -> false;
    StepProbe.Seen seen =
        ProbeStage.run(
            new ProbeStage.Request(
                model,
                CommandOptions.path(line, "reference"),
                settings,
                rows,
                control(input.get("control_vector")),
                queue(input.get("queue")),
                CommandOptions.device(line).get(),
                wanted));
    out.println(json(seen));
    return ExitCode.DONE;
  }

  private static Optional<ControlVector> control(JsonInput given) {
    return given.present() ? Optional.of(new ControlVector(numbers(given))) : Optional.empty();
  }

  private static List<float[]> queue(JsonInput given) {
    List<float[]> queue = new ArrayList<>();
    if (given.present()) {
      for (JsonInput row : given.elements()) {
        List<Float> values = numbers(row);
        float[] vector = new float[values.size()];
        for (int i = 0; i < vector.length; i++) {
          vector[i] = values.get(i);
        }
        queue.add(vector);
      }
    }
    return queue;
  }

  private static List<Float> numbers(JsonInput array) {
    return array.elements().stream().map(v -> (float) v.number()).toList();
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
