package org.unlearn4j.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExtrasTest {
  @TempDir Path folder;

  /**
   * Whatever stands beside what the verdict knows is a table: objects of objects, arrays, pairs.
   */
  @Test
  void unknownPartsOfTheVerdictAreTables() throws IOException {
    Path file = folder.resolve("verify.json");
    Files.writeString(
        file,
        """
        {"verdict": "pass", "gates": [], "controls": {"copies": 3, "seen": "<b>"},
         "empty": {}, "list": [],
         "runtimes": [{"runtime": "onnx:int8", "reference": "tf", "pass": true,
           "survival": {"forget_prob": {"target": 0.9, "trained": 0.05, "rebound": 0.0125},
                        "utility": {"target": 0.8, "trained": 0.75}},
           "rows": [{"set": "forget", "share": 0.5}]}]}
        """);
    List<String> tables = Extras.read(file).stream().map(Html::markup).toList();
    assertEquals(3, tables.size(), tables.toString());
    assertTrue(tables.get(0).contains("<h3>controls</h3>"), tables.get(0));
    assertTrue(tables.get(0).contains("&lt;b&gt;"), tables.get(0));
    String survival = tables.get(1);
    assertTrue(survival.contains("<h3>survival, ONNX int8</h3>"), survival);
    assertTrue(survival.contains(">0.0125</td>"), survival);
    assertTrue(survival.contains("forget prob"), survival);
    assertEquals(1, survival.split("number nothing", -1).length - 1, "utility has no rebound");
    assertTrue(tables.get(2).contains(">forget</td>"), tables.get(2));
    assertEquals(List.of(), Extras.read(folder.resolve("none.json")));
  }
}
