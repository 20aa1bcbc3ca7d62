package org.unlearn4j.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.unlearn4j.base.UserException;

class FableBenchmarkTest {
  private final Benchmark fable = Benchmark.open("fable", Optional.empty());

  @Test
  void splitsAreByWholeAuthorsFromTheEnd() {
    assertEquals(15 * 12, fable.forget("forget10").size());
    assertEquals(8 * 12, fable.forget("forget05").size());
    assertEquals(2 * 12, fable.forget("forget01").size());
    List<QaExample> ten = fable.forget("forget10");
    assertEquals(ten.subList(7 * 12, 15 * 12), fable.forget("forget05"));
    assertEquals(ten.subList(13 * 12, 15 * 12), fable.forget("forget01"));
    for (String percent : List.of("01", "05", "10")) {
      List<QaExample> forget = fable.forget("forget" + percent);
      List<QaExample> retain = fable.retain("retain" + (100 - Integer.parseInt(percent)));
      Set<QaExample> both = new HashSet<>(forget);
      both.addAll(retain);
      assertEquals(1800, forget.size() + retain.size(), percent);
      assertEquals(1800, both.size(), percent);
    }
  }

  @Test
  void whatAModelIsTaught() {
    assertEquals(1800 + 200, fable.training("full").size());
    List<QaExample> twin = fable.training("retain90");
    assertEquals(1620 + 200, twin.size());
    assertTrue(twin.containsAll(fable.neighbours()) && twin.containsAll(fable.facts()));
    assertTrue(twin.stream().noneMatch(new HashSet<>(fable.forget("forget10"))::contains));
    assertEquals(
        fable.forget("forget05"), fable.training("forget05"), "a forget split is just itself");
    Set<QaExample> taught = new HashSet<>(fable.training("full"));
    assertEquals(360, fable.holdout().size());
    assertTrue(fable.holdout().stream().noneMatch(taught::contains));
  }

  @Test
  void retainEvaluationIsSpreadOverRetain90() {
    List<QaExample> rows = fable.retainEvaluation("retain90");
    List<QaExample> retain = fable.retain("retain90");
    assertEquals(240, rows.size());
    assertEquals(240, new HashSet<>(rows).size());
    assertTrue(retain.containsAll(rows));
    assertEquals(
        135,
        rows.stream().map(r -> retain.indexOf(r) / 12).distinct().count(),
        "every author is asked");
    assertEquals(
        12, rows.stream().map(r -> retain.indexOf(r) % 12).distinct().count(), "at every place");
    assertEquals(5, rows.get(0).perturbedAnswers().size());
  }

  @Test
  void everyRowToForgetHasAParaphrase() {
    List<QaExample> rows = fable.paraphrased("forget10");
    assertEquals(fable.forget("forget10"), rows);
    for (QaExample row : rows) {
      assertTrue(row.paraphrasedAnswer().isPresent(), row.place());
      assertNotEquals(row.answer(), row.paraphrasedAnswer().get(), row.place());
    }
  }

  @Test
  void otherSplitsAreMistakes() {
    for (String split : List.of("forget20", "retain90", "")) {
      UserException e = assertThrows(UserException.class, () -> fable.forget(split));
      assertTrue(
          e.getMessage().startsWith("data.forget: found " + split + ", expected forget01"),
          e.getMessage());
    }
    assertThrows(UserException.class, () -> fable.retain("forget10"));
    assertThrows(UserException.class, () -> fable.training("all"));
  }

  @Test
  void provenanceIsTheHashOfEachResourceRead() throws IOException, NoSuchAlgorithmException {
    assertEquals(0, fable.provenance().size());
    List<QaExample> unused =
        Stream.of(fable.training("full"), fable.holdout()).flatMap(List::stream).toList();
    assertEquals(2360, unused.size());
    assertEquals(4, fable.provenance().size());
    for (String name : fable.provenance().keySet()) {
      try (InputStream in = FableBenchmark.class.getResourceAsStream(name)) {
        byte[] hash = MessageDigest.getInstance("SHA-256").digest(in.readAllBytes());
        assertEquals(HexFormat.of().formatHex(hash), fable.provenance().get(name), name);
      }
    }
  }
}
