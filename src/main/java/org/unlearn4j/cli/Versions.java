package org.unlearn4j.cli;

import java.util.Optional;

/** Which versions run. */
final class Versions {
  private Versions() {}

  /** Of this program, from the jar; {@code development} where it runs from classes. */
  static String unlearn4j() {
    return ofPackage(Versions.class).orElse("development");
  }

  /** What the jar's manifest says of the package of {@code type}. */
  static Optional<String> ofPackage(Class<?> type) {
    return Optional.ofNullable(type.getPackage().getImplementationVersion());
  }
}
