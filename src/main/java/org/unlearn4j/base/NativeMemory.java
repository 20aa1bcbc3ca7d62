package org.unlearn4j.base;

import java.util.List;
import java.util.Locale;

/** How native libraries say that there was no memory. */
public final class NativeMemory {
  private static final List<String> WORDS =
      List.of("allocate memory", "bad_alloc", "bad allocation", "out of memory", "oom when");

  private NativeMemory() {}

  /** Whether a library's message means so. */
  public static boolean lacked(String message) {
    String words = String.valueOf(message).toLowerCase(Locale.ROOT);
    return WORDS.stream().anyMatch(words::contains);
  }
}
