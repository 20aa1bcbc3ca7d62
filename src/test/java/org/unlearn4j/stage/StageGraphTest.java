package org.unlearn4j.stage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.base.UserException;

/** Order, goals, force, failure, side by side: stages that copy one file into another. */
class StageGraphTest implements StageGraph.Listener {
  @TempDir Path folder;
  private final List<String> ran = Collections.synchronizedList(new ArrayList<>());
  private Runnable during = () -> {};

  @BeforeEach
  void source() throws IOException {
    Files.writeString(folder.resolve("source"), "one");
  }

  /** Reads a file and those of other stages, and writes their contents. */
  private Stage stage(String name, String... after) {
    Path out = folder.resolve(name);
    List<String> reads = new ArrayList<>(List.of("source"));
    reads.addAll(Arrays.asList(after));
    return new Stage(
        name,
        List.of(after),
        out,
        (hashes, earlier) -> {
          Inputs.Builder inputs = new Inputs.Builder();
          for (String read : reads) {
            Path file = folder.resolve(read);
            inputs.content(read, Files.exists(file) ? hashes.of(file) : Inputs.ABSENT);
          }
          return inputs.build();
        },
        () -> 100L,
        () -> {
          during.run();
          StringBuilder text = new StringBuilder();
          for (String read : reads) {
            try {
              text.append(Files.readString(folder.resolve(read))).append(',');
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          }
          AtomicFiles.writeString(out, text.toString());
          return Stage.Done.wrote(List.of(out), Map.of());
        });
  }

  private StageGraph graph(Stage... stages) {
    return new StageGraph(List.of(stages), FileHashes.inMemory(), Map.of());
  }

  private List<String> run(StageGraph graph, Set<String> goals, Set<String> forced, int jobs) {
    ran.clear();
    Optional<Set<String>> wanted = goals.isEmpty() ? Optional.empty() : Optional.of(goals);
    assertTrue(graph.run(new StageGraph.Request(wanted, forced, jobs), () -> Long.MAX_VALUE, this));
    return List.copyOf(ran);
  }

  @Override
  public void begin(Stage stage, List<String> reasons) {
    ran.add(stage.name());
  }

  @Override
  public void done(Stage stage, Stage.Done done, double seconds) {}

  @Override
  public void ended(Stage stage) {}

  @Override
  public void current(Stage stage) {}

  @Override
  public void waiting(String sentence) {}

  @Test
  void whatIsNeededRunsInOrderAndOnce() {
    StageGraph graph = graph(stage("a"), stage("b", "a"), stage("c"), stage("d", "b", "c"));
    assertEquals(List.of("a", "b"), run(graph, Set.of("b"), Set.of(), 1));
    assertEquals(List.of("c", "d"), run(graph, Set.of(), Set.of(), 1));
    assertEquals(List.of(), run(graph, Set.of(), Set.of(), 1));
    assertEquals(List.of("a"), run(graph, Set.of(), Set.of("a"), 1), "as it was: nothing follows");
  }

  @Test
  void aPlanSaysWhy() throws IOException {
    StageGraph graph = graph(stage("a"), stage("b", "a"));
    StageGraph.Request all = new StageGraph.Request(Optional.empty(), Set.of(), 1);
    assertEquals(
        List.of("a does not exist yet", "b does not exist yet"),
        graph.plan(all).stream().map(p -> p.reasons().get(0)).toList());
    run(graph, Set.of(), Set.of(), 1);
    assertEquals(StageGraph.Decision.CURRENT, graph.plan(all).get(1).decision());
    AtomicFiles.writeString(folder.resolve("a"), "mine");
    List<StageGraph.Planned> plan = graph.plan(all);
    assertEquals(List.of("a was changed after it was written"), plan.get(0).reasons());
    assertEquals(List.of("a changed"), plan.get(1).reasons());
    Files.writeString(folder.resolve("source"), "two");
    assertEquals("source changed", graph.plan(all).get(0).reasons().get(0));
    assertTrue(graph.plan(all).get(0).seconds() >= 0, "how long it took");
  }

  @Test
  void independentStagesRunSideBySideWhereThereIsMemory() {
    CyclicBarrier both = new CyclicBarrier(2);
    during =
        () -> {
          try {
            int ignored = both.await(20, TimeUnit.SECONDS);
          } catch (Exception e) {
            throw new IllegalStateException("nobody came", e);
          }
        };
    assertEquals(2, run(graph(stage("a"), stage("b")), Set.of(), Set.of(), 2).size());
    // Where there is none, one after the other: nobody comes to the barrier.
    StageGraph narrow = graph(stage("c"), stage("d"));
    int[] most = {0};
    int[] now = {0};
    during =
        () -> {
          synchronized (most) {
            most[0] = Math.max(most[0], ++now[0]);
          }
          sleep();
          synchronized (most) {
            now[0]--;
          }
        };
    StageGraph.Request request = new StageGraph.Request(Optional.empty(), Set.of(), 2);
    assertTrue(narrow.run(request, () -> 99, this));
    assertEquals(1, most[0], "99 bytes are not the 100 that a second one takes");
  }

  private static void sleep() {
    try {
      Thread.sleep(50);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void whatFailsIsToldWhenTheOthersHaveEnded() {
    Stage bad =
        new Stage(
            "bad",
            List.of(),
            folder.resolve("bad"),
            (hashes, earlier) -> new Inputs.Builder().build(),
            () -> 0L,
            () -> {
              throw new UserException("a: found b, expected c.");
            });
    StageGraph graph = graph(bad, stage("good"), stage("after", "bad"));
    StageGraph.Request request = new StageGraph.Request(Optional.empty(), Set.of(), 2);
    assertThrows(UserException.class, () -> graph.run(request, () -> Long.MAX_VALUE, this));
    assertTrue(Files.exists(folder.resolve("good")));
    assertFalse(Files.exists(folder.resolve("after")));
    assertFalse(Files.exists(StageRecord.file(folder.resolve("bad"))));
  }

  /** What was read must be what the record says: an input that changes meanwhile is no input. */
  @Test
  void anInputThatChangesMeanwhileIsToldAndNotRecorded() {
    during = () -> AtomicFiles.writeString(folder.resolve("source"), "two");
    StageGraph graph = graph(stage("a"));
    StageGraph.Request request = new StageGraph.Request(Optional.empty(), Set.of(), 1);
    UserException e =
        assertThrows(UserException.class, () -> graph.run(request, () -> Long.MAX_VALUE, this));
    assertTrue(e.getMessage().startsWith("a: source changed while it ran"), e.getMessage());
    assertFalse(Files.exists(StageRecord.file(folder.resolve("a"))));
    during = () -> {};
    assertEquals(List.of("a"), run(graph, Set.of(), Set.of(), 1));
  }

  @Test
  void aGateThatDoesNotHoldIsRememberedAndTheRestRuns() {
    Stage gate =
        new Stage(
            "gate",
            List.of(),
            folder.resolve("gate"),
            (hashes, earlier) -> new Inputs.Builder().build(),
            () -> 0L,
            () -> {
              AtomicFiles.writeString(folder.resolve("gate"), "fail");
              return new Stage.Done(
                  List.of("no"), false, Map.of(), List.of(folder.resolve("gate")), () -> {});
            });
    StageGraph graph = graph(gate, stage("report", "gate"));
    StageGraph.Request request = new StageGraph.Request(Optional.empty(), Set.of(), 1);
    assertFalse(graph.run(request, () -> Long.MAX_VALUE, this));
    assertEquals(List.of("gate", "report"), ran);
    ran.clear();
    assertFalse(graph.run(request, () -> Long.MAX_VALUE, this), "still failing");
    assertEquals(List.of(), ran);
  }

  @Test
  void aStageThatIsUnknownIsNamed() {
    StageGraph graph = graph(stage("a"));
    UserException e =
        assertThrows(
            UserException.class,
            () -> graph.plan(new StageGraph.Request(Optional.of(Set.of("b")), Set.of(), 1)));
    assertEquals("stage: found b, expected one of a.", e.getMessage());
  }
}
