package org.unlearn4j.base;

/** What is told only where {@code --verbose} was given. */
public final class Verbose {
  private static final String PROPERTY = "unlearn4j.verbose";

  private Verbose() {}

  /** From now on tells. */
  public static void on() {
    System.setProperty(PROPERTY, "true");
  }

  /** One line on the error stream. */
  public static void line(String text) {
    if (Boolean.getBoolean(PROPERTY)) {
      System.err.println(text);
    }
  }
}
