package org.unlearn4j.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.ModelFiles;
import org.unlearn4j.base.UserException;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.RowResult;
import org.unlearn4j.parity.Verdict;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * What a run folder holds.
 *
 * @param name the run's name
 * @param pipeline settings by dotted name, in their order; empty where there is no pipeline file
 * @param provenance the same of unlearning.json
 * @param training one entry a step, numbers by name; empty where there is no log
 * @param evaluations at least one of the unlearned model
 * @param verdict the parity verdict, where files were verified
 * @param verify verify.json as it is, for what it holds beside the verdict
 * @param relearning what a little training brings back, where that was tried
 * @param leaks what attacks brought out, where there were any
 * @param spectrum spectrum.json as it is, where there is one
 * @param seeds evaluations of the runs of which one was delivered; none for a single run
 */
record ReportData(
    String name,
    Map<String, String> pipeline,
    Map<String, String> provenance,
    List<Map<String, Double>> training,
    List<Measured> evaluations,
    Optional<Verdict> verdict,
    Optional<JsonInput> verify,
    Optional<Relearning> relearning,
    Optional<Leaks> leaks,
    Optional<JsonInput> spectrum,
    List<EvaluationResult> seeds) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Whose evaluation it is; the order is that of the report's columns. */
  enum Role {
    TARGET("target", "target", Ink.TARGET),
    RETAIN_ONLY("retain", "retain-only", Ink.RETAIN),
    UNLEARNED("unlearned", "unlearned", Ink.UNLEARNED);

    private final String file;
    private final String label;
    private final Ink ink;

    Role(String file, String label, Ink ink) {
      this.file = file;
      this.label = label;
      this.ink = ink;
    }

    /** Its colour, the same everywhere. */
    Ink ink() {
      return ink;
    }

    /** Class of words in its colour. */
    String css() {
      return "model " + ink.variable();
    }

    String label() {
      return label;
    }
  }

  /** An evaluation and whose it is. */
  record Measured(Role role, EvaluationResult result) {
    /** What computed it, in words. */
    String runtime() {
      return ReportData.runtime(result.runtime());
    }

    /** Whether it is a deployed file's. */
    boolean onnx() {
      return result.runtime().startsWith("onnx");
    }
  }

  /** A runtime's name in words; fp32 is what {@code onnx} alone stands for. */
  static String runtime(String name) {
    return switch (name) {
      case "tf" -> "TensorFlow";
      case "onnx" -> "ONNX fp32";
      default -> name.replace("onnx:", "ONNX ");
    };
  }

  /**
   * Reads a run folder. Absent parts are absent, but for the evaluations.
   *
   * @throws UserException if there is no evaluation of the unlearned model, or a file is not of its
   *     form
   */
  static ReportData read(RunFolder folder) {
    List<Measured> evaluations = new ArrayList<>();
    for (Role role : Role.values()) {
      List<Measured> ofRole = new ArrayList<>();
      for (Path file : folder.evaluations()) {
        if (file.getFileName().toString().startsWith(role.file + ".")) {
          ofRole.add(new Measured(role, EvaluationResult.read(file)));
        }
      }
      // the trained side first, then what was deployed
      ofRole.sort((a, b) -> Boolean.compare(a.onnx(), b.onnx()));
      evaluations.addAll(ofRole);
    }
    if (evaluations.stream().noneMatch(m -> m.role == Role.UNLEARNED)) {
      throw new UserException(
          folder.root().resolve("eval")
              + ": found no evaluation of the unlearned model, expected "
              + folder.evaluation("unlearned", "tf").getFileName()
              + " or another runtime's (run evaluate first).");
    }
    Map<String, String> pipeline = new LinkedHashMap<>();
    if (Files.isRegularFile(folder.pipeline())) {
      flatten("", yaml(folder.pipeline()), pipeline);
    }
    Map<String, String> provenance = new LinkedHashMap<>();
    if (Files.isRegularFile(folder.provenance())) {
      JsonNode node = JsonInput.read(folder.provenance(), ModelFiles.UNLEARNING).node();
      flatten("", JSON.convertValue(node, Object.class), provenance);
    }
    Path name = folder.root().toAbsolutePath().normalize().getFileName();
    return new ReportData(
        pipeline.getOrDefault("name", name == null ? "run" : name.toString()),
        pipeline,
        provenance,
        training(folder.trainLog()),
        evaluations,
        Files.isRegularFile(folder.verdict())
            ? Optional.of(Verdict.read(folder.verdict()))
            : Optional.empty(),
        Files.isRegularFile(folder.verdict())
            ? Optional.of(JsonInput.read(folder.verdict(), "a verdict"))
            : Optional.empty(),
        Files.isRegularFile(folder.relearning())
            ? Optional.of(Relearning.read(folder.relearning()))
            : Optional.empty(),
        Files.isRegularFile(folder.attacks())
            ? Optional.of(Leaks.read(folder.attacks()))
            : Optional.empty(),
        Files.isRegularFile(folder.spectrum())
            ? Optional.of(JsonInput.read(folder.spectrum(), "the spectrum of a change"))
            : Optional.empty(),
        folder.evaluations().stream()
            .filter(f -> asked(f, pipeline))
            .map(EvaluationResult::read)
            .toList());
  }

  /** Whether a file is the evaluation of a seed that the pipeline asks for; others are older. */
  private static boolean asked(Path file, Map<String, String> pipeline) {
    if (!pipeline.containsKey("unlearn.seeds")) {
      return file.getFileName().toString().startsWith(RunFolder.SEED);
    }
    long first = Long.parseLong(pipeline.getOrDefault("unlearn.seed", "0"));
    long seeds = Long.parseLong(pipeline.get("unlearn.seeds"));
    String name = file.getFileName().toString();
    return seeds > 1
        && LongStream.range(first, first + seeds)
            .anyMatch(seed -> name.startsWith(RunFolder.SEED + seed + "."));
  }

  /** The first evaluation of a role. */
  Optional<EvaluationResult> first(Role role) {
    return evaluations.stream().filter(m -> m.role == role).map(Measured::result).findFirst();
  }

  /** The first evaluation of every role that has one; a deployed file's is the same over again. */
  List<Measured> firsts() {
    return Stream.of(Role.values())
        .flatMap(role -> evaluations.stream().filter(m -> m.role == role).limit(1))
        .toList();
  }

  /** The unlearned model as trained, or as deployed where only that was measured. */
  EvaluationResult unlearned() {
    return first(Role.UNLEARNED).orElseThrow();
  }

  /** A row of an evaluation; mostly it is where its index says. */
  Optional<RowResult> row(Measured measured, String set, int index) {
    List<RowResult> rows = measured.result.rows(set);
    return index < rows.size() && rows.get(index).index() == index
        ? Optional.of(rows.get(index))
        : rows.stream().filter(r -> r.index() == index).findFirst();
  }

  private static List<Map<String, Double>> training(Path log) {
    List<Map<String, Double>> steps = new ArrayList<>();
    if (!Files.isRegularFile(log)) {
      return steps;
    }
    try {
      int line = 0;
      for (String text : Files.readAllLines(log, StandardCharsets.UTF_8)) {
        line++;
        if (!text.isBlank()) {
          steps.add(step(log, line, text));
        }
      }
    } catch (IOException e) {
      throw new MachineException(log + ": could not be read.", e);
    }
    return steps;
  }

  private static Map<String, Double> step(Path log, int line, String text) {
    Map<String, Double> step = new LinkedHashMap<>();
    try {
      for (Map.Entry<String, JsonNode> entry : JSON.readTree(text).properties()) {
        if (entry.getValue().isNumber()) {
          step.put(entry.getKey(), entry.getValue().doubleValue());
        }
      }
    } catch (JsonProcessingException e) {
      throw UserException.at(log, "line " + line, e.getOriginalMessage(), "a JSON object");
    }
    return step;
  }

  private static Object yaml(Path file) {
    LoaderOptions options = new LoaderOptions();
    // The resolved file has none, and a few lines of them make a tree without end.
    options.setMaxAliasesForCollections(0);
    try (InputStream in = Files.newInputStream(file)) {
      return new Yaml(new SafeConstructor(options)).load(in);
    } catch (MarkedYAMLException e) {
      String place = e.getProblemMark() == null ? "" : "line " + (e.getProblemMark().getLine() + 1);
      throw UserException.at(file, place, String.valueOf(e.getProblem()), "YAML", e);
    } catch (YAMLException | IllegalArgumentException e) { // the second of a tag such as !!int x
      throw UserException.at(file, "", String.valueOf(e.getMessage()), "YAML", e);
    } catch (IOException e) {
      throw new MachineException(file + ": could not be read.", e);
    }
  }

  /** Nested settings by dotted names; a list of plain values is one value. */
  private static void flatten(String name, Object value, Map<String, String> flat) {
    if (value instanceof Map<?, ?> map) {
      map.forEach(
          (key, inner) -> flatten(name.isEmpty() ? "" + key : name + "." + key, inner, flat));
    } else if (value instanceof List<?> list && list.stream().anyMatch(e -> e instanceof Map)) {
      for (int i = 0; i < list.size(); i++) {
        flatten(name + "[" + i + "]", list.get(i), flat);
      }
    } else if (value instanceof List<?> list) {
      flat.put(name, String.join(", ", list.stream().map(String::valueOf).toList()));
    } else if (value != null) {
      flat.put(name, value.toString());
    }
  }
}
