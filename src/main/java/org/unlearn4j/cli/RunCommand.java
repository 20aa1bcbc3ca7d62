package org.unlearn4j.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.job.Job;
import org.unlearn4j.stage.StageGraph;
import org.unlearn4j.stage.StageGraph.Decision;

/** Runs a pipeline: whatever of it is not there, or not of these inputs. */
final class RunCommand implements Command {
  private static final String UNTIL = "until";
  private static final String FORCE = "force";

  @Override
  public String name() {
    return "run";
  }

  @Override
  public String summary() {
    return "runs every stage of a pipeline whose output is missing or whose inputs have changed; exit"
        + " code 1 if a gate fails";
  }

  @Override
  public boolean resumes() {
    return true;
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.pipeline(),
        CommandOptions.set(),
        CommandOptions.value("run", "DIR", "the run folder (runs/NAME, by the pipeline's name)"),
        CommandOptions.value(
            UNTIL, "STAGE", "only up to this stage, for instance unlearn or evaluate; repeatable"),
        CommandOptions.value(
            FORCE, "STAGE", "run this stage even if none of its inputs has changed; repeatable"),
        CommandOptions.value("jobs", "N", "stages that may run side by side (1)"),
        CommandOptions.flag("plan", "tell what would run, and why, and stop"),
        CommandOptions.json());
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Pipeline pipeline = CommandOptions.readPipeline(line);
    Job named = Job.of(pipeline);
    Job job = CommandOptions.path(line, "run").map(named::in).orElse(named);
    Job.Options options =
        new Job.Options(
            CommandOptions.texts(line, UNTIL),
            CommandOptions.texts(line, FORCE),
            CommandOptions.integer(line, "jobs", 1, Job.Options.ALL.jobs()));
    boolean json = line.hasOption("json");
    if (line.hasOption("plan")) {
      List<StageGraph.Planned> plan = job.plan(options);
      if (json) {
        ObjectNode root = new ObjectMapper().createObjectNode();
        stages(root, plan);
        out.println(root.toPrettyString());
      } else {
        plan.forEach(p -> out.println(sentence(p)));
      }
      return ExitCode.DONE;
    }
    Job.Result result = job.run(options, json ? System.err : out);
    if (json) {
      ObjectNode root = new ObjectMapper().createObjectNode();
      root.put("run", result.folder().root().toString()).put("pass", result.pass());
      stages(root, result.stages());
      out.println(root.toPrettyString());
    } else if (result.stages().stream().allMatch(p -> p.decision() == Decision.CURRENT)) {
      out.println(
          result.folder().root()
              + ": nothing to do"
              + (result.pass() ? "." : "; a gate does not hold (verify.json says which)."));
    }
    return ExitCode.of(result.pass());
  }

  private static void stages(ObjectNode root, List<StageGraph.Planned> plan) {
    ArrayNode stages = root.putArray("stages");
    for (StageGraph.Planned p : plan) {
      ObjectNode node = stages.addObject().put("stage", p.stage());
      node.put("decision", word(p.decision()));
      p.reasons().forEach(node.putArray("reasons")::add);
      if (!Double.isNaN(p.seconds())) {
        node.put("seconds_last_time", p.seconds());
      }
    }
  }

  private static String word(Decision decision) {
    return decision.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  private static String sentence(StageGraph.Planned p) {
    return String.format(Locale.ROOT, "%-29s %s", p.stage(), word(p.decision()))
        + (p.reasons().isEmpty() ? "" : ": " + String.join("; ", p.reasons()));
  }
}
