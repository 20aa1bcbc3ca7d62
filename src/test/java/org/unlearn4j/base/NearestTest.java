package org.unlearn4j.base;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class NearestTest {
  private static final List<String> KNOWN = List.of("epochs", "batch_size", "NPO", "seed");

  @Test
  void findsASlipOfTheKeyboard() {
    assertEquals(
        Optional.of("epochs"), Nearest.to("epcohs", KNOWN)); // swapped neighbours: one slip
    assertEquals(Optional.of("batch_size"), Nearest.to("batchsize", KNOWN));
    assertEquals(Optional.of("NPO"), Nearest.to("npo", KNOWN));
    assertEquals(" (did you mean seed?)", Nearest.hint("sed", KNOWN));
  }

  @Test
  void doesNotGuessWhereNothingIsNear() {
    assertEquals(Optional.empty(), Nearest.to("temperature", KNOWN));
    assertEquals("", Nearest.hint("xyz", KNOWN));
  }
}
