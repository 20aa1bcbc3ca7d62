package org.unlearn4j.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.unlearn4j.config.TuningSettings;
import org.unlearn4j.eval.Metric;
import org.unlearn4j.eval.MetricInfo;
import org.unlearn4j.eval.SetMetric;
import org.unlearn4j.ledger.History;
import org.unlearn4j.train.Judge;

/** A metric is spelled in one place; who wants one names its constant. */
class MetricNamesTest {
  private static final Path MAIN = Path.of("src/main/java/org/unlearn4j");
  private static final Pattern LITERAL = Pattern.compile("\"([a-z][a-z_0-9]*)\"");

  /** The same words for something else, by file. */
  private static final Map<String, Set<String>> OTHER_THINGS =
      Map.of(
          "config/LoopSettings.java", Set.of("cosine"), // a schedule of the learning rate
          "config/TuningSettings.java",
              Set.of("forget_prob"), // of tuning rows; held to the metric below
          "data/MuseFiles.java", Set.of("privleak", "verbmem"), // names of MUSE's files
          "eval/EvaluationJson.java", Set.of("entanglement"), // the block of all such measures
          "ledger/History.java",
              Set.of("forget_prob"), // a key of records; held to the metric below
          "run/UnlearnStage.java", Set.of("forget_prob"), // of training rows, before and after
          "train/Judge.java", Set.of("retain_prob")); // of watched rows; held to the metric below

  @Test
  void aNameIsSpelledInOneHome() throws IOException {
    Set<String> names = Arrays.stream(Metric.values()).map(Metric::key).collect(Collectors.toSet());
    assertEquals(OTHER_THINGS, new TreeMap<>(spelled(names)));
  }

  /** The room of records knows no metrics. */
  @Test
  void recordsAreHeldByTheMetric() {
    assertEquals(Metric.FORGET_PROB.key(), History.HELD_BY);
  }

  /** Nor do the rules that end training. */
  @Test
  void rulesAreAboutTheMetrics() {
    assertEquals(Metric.FORGET_PROB.key(), TuningSettings.Watched.FORGET_PROB.spelling());
    assertEquals(SetMetric.PROB.of("retain"), Judge.UTILITY);
  }

  /** It can fail: another word, which is spelled in several places, is found in them. */
  @Test
  void aSpellingIsSeen() throws IOException {
    assertTrue(spelled(Set.of("verdict")).size() > 1);
  }

  /** What a metric is called in the file of an evaluation never changes with a constant's name. */
  @Test
  void namesAreThoseOfFilesThatAreThere() {
    assertEquals("fluency_distinct_1", Metric.FLUENCY_DISTINCT_1.key());
    assertEquals("mia_loss_auc_relative", Metric.MIA_LOSS_AUC_RELATIVE.key());
    assertEquals("forget_truth_ratio_arithmetic", SetMetric.TRUTH_RATIO_ARITHMETIC.of("forget"));
    assertEquals(Metric.FORGET_PROB.key(), SetMetric.PROB.of("forget"));
    assertEquals(Metric.WMDP_ACCURACY.key(), SetMetric.ACCURACY.of(SetMetric.HAZARDOUS));
  }

  @Test
  void everyMetricSaysWhatItIs() {
    for (Metric metric : Metric.values()) {
      MetricInfo info = MetricInfo.of(metric.key()).orElseThrow();
      assertEquals(metric.info(), info);
      assertTrue(info.low() < info.high() && !info.meaning().isBlank(), metric.key());
      boolean judged = metric.judged() != Metric.Judged.NO;
      assertTrue(
          !judged || info.direction() != MetricInfo.Direction.NONE,
          metric + " is judged, and nobody says which way is better");
    }
  }

  /** The names that main sources spell as literals outside their home, by file. */
  private static Map<String, Set<String>> spelled(Set<String> names) throws IOException {
    Map<String, Set<String>> found = new TreeMap<>();
    try (Stream<Path> walk = Files.walk(MAIN)) {
      for (Path file : walk.filter(p -> p.toString().endsWith(".java")).toList()) {
        Matcher m = LITERAL.matcher(Files.readString(file));
        while (m.find()) {
          if (names.contains(m.group(1))) {
            found
                .computeIfAbsent(MAIN.relativize(file).toString(), f -> new TreeSet<>())
                .add(m.group(1));
          }
        }
      }
    }
    return found;
  }
}
