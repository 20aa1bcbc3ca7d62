package org.unlearn4j.job;

import java.io.File;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What stages take of memory, about, from the size of the weights on the disk: enough to decide
 * whether one may begin beside another. The plan that a training is held against is exact, and made
 * by the stage itself.
 */
public final class Needs {
  /** Runtimes, rows and activations. */
  private static final long BASE = 1L << 30;

  /** Weights, gradient, two moments, and a frozen twin, in float32 of weights of 16 bits. */
  private static final int TRAINING = 10;

  /** In float32 of weights of 16 bits, and once more where a session is made. */
  private static final int MEASURING = 4;

  private Needs() {}

  static long ofTraining(Optional<Path> model) {
    return BASE + TRAINING * model.map(Needs::weights).orElse(0L);
  }

  /**
   * Bytes that measuring a model takes.
   *
   * @param model its folder
   * @param other weights that are there, too
   */
  public static long ofEvaluation(Path model, Optional<Path> other) {
    return BASE + MEASURING * (weights(model) + other.map(Needs::weights).orElse(0L));
  }

  static long ofExport(Path model) {
    return BASE + weights(model);
  }

  /** Bytes of the files of a folder; the other files of a model are small. */
  private static long weights(Path model) {
    File[] files = model.toFile().listFiles();
    if (files == null) {
      return model.toFile().length();
    }
    long bytes = 0;
    for (File file : files) {
      bytes += file.isDirectory() ? weights(file.toPath()) : file.length();
    }
    return bytes;
  }
}
