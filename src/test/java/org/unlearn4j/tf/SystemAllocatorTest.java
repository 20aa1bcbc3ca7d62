package org.unlearn4j.tf;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Objects;
import org.junit.jupiter.api.Test;

class SystemAllocatorTest {
  /** TensorFlow reads it with getenv, which Java's copy of the environment says nothing of. */
  @Test
  void nativeLibrariesSeeTheVariable() {
    String callers = System.getenv(SystemAllocator.VARIABLE);
    SystemAllocator.use();
    assertEquals(Objects.requireNonNullElse(callers, "1"), SystemAllocator.value());
  }
}
