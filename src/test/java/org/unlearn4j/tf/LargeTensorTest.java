package org.unlearn4j.tf;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.nn.Parameter;

/** A parameter of more bytes than a Java buffer can address; needs 8 GB of memory. */
@Tag("slow")
class LargeTensorTest {

  @Test
  void isFilledAndReadInPieces() {
    Parameter p = Parameter.matrix("table", 600_000, 1024);
    try (TfRuntime runtime = new TfRuntime(Computations.FP32)) {
      Variables variables = new Variables(runtime, "", List.of(p));
      variables.assign(
          (parameter, from, to) -> {
            for (long i = from; to.hasRemaining(); i++) {
              to.put((float) (i % 1009));
            }
          });
      long[] at = new long[1];
      try (Values values = variables.values()) {
        values.read(
            p,
            piece -> {
              while (piece.hasRemaining()) {
                assertEquals((float) (at[0] % 1009), piece.get(), "value " + at[0]);
                at[0]++;
              }
            });
      }
      assertEquals(p.size(), at[0]);
    }
  }
}
