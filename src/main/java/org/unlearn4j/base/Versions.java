package org.unlearn4j.base;

import java.util.Optional;

/** Which versions run. */
public final class Versions {
  private Versions() {}

  /** Of this program, from the jar; {@code development} where it runs from classes. */
  public static String unlearn4j() {
    return ofPackage(Versions.class).orElse("development");
  }

  /** What the jar's manifest says of the package of {@code type}. */
  public static Optional<String> ofPackage(Class<?> type) {
    return Optional.ofNullable(type.getPackage().getImplementationVersion());
  }
}
