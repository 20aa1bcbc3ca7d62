package org.unlearn4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToIntFunction;

/**
 * How much a process grew in the second half of a soak: the first half is for caches, compiled code
 * and what allocators keep.
 *
 * @param resident a straight line through the second half, by least squares: its rise from end to
 *     end as a share of its height at the beginning
 * @param files most open files in the last quarter less the most in the quarter before
 * @param threads the same of threads
 */
record SoakGrowth(int rounds, double resident, int files, int threads) {
  private static final double MOST = 0.02;

  static SoakGrowth of(List<SoakSample> samples) {
    List<SoakSample> half = samples.subList(samples.size() / 2, samples.size());
    return new SoakGrowth(
        samples.size(),
        rise(half.stream().mapToDouble(SoakSample::resident).toArray()),
        more(half, SoakSample::files),
        more(half, SoakSample::threads));
  }

  static double rise(double[] y) {
    if (y.length < 2) {
      return Double.NaN;
    }
    double middle = (y.length - 1) / 2.0;
    double mean = 0;
    for (double value : y) {
      mean += value / y.length;
    }
    double above = 0;
    double below = 0;
    for (int i = 0; i < y.length; i++) {
      above += (i - middle) * (y[i] - mean);
      below += (i - middle) * (i - middle);
    }
    double slope = above / below;
    return slope * (y.length - 1) / (mean - slope * middle);
  }

  private static int more(List<SoakSample> half, ToIntFunction<SoakSample> what) {
    int middle = half.size() / 2;
    return most(half.subList(middle, half.size()), what) - most(half.subList(0, middle), what);
  }

  private static int most(List<SoakSample> samples, ToIntFunction<SoakSample> what) {
    return samples.stream().mapToInt(what).max().orElse(0);
  }

  /** What grew that must not; a number that is none is a breach too. */
  List<String> breaches() {
    List<String> breaches = new ArrayList<>();
    if (!(resident < MOST)) {
      breaches.add("resident memory");
    }
    if (files > 0) {
      breaches.add("open files");
    }
    if (threads > 0) {
      breaches.add("threads");
    }
    return breaches;
  }

  void write(ObjectNode node) {
    node.put("resident_growth", Double.isFinite(resident) ? resident : null);
    node.put("files_growth", files).put("threads_growth", threads);
    breaches().forEach(node.putArray("breaches")::add);
  }

  String sentence() {
    return String.format(
        Locale.ROOT,
        "%d rounds; in the second half resident memory grew by %.2f %%, open files by %d, threads"
            + " by %d: %s",
        rounds,
        100 * resident,
        files,
        threads,
        breaches().isEmpty() ? "pass" : "fail (" + String.join(", ", breaches()) + ")");
  }
}
