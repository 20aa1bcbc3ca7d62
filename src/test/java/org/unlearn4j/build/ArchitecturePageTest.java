package org.unlearn4j.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The picture of the rooms, and what each room's page says, are those of {@link RoomsTest}. */
class ArchitecturePageTest {
  private static final Path PICTURE = Path.of("docs/images/rooms.svg");
  private static final Path PAGE = Path.of("docs/explanation/architecture.md");
  private static final String TENSORFLOW = "#ece4f5";
  private static final String ONNX = "#e2eef6";

  private static String drawn(Map<String, Set<String>> rooms) {
    Map<String, String> colours = new TreeMap<>();
    RoomsTest.MAY_USE.get("ai.onnxruntime").forEach(r -> colours.put(r, ONNX));
    RoomsTest.MAY_USE.get("org.tensorflow").forEach(r -> colours.put(r, TENSORFLOW));
    return new RoomsPicture(rooms)
        .svg(colours, Map.of("may use TensorFlow", TENSORFLOW, "may use ONNX Runtime", ONNX));
  }

  @Test
  void thePictureIsTheTables() throws IOException {
    String drawn = drawn(RoomsTest.MAY_IMPORT);
    if (!Files.exists(PICTURE) || !Files.readString(PICTURE).equals(drawn)) {
      Path ready = Files.writeString(Path.of("target/rooms.svg"), drawn);
      fail("cp " + ready + " " + PICTURE);
    }
    Map<String, Set<String>> other = new TreeMap<>(RoomsTest.MAY_IMPORT);
    other.put("lm", Set.of("base", "weights"));
    assertNotEquals(drawn, drawn(other), "another arrow is seen");
  }

  @Test
  void thePageNamesEveryRoom() {
    Set<String> named =
        Page.read(PAGE)
            .prose()
            .lines()
            .filter(l -> l.startsWith("| `"))
            .map(l -> l.split("`", -1)[1])
            .collect(Collectors.toCollection(TreeSet::new));
    assertEquals(new TreeSet<>(RoomsTest.MAY_IMPORT.keySet()), named);
  }

  /** A room's page ends with the rooms that it may know. */
  @Test
  void everyRoomSaysWhomItMayKnow() throws IOException {
    Map<String, Set<String>> said = new TreeMap<>();
    for (String room : RoomsTest.MAY_IMPORT.keySet()) {
      said.put(room, known(room, Path.of("src/main/java/org/unlearn4j", room)));
    }
    assertEquals(
        new TreeMap<>(
            RoomsTest.MAY_IMPORT.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, e -> new TreeSet<>(e.getValue())))),
        said);
  }

  private static Set<String> known(String room, Path folder) throws IOException {
    String text =
        Files.readString(folder.resolve("package-info.java")).replaceAll("\\s*\n ?\\*?\\s*", " ");
    int begin = text.indexOf("May know ");
    String sentence = begin < 0 ? "" : text.substring(begin, text.indexOf('.', begin));
    Set<String> named =
        Pattern.compile("\\{@code (\\w+)}")
            .matcher(sentence)
            .results()
            .map(m -> m.group(1))
            .collect(Collectors.toCollection(TreeSet::new));
    if (!sentence.startsWith("May know every room")) {
      return named;
    }
    Set<String> all = new TreeSet<>(RoomsTest.MAY_IMPORT.keySet());
    all.remove(room);
    all.removeAll(named);
    return all;
  }
}
