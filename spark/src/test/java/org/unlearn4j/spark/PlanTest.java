package org.unlearn4j.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Command lines, and what units and the driver make of them. */
class PlanTest {
  private static Plan plan(String line) {
    return Plan.parse(("--units 2 --home /h " + line).split(" ", -1));
  }

  @Test
  void anEvaluationIsMergedAndTheOthersRunAgain() {
    assertEquals(List.of("evaluate", "--shard", "2/2"), plan("evaluate").unit(1));
    assertEquals(List.of("evaluate", "--merge", "2"), plan("evaluate").whole());
    for (String command : List.of("study", "sweep")) {
      assertEquals(List.of(command, "--shard", "1/2"), plan(command).unit(0));
      assertEquals(List.of(command), plan(command).whole());
    }
  }

  /** Parts of a sweep wait for each other's runs, which a copy of the project does not show. */
  @ParameterizedTest
  @ValueSource(strings = {"hdfs://host/p", "s3a://bucket/p"})
  void aSweepNeedsAFolderThatAllSee(String project) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> plan("--project " + project + " sweep"));
    assertTrue(e.getMessage().contains("found a sweep of " + project), e.getMessage());
    assertEquals(project, plan("--project " + project + " study").project());
    assertEquals("file:/p", plan("--project file:/p sweep").project());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "train", "evaluate --shard 1/2", "study --plan", "--what x study"})
  void whatIsNoPlanIsToldInASentence(String line) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> plan(line.strip()));
    assertTrue(e.getMessage().endsWith("evaluate|study|sweep OPTIONS."), e.getMessage());
  }
}
