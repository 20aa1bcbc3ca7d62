package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.lm.TokenRow;

/** What relearning teaches. */
class RelearnRowsTest {
  private static final Path TOKENIZER = Path.of("src/test/resources/fable-tokenizer");

  @TempDir Path temp;

  private static Lesson lesson(int... ids) {
    int[] labels = ids.clone();
    labels[0] = TokenRow.IGNORED;
    return new Lesson(List.of(new TokenRow(ids, labels)), Optional.empty());
  }

  /**
   * All have token 1, which therefore counts for nothing; a and b share 7 with what is forgotten, c
   * shares nothing. b has four other tokens as rare: it is long, not near.
   */
  @Test
  void theNearestShareRareTokens() {
    Lesson a = lesson(1, 7, 20);
    Lesson b = lesson(1, 7, 30, 31, 32, 33);
    Lesson c = lesson(1, 40, 41);
    List<Lesson> forgotten = List.of(lesson(1, 7, 50), lesson(1, 60, 61));
    assertEquals(List.of(a), RelearnRows.nearest(List.of(c, b, a), forgotten, 1));
    assertEquals(List.of(b, a), RelearnRows.nearest(List.of(c, b, a), forgotten, 2));
    // By hand: a is 0.22 from one of them; c is 0.17 from each of nine more, so that whoever takes
    // means over all takes c.
    List<Lesson> many = new ArrayList<>(forgotten);
    for (int i = 100; i < 190; i += 10) {
      many.add(lesson(1, 40, i, i + 1, i + 2, i + 3, i + 4, i + 5, i + 6, i + 7));
    }
    assertEquals(List.of(a), RelearnRows.nearest(List.of(c, b, a), many, 1));
  }

  private RelearnRows rows(String benchmark, String... sets) throws IOException {
    List<String> all =
        new ArrayList<>(List.of("data.benchmark=" + benchmark, "data.max_length=64"));
    all.addAll(List.of(sets));
    Pipeline pipeline = Pipeline.defaults("NPO", all);
    try (TaskData data = new TaskData(pipeline, TOKENIZER, 128)) {
      return RelearnRows.of(pipeline.relearn().orElseThrow(), data);
    }
  }

  /** A smaller share is a part of a larger one, and of the arm of that share nothing is new. */
  @Test
  void sharesAreNested() throws IOException {
    RelearnRows rows =
        rows(
            "fable",
            "relearn.share=0.25",
            "relearn.shares=[0.05, 0.25, 1]",
            "relearn.teach=[forget, related, unrelated]");
    Map<Double, List<Lesson>> shares = rows.shares();
    int all = rows.forget().size();
    assertEquals(Math.round(0.05 * all), shares.get(0.05).size());
    assertTrue(shares.get(0.25).containsAll(shares.get(0.05)));
    assertEquals(rows.taught(), shares.get(0.25));
    assertEquals(rows.arms().get("forget"), RelearnRows.rows(shares.get(0.25)));
    assertEquals(List.of(), rows.others(shares.get(1.0)));
    assertEquals(all - shares.get(0.05).size(), rows.others(shares.get(0.05)).size());
    assertEquals(
        List.of("forget", "retain", "related", "unrelated"), List.copyOf(rows.arms().keySet()));
    List<TokenRow> forgotten = RelearnRows.rows(rows.forget());
    for (String arm : List.of("retain", "related", "unrelated")) {
      List<TokenRow> taught = rows.arms().get(arm);
      assertTrue(taught.size() > 1 && taught.size() <= rows.taught().size(), arm);
      assertTrue(taught.stream().noneMatch(forgotten::contains), arm);
    }
  }

  @Test
  void ownDataHaveNoFacts() throws IOException {
    for (String name : List.of("private", "public")) {
      Files.writeString(
          temp.resolve(name + ".jsonl"),
          "{\"question\": \"Who is " + name + "?\", \"answer\": \"A writer.\"}\n");
    }
    UserException e =
        assertThrows(
            UserException.class,
            () ->
                rows(
                    "jsonl",
                    "data.path=" + temp,
                    "data.forget=private",
                    "data.retain=public",
                    "relearn.teach=[unrelated]"));
    assertTrue(e.getMessage().startsWith("relearn.teach: found unrelated"), e.getMessage());
  }
}
