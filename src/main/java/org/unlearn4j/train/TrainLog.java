package org.unlearn4j.train;

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
import java.util.List;
import org.unlearn4j.base.AtomicFiles;

/**
 * {@code train.jsonl}: one JSON object a step. A resumed run first drops the lines of steps that
 * were not in the checkpoint.
 */
final class TrainLog implements AutoCloseable {
  private final ObjectMapper mapper = new ObjectMapper();
  private final BufferedWriter out;

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
          if (mapper.readTree(line).path("step").asInt(Integer.MAX_VALUE) < doneSteps) {
            kept.add(line);
          }
        }
      }
      AtomicFiles.writeString(file, kept.isEmpty() ? "" : String.join("\n", kept) + "\n");
      out = Files.newBufferedWriter(file, StandardCharsets.UTF_8, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void step(
      int step, int epoch, double rate, TrainingStep.Outcome outcome, double tokensPerSecond) {
    ObjectNode node = mapper.createObjectNode();
    node.put("step", step).put("epoch", epoch).put("lr", rate).put("total", outcome.total());
    outcome.terms().forEach(node::put);
    node.put("grad_norm", outcome.gradNorm()).put("tokens_per_second", tokensPerSecond);
    try {
      out.write(node.toString());
      out.newLine();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Puts what was logged on the disk, before a checkpoint says that it happened. */
  void flush() {
    try {
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try {
      out.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
