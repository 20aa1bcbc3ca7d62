package org.unlearn4j.train;

import org.unlearn4j.config.LoopSettings;

/**
 * The learning rate over a run: linear warm-up from 0, then constant, linear to 0, or half a cosine
 * to 0.
 *
 * @param warmup steps
 * @param total steps of the run
 */
record Schedule(LoopSettings.Schedule form, double peak, int warmup, int total) {

  static Schedule of(LoopSettings loop, int stepsPerEpoch) {
    int total = loop.epochs() * stepsPerEpoch;
    int warmup = (int) Math.round(loop.warmupEpochs() * stepsPerEpoch);
    return new Schedule(loop.schedule(), loop.learningRate(), Math.min(warmup, total), total);
  }

  /**
   * The rate of one step.
   *
   * @param step counted from 0
   */
  double rate(int step) {
    if (step < warmup) {
      return peak * step / warmup;
    }
    double left = (double) (total - step) / Math.max(1, total - warmup);
    return peak
        * switch (form) {
          case CONSTANT -> 1;
          case LINEAR -> left;
          case COSINE -> (1 - Math.cos(Math.PI * left)) / 2;
        };
  }
}
