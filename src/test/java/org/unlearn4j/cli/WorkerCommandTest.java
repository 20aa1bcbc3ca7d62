package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is wrong with a further process is told before it waits for anybody. */
class WorkerCommandTest {
  private static final String TWO = "model.device=[a:7000/cpu, b:7000/cpu]";
  private static final String CARDS = "model.device=[a:7000/gpu:77, b:7000/gpu:77]";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "model.device=cpu | 1 | 2 | and no processes in model.device, expected [HOST:PORT/cpu",
        TWO + " | 0 | 2 | --place: found 0, expected 1 to 1 (0 runs the training command)",
        TWO + " | 2 | 2 | --place: found 2, expected 1 to 1",
        CARDS + " | 1 | 3 | model.device: found gpu:77, expected a GPU that TensorFlow sees",
      })
  void aMistakeIsASentence(String set, String place, int code, String expected) {
    CommandRun r =
        CommandRun.of(
            "worker", "--pipeline", "pipeline/fable.yaml", "--set", set, "--place", place);
    assertEquals(code, r.code(), r.err());
    assertTrue(r.err().contains(expected), r.err());
  }

  /** The first process would choose one later. */
  @Test
  void aPrecisionIsNamed() {
    String line =
        "worker --pipeline pipeline/fable.yaml --place 1 --set model.precision=auto --set ";
    CommandRun r = CommandRun.of((line + TWO.replace(" ", "")).split(" ", -1));
    assertEquals(2, r.code(), r.err());
    assertTrue(r.err().contains("model.precision: found auto, expected fp32"), r.err());
  }
}
