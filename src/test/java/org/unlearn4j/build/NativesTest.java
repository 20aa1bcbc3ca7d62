package org.unlearn4j.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** One build of each runtime's native library on a class path: that of the CPU or that of CUDA. */
class NativesTest {
  private static final String POM = read(Path.of("pom.xml"));

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static List<String> all(String regex, String text) {
    return Pattern.compile(regex, Pattern.DOTALL)
        .matcher(text)
        .results()
        .map(m -> m.group(1))
        .toList();
  }

  private static String profile(String id) {
    Matcher m =
        Pattern.compile(
                "<profile>((?!</profile>).)*<id>" + id + "</id>.*?</profile>", Pattern.DOTALL)
            .matcher(POM);
    assertTrue(m.find(), id);
    return m.group();
  }

  /** The natives are one dependency each, whose build is a property; -Pgpu sets both properties. */
  @Test
  void theProfileSwapsWhatTheDependenciesName() {
    String dependencies =
        POM.substring(POM.indexOf("</dependencyManagement>"), POM.indexOf("<build>"));
    assertEquals(
        List.of("${tensorflow.native.classifier}"),
        all("<classifier>(.*?)</classifier>", dependencies));
    assertEquals(
        List.of("${onnxruntime.artifact}"),
        all("<artifactId>([^<]*onnxruntime[^<]*)</artifactId>", dependencies));
    String gpu = profile("gpu");
    assertTrue(gpu.contains("<tensorflow.native.classifier>linux-x86_64-gpu<"), gpu);
    assertTrue(gpu.contains("<onnxruntime.artifact>onnxruntime_gpu<"), gpu);
    assertEquals(List.of(), all("<dependency>(.*?)</dependency>", gpu), "it adds none");
  }

  /** What lies in the dist folder, where there is one. */
  @Test
  void aDistFolderHoldsOneOfEach() throws IOException {
    Path lib = Path.of("target/dist/lib");
    if (Files.isDirectory(lib)) {
      try (Stream<Path> files = Files.list(lib)) {
        List<String> names = files.map(f -> String.valueOf(f.getFileName())).toList();
        assertOne("tensorflow-core-native-[0-9.]+-[a-z].*", names);
        assertOne("onnxruntime(_gpu)?-.*", names);
      }
    }
    assertOne("onnxruntime(_gpu)?-.*", classPath());
    assertOne("tensorflow-core-native-[0-9.]+-[a-z].*", classPath());
  }

  private static List<String> classPath() {
    return Stream.of(System.getProperty("java.class.path").split(java.io.File.pathSeparator, -1))
        .map(p -> p.substring(p.lastIndexOf('/') + 1))
        .toList();
  }

  private static void assertOne(String regex, List<String> names) {
    assertEquals(1, names.stream().filter(n -> n.matches(regex)).count(), regex + " in " + names);
  }
}
