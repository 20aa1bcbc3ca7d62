package org.unlearn4j.study;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.unlearn4j.base.MachineException;

/** How long a training step took. */
final class StepTime {
  private static final ObjectMapper JSON = new ObjectMapper();

  private StepTime() {}

  /**
   * Seconds that the fastest tenth of the steps in a training log stayed within: the loop alone,
   * without start, checkpoints and evaluation. A median would tell what else ran on the machine.
   */
  static double undisturbed(Path log) {
    if (!Files.isRegularFile(log)) {
      return Double.NaN;
    }
    try (Stream<String> lines = Files.lines(log)) {
      double[] sorted = lines.flatMapToDouble(StepTime::seconds).sorted().toArray();
      return sorted.length == 0 ? Double.NaN : sorted[(sorted.length - 1) / 10];
    } catch (IOException e) {
      throw new MachineException(log + ": could not be read.", e);
    }
  }

  private static DoubleStream seconds(String line) {
    try {
      double seconds = JSON.readTree(line).path("seconds").asDouble(Double.NaN);
      return Double.isNaN(seconds) ? DoubleStream.empty() : DoubleStream.of(seconds);
    } catch (JsonProcessingException e) {
      return DoubleStream.empty(); // cut off by a kill; the step was done again
    }
  }
}
