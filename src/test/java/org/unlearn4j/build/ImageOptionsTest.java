package org.unlearn4j.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * The image starts Java without the launcher, which it has no shell for, and as the launcher does.
 */
class ImageOptionsTest {
  /** Options without a value that the launcher works out at a start. */
  private static final Pattern OPTION =
      Pattern.compile(
          "(?m)(?:^ +|\")(-(?:XX:|X|D|-enable)[A-Za-z0-9_.:+-]+(?:=[A-Za-z0-9.-]+)?)(?= \\\\$|\")");

  private static final Pattern VARIABLE =
      Pattern.compile(
          "(TF_CPP_MIN_LOG_LEVEL|OPT_OUT_TRACKING|ORT_DISABLE_TELEMETRY|GLIBC_TUNABLES)=");

  private static Set<String> all(Pattern pattern, Path file) throws IOException {
    Set<String> all = new TreeSet<>();
    Matcher matcher = pattern.matcher(Files.readString(file));
    while (matcher.find()) {
      all.add(matcher.group(1));
    }
    return all;
  }

  @Test
  void areTheLaunchers() throws IOException {
    Path launcher = Path.of("src/main/dist/bin/unlearn4j");
    Set<String> image = all(OPTION, Path.of("pipeline/image.sh"));
    assertTrue(image.contains("-XX:+UseSerialGC"), image.toString());
    assertEquals(all(OPTION, launcher), image);
    assertEquals(all(VARIABLE, launcher), all(VARIABLE, Path.of("pipeline/image.sh")));
  }
}
