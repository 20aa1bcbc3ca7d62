package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The committed listings are those of today's graphs: whoever changes the mathematics sees it in a
 * diff.
 */
class GraphListingsTest {
  private static final Path FOLDER = Path.of("graphs");

  @Test
  void committedListingsAreUpToDate() throws IOException {
    Map<String, String> listings = GraphListings.all();
    for (Map.Entry<String, String> e : listings.entrySet()) {
      assertEquals(
          Files.readString(FOLDER.resolve(e.getKey())),
          e.getValue(),
          FOLDER.resolve(e.getKey()) + " is not what the graph is now; `make graphs` rewrites it");
    }
    try (Stream<Path> files = Files.list(FOLDER)) {
      assertEquals(listings.size(), files.filter(f -> f.toString().endsWith(".txt")).count());
    }
  }
}
