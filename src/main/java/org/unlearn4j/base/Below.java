package org.unlearn4j.base;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/** Names of files that a record of somebody else gives. */
public final class Below {
  private Below() {}

  /**
   * The path of a name in a folder or in one below it.
   *
   * @return empty if it would be elsewhere, the folder itself, or no path at all
   */
  public static Optional<Path> of(Path folder, String name) {
    try {
      Path inside = Path.of(name).normalize();
      boolean leaves = inside.isAbsolute() || inside.startsWith("..");
      return leaves || inside.toString().isEmpty()
          ? Optional.empty()
          : Optional.of(folder.resolve(inside));
    } catch (InvalidPathException e) {
      return Optional.empty(); // a NUL, for instance
    }
  }
}
