package org.unlearn4j.base;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProcessorTest {
  private static Processor with(String flags) {
    return new Processor(
        List.of("processor\t: 0", "model name\t: Some: CPU @ 2 GHz", "flags\t\t: " + flags));
  }

  @Test
  void hasTheNameThatTheSystemTells() {
    assertEquals("Some: CPU @ 2 GHz", with("fpu").name());
    assertEquals(System.getProperty("os.arch"), new Processor(List.of()).name());
  }

  /** The flags are whole words: avx512fp16 alone is not avx512f. */
  @ParameterizedTest
  @CsvSource({
    "fpu avx2 avx512f, true",
    "fpu avx2 avx_ne_convert, true",
    "fpu avx avx2, false",
    "fpu avx512fp16, false"
  })
  void multipliesBfloat16WithTheInstructionsForIt(String flags, boolean does) {
    assertEquals(does, with(flags).multipliesBrain());
  }

  @Test
  void multipliesNoBfloat16WhereTheSystemTellsNothing() {
    assertFalse(new Processor(List.of()).multipliesBrain());
    assertTrue(Processor.own().name().length() > 1, Processor.own().name());
  }
}
