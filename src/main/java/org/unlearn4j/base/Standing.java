package org.unlearn4j.base;

import java.nio.file.Path;
import java.util.Optional;

/**
 * How good something is that shall be near a goal and keep enough: what keeps enough comes first
 * and then the nearer; of what does not keep enough, the one that keeps more. (The order of Deb
 * 2000, "An efficient constraint handling method for genetic algorithms", for one constraint.)
 *
 * @param distance from the goal, at least 0
 * @param kept as large as possible
 * @param enough what {@code kept} must reach
 */
public record Standing(double distance, double kept, double enough) {

  /**
   * How the state that {@code unlearn.choose} delivered stood, by the record of a model.
   *
   * @param model folder with {@link ModelFiles#UNLEARNING}
   * @return empty if nothing measured was a number
   */
  public static Optional<Standing> ofChosen(Path model, double enough) {
    JsonInput chosen =
        JsonInput.read(model.resolve(ModelFiles.UNLEARNING), ModelFiles.UNLEARNING)
            .get("tuning")
            .get("chosen");
    return chosen.present()
        ? Optional.of(
            new Standing(chosen.get("distance").number(), chosen.get("utility").number(), enough))
        : Optional.empty();
  }

  /** Whether it keeps enough. */
  public boolean within() {
    return kept >= enough;
  }

  /** Whether it comes before another one; of two that are equal neither does. NaN never does. */
  public boolean better(Standing other) {
    if (Double.isNaN(distance) || Double.isNaN(kept)) {
      return false;
    }
    if (within() != other.within()) {
      return within();
    }
    if (!within()) {
      return kept > other.kept;
    }
    return distance < other.distance || (distance == other.distance && kept > other.kept);
  }
}
