package org.unlearn4j.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.base.AtomicFiles;

/**
 * {@code train.jsonl}: one JSON object a step, and the same numbers for TensorBoard in {@code
 * tensorboard/train/} beside it. A resumed run first drops the lines of steps that were not in the
 * checkpoint.
 */
final class TrainLog implements AutoCloseable {
  private static final List<String> NO_TERMS =
      List.of("step", "epoch", "lr", "alpha", "total", "grad_norm", "tokens_per_second", "seconds");

  private final ObjectMapper mapper = new ObjectMapper();
  private final BufferedWriter out;
  private final EventLog events;
  private TrainingStep.Outcome last =
      new TrainingStep.Outcome(Map.of(), Double.NaN, Double.NaN, Map.of()); // before the first step

  /**
   * Opens the log.
   *
   * @param doneSteps steps whose lines stay
   */
  TrainLog(Path file, int doneSteps) {
    try {
      List<String> kept = new ArrayList<>();
      if (doneSteps > 0 && Files.isRegularFile(file)) {
        for (String line : Files.readAllLines(file)) {
          keep(line, doneSteps, kept);
        }
      }
      AtomicFiles.writeString(file, kept.isEmpty() ? "" : String.join("\n", kept) + "\n");
      out = Files.newBufferedWriter(file, StandardCharsets.UTF_8, StandardOpenOption.APPEND);
      String name = String.valueOf(file.getFileName()).replaceFirst("[.][^.]*$", "");
      events = new EventLog(file.resolveSibling("tensorboard").resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void keep(String line, int doneSteps, List<String> kept) {
    try {
      JsonNode node = mapper.readTree(line);
      if (node.path("step").asInt(Integer.MAX_VALUE) < doneSteps) {
        kept.add(line);
        last = outcome(node);
      }
    } catch (JsonProcessingException e) {
      // The process was killed within this line, and so after the checkpoint, which flushes first.
    }
  }

  private static TrainingStep.Outcome outcome(JsonNode node) {
    Map<String, Double> terms = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> e : node.properties()) {
      if (!NO_TERMS.contains(e.getKey()) && !e.getKey().startsWith(Watch.PREFIX)) {
        terms.put(e.getKey(), e.getValue().asDouble(Double.NaN));
      }
    }
    return new TrainingStep.Outcome(
        terms,
        node.path("total").asDouble(Double.NaN),
        node.path("grad_norm").asDouble(Double.NaN),
        Map.of());
  }

  /** What the last logged step saw; of a resumed run with no step left, that of the earlier run. */
  TrainingStep.Outcome last() {
    return last;
  }

  /**
   * What a step is logged with besides what it saw.
   *
   * @param alpha where it moves
   * @param tokens real ones of the step's rows
   * @param seconds that the step took
   */
  record Circumstances(
      int step, int epoch, double rate, Optional<Double> alpha, long tokens, double seconds) {}

  /**
   * Writes a step.
   *
   * @param watched what was measured after it, by name
   */
  void step(Circumstances c, TrainingStep.Outcome outcome, Map<String, Double> watched) {
    last = outcome;
    ObjectNode node = mapper.createObjectNode();
    node.put("step", c.step()).put("epoch", c.epoch()).put("lr", c.rate());
    c.alpha().ifPresent(a -> node.put("alpha", a));
    node.put("total", outcome.total());
    outcome.terms().forEach(node::put);
    node.put("grad_norm", outcome.gradNorm());
    watched.forEach((name, value) -> node.put(Watch.PREFIX + name, value));
    node.put("tokens_per_second", c.tokens() / c.seconds()).put("seconds", c.seconds());
    try {
      out.write(node.toString());
      out.newLine();
      out.flush(); // somebody may be following the run
      Map<String, Double> scalars = new LinkedHashMap<>();
      node.properties().forEach(e -> scalars.put(e.getKey(), e.getValue().asDouble()));
      scalars.keySet().removeAll(List.of("step", "epoch"));
      events.step(c.step(), scalars);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try {
      events.close();
      out.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
