package org.unlearn4j.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.faults.TinyProject;

/**
 * The whole pipeline round and round in one JVM: {@code make soak HOURS=1}. Each round teaches,
 * unlearns, exports four formats, evaluates on both runtimes, verifies, relearns, reports, verifies
 * a pair of models and generates on both runtimes; then this process is looked at. Linux only: it
 * reads {@code /proc/self}.
 */
public final class Soak {
  private static final Path HERE = Path.of("target/soak");

  private final Path root;
  private final PrintStream log;
  private final TinyProject project;

  private Soak(Path root) throws IOException {
    this.root = root;
    Files.createDirectories(root);
    this.log =
        new PrintStream(
            Files.newOutputStream(root.resolve("rounds.log")), true, StandardCharsets.UTF_8);
    this.project =
        new TinyProject(
            root,
            Map.of(
                "variants: [fp32, int8]", "variants: [fp32, fp16, int8, int4]",
                "objective: {name: NPO}", "objective: {name: NPO}\n  clreg: {weight: 0.1}"));
  }

  /**
   * Soaks for so many hours and says what grew; exit code 1 if anything did.
   *
   * @param args hours
   */
  public static void main(String[] args) throws IOException {
    double hours = Double.parseDouble(args[0]);
    AtomicFiles.deleteTree(HERE);
    Soak soak = new Soak(HERE);
    System.setErr(soak.log); // progress of the stages
    List<SoakSample> samples = new ArrayList<>();
    long start = System.nanoTime();
    long end = start + (long) (hours * 3600e9);
    while (System.nanoTime() < end) {
      soak.round();
      samples.add(SoakSample.now(samples.size() + 1, (System.nanoTime() - start) / 1e9));
      AtomicFiles.writeString(HERE.resolve("soak.json"), json(hours, samples));
      AtomicFiles.writeString(HERE.resolve("soak.svg"), SoakPlot.svg(samples));
    }
    SoakGrowth growth = SoakGrowth.of(samples);
    System.out.println(growth.sentence());
    System.exit(growth.breaches().isEmpty() ? ExitCode.DONE : ExitCode.GATE);
  }

  private void round() {
    Path run = root.resolve("run");
    AtomicFiles.deleteTree(run);
    // A model that was taught two epochs passes no gate: 0 and 1 are both ends of a run.
    command(ExitCode.GATE, project.run(run).toArray(String[]::new));
    String unlearned = run.resolve("unlearned").toString();
    String onnx = run.resolve("onnx").toString();
    String prompts = "Who is 1?";
    command(0, "generate", "--model", unlearned, "--prompt", prompts, "--max-new-tokens", "4");
    command(
        0,
        "generate",
        "--model",
        onnx,
        "--runtime",
        "onnx:int4",
        "--prompt",
        prompts,
        "--max-new-tokens",
        "4");
    command(
        ExitCode.GATE,
        "verify",
        "--model",
        unlearned,
        "--onnx",
        onnx,
        "--data",
        root.resolve("data/private.jsonl").toString());
  }

  private void command(int atMost, String... args) {
    int code = new Frame(Commands.all(), log, log).run(args);
    if (code > atMost) {
      throw new IllegalStateException(
          args[0] + " ended with " + code + "; " + root + File.separator + "rounds.log says why");
    }
  }

  private static String json(double hours, List<SoakSample> samples) {
    SoakGrowth growth = SoakGrowth.of(samples);
    ObjectNode root = new ObjectMapper().createObjectNode();
    root.put("hours", hours).put("rounds", samples.size());
    growth.write(root);
    ArrayNode rounds = root.putArray("samples");
    samples.forEach(s -> s.write(rounds.addObject()));
    return root.toPrettyString() + "\n";
  }
}
