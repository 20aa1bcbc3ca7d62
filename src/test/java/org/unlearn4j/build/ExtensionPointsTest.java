package org.unlearn4j.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.unlearn4j.config.ObjectiveName;

/**
 * What CONTRIBUTING.md says of files to touch: whoever adds a thing touches the files that name the
 * things that are there.
 */
class ExtensionPointsTest {
  private static final Path MAIN = Path.of("src/main/java/org/unlearn4j");
  private static final Pattern NO_CODE =
      Pattern.compile("/\\*.*?\\*/|//[^\n]*|\"(?:\\\\.|[^\"\\\\\n])*\"", Pattern.DOTALL);

  /** Files whose code, without comments and texts, names one of some constants. */
  private static Set<String> naming(String... constants) throws IOException {
    Pattern names = Pattern.compile("\\b(" + String.join("|", constants) + ")\\b");
    Set<String> files = new TreeSet<>();
    try (Stream<Path> walk = Files.walk(MAIN)) {
      for (Path file : walk.filter(p -> p.toString().endsWith(".java")).toList()) {
        String code = NO_CODE.matcher(Files.readString(file)).replaceAll(" ");
        if (names.matcher(code).find()) {
          files.add(MAIN.relativize(file).toString());
        }
      }
    }
    return files;
  }

  /** Beside these its class: four. Objectives with rules of their own are named there as well. */
  @Test
  void anObjectiveIsNamedInThreeFiles() throws IOException {
    Set<ObjectiveName> ruled =
        EnumSet.of(
            ObjectiveName.GRAD_ASCENT, // has no retain loss
            ObjectiveName.DPO, // asks for pairs
            ObjectiveName.RMU, // has a control vector and a layer that must be given
            ObjectiveName.CIRCUIT_BREAKER, // has layers that must be given, and compares rows
            ObjectiveName.PDU, // has a dual variable
            ObjectiveName.NPO); // is the default of commands, and the example of listings
    Set<String> three =
        Set.of("config/ObjectiveKeys.java", "config/ObjectiveName.java", "unlearn/Objectives.java");
    for (ObjectiveName name : EnumSet.complementOf(EnumSet.copyOf(ruled))) {
      Set<String> files = naming(name.name());
      assertTrue(three.containsAll(files), name + " is named in " + files);
    }
    // It can fail: one with rules is found there.
    assertTrue(naming(ObjectiveName.PDU.name()).contains("config/Rules.java"));
  }

  /** The measure and its limit together: what measures, what is judged, by what, and which. */
  @Test
  void aGateIsNamedInFourFiles() throws IOException {
    assertEquals(
        Set.of(
            "config/VerifyLimit.java",
            "parity/NumericMeasure.java",
            "parity/LogitDifference.java",
            "parity/ParityGates.java"),
        naming("KL_P999", "KL_MAX"));
    assertEquals(
        Set.of("config/VerifyLimit.java", "parity/GateSubject.java", "parity/ParityCheck.java"),
        naming("IDENTICAL_GENERATIONS", "GENERATIONS_MIN"));
  }

  /**
   * With its formula four at most. The report names those few that it has sentences for, and the
   * study those of its picture.
   */
  @Test
  void aJudgedMetricIsNamedInThreeFiles() throws IOException {
    for (String metric : List.of("WMDP_ACCURACY", "VERBMEM_PROB", "RETAIN_PROB")) {
      Set<String> files = naming(metric);
      files.removeIf(f -> f.startsWith("report/"));
      assertTrue(files.contains("eval/Metric.java"), files.toString());
      assertTrue(files.size() <= 3, metric + " is named in " + files);
    }
  }

  /** Every file that the chapter names is there. */
  @Test
  void theChapterNamesFilesThatAreThere() throws IOException {
    String text = Files.readString(Path.of("CONTRIBUTING.md"));
    String chapter = text.substring(text.indexOf("## How to add"), text.indexOf("## Tests"));
    List<String> named =
        Pattern.compile("`([a-z]+/[A-Z][A-Za-z]+)`")
            .matcher(chapter)
            .results()
            .map(m -> m.group(1))
            .distinct()
            .toList();
    assertTrue(named.size() > 15, named.toString());
    List<String> missing =
        named.stream().filter(n -> !Files.isRegularFile(MAIN.resolve(n + ".java"))).toList();
    assertEquals(List.of(), missing);
    for (String thing :
        Arrays.asList("family", "objective", "metric", "gate", "variant", "stage", "command")) {
      assertTrue(
          Pattern.compile("- \\*\\*an? [a-z ]*" + thing + "\\*\\*").matcher(chapter).find(), thing);
    }
  }
}
