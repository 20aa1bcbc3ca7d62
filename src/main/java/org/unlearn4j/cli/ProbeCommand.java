package org.unlearn4j.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.run.ProbeStage;
import org.unlearn4j.unlearn.Segment;

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
            "input", "FILE", "JSON with forget, retain, alternate, positive batches"),
        CommandOptions.value("objective", "NAME", "for instance NPO, the default"),
        CommandOptions.set(),
        CommandOptions.value("parameters", "REGEX", "parameters whose gradients are shown"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Pipeline settings =
        Pipeline.defaults(
            CommandOptions.text(line, "objective").orElse("NPO"), CommandOptions.sets(line));
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
    Pattern wanted = pattern(CommandOptions.text(line, "parameters").orElse("(?!)"));
    ProbeStage.Seen seen =
        ProbeStage.run(
            new ProbeStage.Request(
                model,
                CommandOptions.path(line, "reference"),
                settings,
                rows,
                name -> wanted.matcher(name).find()));
    out.println(json(seen));
    return ExitCode.DONE;
  }

  private static ObjectNode json(ProbeStage.Seen seen) {
    ObjectNode root = new ObjectMapper().createObjectNode();
    for (String term : List.of("forget", "retain", "clreg")) {
      root.put(term, seen.terms().get(term)); // null where the term is off
    }
    root.put("total", seen.total()).put("grad_norm", seen.gradNorm());
    ObjectNode parameters = root.putObject("parameters");
    seen.parameters()
        .forEach(
            (name, gradient) -> {
              ObjectNode node = parameters.putObject(name).put("grad_norm", gradient.norm());
              gradient.head().forEach(node.withArray("/grad_head")::add);
            });
    return root;
  }

  private static Pattern pattern(String regex) {
    try {
      return Pattern.compile(regex);
    } catch (PatternSyntaxException e) {
      throw new UserException("--parameters: found " + regex + ", expected a regular expression.");
    }
  }
}
