package org.unlearn4j.run;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.ModelFiles;
import org.unlearn4j.base.OwnText;
import org.unlearn4j.base.UserException;
import org.unlearn4j.base.Versions;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.parity.Gate;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.parity.Survival;
import org.unlearn4j.parity.Verdict;

/**
 * The model cards of an unlearned folder and of its deployed one: {@code README.md} with the hub's
 * front matter, from the record of the unlearning and the verdict. A card of somebody's own stays.
 */
final class ModelCard {
  private static final Pattern PLACE = Pattern.compile("\\{\\{([a-z_]+)}}");
  private static final String BUILT_IN = "/org/unlearn4j/run/card.md";

  private final Pipeline pipeline;
  private final JsonNode record;
  private final Verdict verdict;
  private final BaseCard base;

  private ModelCard(Pipeline pipeline, JsonNode record, Verdict verdict) {
    this.pipeline = pipeline;
    this.record = record;
    this.verdict = verdict;
    this.base = BaseCard.of(pipeline.model().path());
  }

  /**
   * Writes the card of a folder that unlearning has made; nothing happens to another one.
   *
   * @param deployed whether it is the folder of ONNX files
   * @return a sentence where somebody's own card is there
   * @throws UserException if the template is none
   */
  static Optional<String> write(Pipeline pipeline, Path folder, boolean deployed, Verdict verdict) {
    Path made = folder.resolve(ModelFiles.UNLEARNING);
    if (!Files.isRegularFile(made)) {
      return Optional.empty();
    }
    JsonNode record = JsonInput.read(made, "the record of an unlearning").node();
    Path file = folder.resolve(ModelFiles.CARD);
    String text = new ModelCard(pipeline, record, verdict).text(deployed);
    return OwnText.write(file, text)
        ? Optional.empty()
        : Optional.of(file + ": is your own and stays; no card was written.");
  }

  private String text(boolean deployed) {
    String template = pipeline.card().template().map(ModelCard::read).orElseGet(ModelCard::builtIn);
    Map<String, Function<Boolean, String>> places =
        Map.of(
            "front_matter", this::frontMatter,
            "name", d -> name(),
            "base_model", d -> baseModel(),
            "forgotten", d -> forgotten(),
            "method", d -> method(),
            "metrics", this::metrics,
            "verdict", d -> verdicts(),
            "loading", ModelCard::loading);
    Matcher m = PLACE.matcher(template);
    StringBuilder text = new StringBuilder();
    while (m.find()) {
      Function<Boolean, String> place = places.get(m.group(1));
      if (place == null) {
        throw UserException.at(
            pipeline.card().template().orElseThrow(),
            "",
            m.group(),
            "one of " + String.join(", ", places.keySet().stream().sorted().toList()));
      }
      m.appendReplacement(text, Matcher.quoteReplacement(place.apply(deployed)));
    }
    return m.appendTail(text).toString();
  }

  private static String read(Path template) {
    try {
      return Files.readString(template);
    } catch (IOException e) {
      throw UserException.at(template, "", "no text", "a Markdown file in UTF-8", e);
    }
  }

  private static String builtIn() {
    try (InputStream in = ModelCard.class.getResourceAsStream(BUILT_IN)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String name() {
    return pipeline.name() + "-unlearned";
  }

  private String baseModel() {
    return pipeline
        .card()
        .baseModel()
        .or(base::name)
        .or(() -> pipeline.model().path().map(Path::getFileName).map(Path::toString))
        .orElse("A model trained from scratch");
  }

  private String forgotten() {
    String data = record.path("data").path("benchmark").asText();
    String split = record.path("data").path("forget").asText();
    return pipeline.card().forgotten().orElse((data + " " + split).strip());
  }

  private String method() {
    String objective = record.path("objective").path("name").asText();
    JsonNode training = record.path("training");
    boolean clreg = record.path("clreg").path("weight").asDouble() > 0;
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "Method: %s%s, %d steps at a learning rate of %s, by Unlearn4J %s. ",
            objective,
            clreg ? " with CLReg" : "",
            training.path("steps").asInt(),
            training.path("learning_rate").asText(),
            Versions.unlearn4j()));
    record
        .path("data")
        .path("sha256")
        .properties()
        .forEach(
            e ->
                text.append(
                    "SHA-256 of the data in `"
                        + Path.of(e.getKey()).getFileName()
                        + "`: `"
                        + e.getValue().asText()
                        + "`. "));
    return text.append("All settings are in `unlearning.json`.").toString();
  }

  /**
   * The hub's metadata; every text is quoted, since a colon or a dash may mean something in YAML.
   */
  private String frontMatter(boolean deployed) {
    List<String> lines = new ArrayList<>(List.of("---"));
    pipeline.card().license().or(base::license).ifPresent(l -> lines.add("license: " + quoted(l)));
    pipeline
        .card()
        .baseModel()
        .or(base::name)
        .ifPresent(
            b ->
                lines.addAll(List.of("base_model: " + quoted(b), "base_model_relation: finetune")));
    lines.add("pipeline_tag: text-generation");
    lines.add("library_name: " + (deployed ? "transformers.js" : "transformers"));
    lines.add("tags:");
    List<String> tags = new ArrayList<>(List.of("machine-unlearning", "unlearn4j"));
    if (deployed) {
      tags.add("onnx");
    }
    tags.forEach(t -> lines.add("- " + t));
    lines.addAll(
        List.of(
            "model-index:",
            "- name: " + quoted(name()),
            "  results:",
            "  - task:",
            "      type: text-generation",
            "    dataset:",
            "      name: " + quoted(forgotten()),
            "      type: " + quoted(record.path("data").path("benchmark").asText()),
            "    metrics:"));
    for (Survival row : verdict.survival()) {
      metric(lines, row.metric(), "TensorFlow", row.unlearned());
      if (deployed) {
        row.deployed().forEach((file, value) -> metric(lines, row.metric(), file, value));
      }
    }
    return String.join("\n", lines) + "\n---\n";
  }

  private static void metric(List<String> lines, String name, String where, double value) {
    if (Double.isFinite(value)) {
      lines.add("    - type: " + quoted(name));
      lines.add("      name: " + quoted(name + " (" + where + ")"));
      lines.add(String.format(Locale.ROOT, "      value: %s", value));
    }
  }

  private static String quoted(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"").replaceAll("\\s+", " ") + "\"";
  }

  private String metrics(boolean deployed) {
    List<String> files =
        deployed ? verdict.results().stream().map(ParityResult::deployed).toList() : List.of();
    List<String> lines = new ArrayList<>();
    lines.add(row("metric", "target", "retain-only", "unlearned", files));
    lines.add("|---|--:|--:|--:|" + "--:|".repeat(files.size()));
    for (Survival row : verdict.survival()) {
      lines.add(
          row(
              row.metric(),
              number(row.target()),
              number(row.retainOnly()),
              number(row.unlearned()),
              files.stream()
                  .map(f -> number(row.deployed().getOrDefault(f, Double.NaN)))
                  .toList()));
    }
    return String.join("\n", lines);
  }

  private static String row(String a, String b, String c, String d, List<String> more) {
    List<String> cells = new ArrayList<>(List.of(a, b, c, d));
    cells.addAll(more);
    return "| " + String.join(" | ", cells) + " |";
  }

  private static String number(double value) {
    return Double.isNaN(value) ? "–" : String.format(Locale.ROOT, "%.4g", value);
  }

  private String verdicts() {
    List<String> lines = new ArrayList<>();
    for (ParityResult r : verdict.results()) {
      long holds = r.gates().stream().filter(Gate::pass).count();
      lines.add(
          String.format(
              Locale.ROOT,
              "- `%s`: %s, %d of %d gates hold%s",
              r.deployed(),
              r.pass() ? "pass" : "**fail**",
              holds,
              r.gates().size(),
              r.origin().map(o -> "; difference to the trained weights: " + words(o)).orElse("")));
      r.gates().stream().filter(g -> !g.pass()).forEach(g -> lines.add("  - " + g.sentence()));
    }
    return String.join("\n", lines);
  }

  private static String words(ParityResult.Origin origin) {
    return switch (origin) {
      case WEIGHTS -> "its weights are others";
      case GRAPH -> "its graph computes something else";
      case ROUNDING -> "the rounding of its weights";
      case NEITHER -> "none but that of float32 sums";
    };
  }

  private static String loading(boolean deployed) {
    String python =
        """
        ```python
        from transformers import AutoModelForCausalLM, AutoTokenizer
        model = AutoModelForCausalLM.from_pretrained("PATH")
        tokenizer = AutoTokenizer.from_pretrained("PATH")
        ```

        `unlearn4j generate --model PATH --prompt TEXT` asks it without.""";
    String script =
        """
        ```js
        import { pipeline } from "@huggingface/transformers";
        const generate = await pipeline("text-generation", "PATH");
        ```

        Optimum (`ORTModelForCausalLM.from_pretrained("PATH", file_name="onnx/model.onnx")`) and onnxruntime-genai
        (`genai_config.json`) load the folder as well, and so does `unlearn4j generate --model PATH --runtime onnx:FORMAT --prompt TEXT`.""";
    return deployed ? script : python;
  }
}
