package org.unlearn4j.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.JsonInput;

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
           "moves": {"forget_prob": {"target": 0.9, "trained": 0.05, "rebound": 0.0125},
                        "utility": {"target": 0.8, "trained": 0.75}},
           "rows": [{"set": "forget", "share": 0.5}]}]}
        """);
    List<String> tables =
        Extras.tables(JsonInput.read(file, "a verdict")).stream().map(Html::markup).toList();
    assertEquals(3, tables.size(), tables.toString());
    assertTrue(tables.get(0).contains("<h3>controls</h3>"), tables.get(0));
    assertTrue(tables.get(0).contains("&lt;b&gt;"), tables.get(0));
    String moves = tables.get(1);
    assertTrue(moves.contains("<h3>moves, ONNX int8</h3>"), moves);
    assertTrue(moves.contains(">0.0125</td>"), moves);
    assertTrue(moves.contains("forget prob"), moves);
    assertEquals(1, moves.split("number nothing", -1).length - 1, "utility has no rebound");
    assertTrue(tables.get(2).contains(">forget</td>"), tables.get(2));
  }

  /** Value and rebound of each file; what was not measured is a dash, and nothing is 0 %. */
  @Test
  void theSurvivalTable() throws IOException {
    Path file = folder.resolve("verify.json");
    Files.writeString(
        file,
        """
        {"notes": ["int4: not <measured>"], "survival": [
          {"metric": "forget_prob", "judged": true, "target": 0.9, "retain_only": "NaN",
           "unlearned": 0.1, "deployed": {"onnx:fp32": {"value": 0.1, "rebound": 0.0},
                                          "onnx:int8": {"value": 0.14, "rebound": 0.05}}},
          {"metric": "model_utility", "judged": true, "target": 0.8, "retain_only": 0.8,
           "unlearned": 0.75, "deployed": {"onnx:int8": {"value": 0.74, "rebound": "NaN"}}}]}
        """);
    JsonInput verify = JsonInput.read(file, "a verdict");
    String table = SurvivalSection.table(verify).orElseThrow().markup();
    assertTrue(table.contains("ONNX int8<small>rebound</small>"), table);
    assertTrue(table.contains("0.1400<small>+5 %</small>"), table);
    assertTrue(table.contains("0.1000<small>0 %</small>"), table);
    assertTrue(table.contains(">0.7400</td>"), table);
    assertEquals(2, table.split("number nothing", -1).length - 1, "retain-only, and fp32 utility");
    String notes = Extras.tables(verify).get(0).markup();
    assertEquals("<h3>notes</h3><ul><li>int4: not &lt;measured&gt;</li></ul>", notes);
    assertEquals(1, Extras.tables(verify).size(), "survival has its own table");
  }
}
