package org.unlearn4j.report;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;

class SpectrumSectionTest {
  static final String SPECTRUM =
      """
      {"weights": [{"layer": "1", "matrix": "model.layers.1.down.weight", "relative_energy": 0.25,
        "effective_rank": 1.75, "relearned": {"inside": 0.625}}],
       "features": [{"layer": "embeddings", "probe_forget": 0.5},
        {"layer": "1", "effective_rank": 3.375, "probe_forget": 0.9375}]}
      """;

  @TempDir Path folder;

  @Test
  void tablesOfFeaturesAndOfWeights() throws IOException {
    RunFolder run = ExampleRun.bare(folder);
    assertFalse(Files.readString(Report.write(run).get(0)).contains("id=\"spectrum\""));
    Files.writeString(run.spectrum(), SPECTRUM);
    String page = Files.readString(Report.write(run).get(0));
    assertTrue(page.contains("id=\"spectrum\""));
    for (String value : new String[] {"0.25", "1.75", "0.625", "3.375", "0.9375"}) {
      assertTrue(page.contains("data-value=\"" + value + "\""), value);
    }
  }

  @Test
  void aBrokenFileIsAUsersMistake() throws IOException {
    RunFolder run = ExampleRun.bare(folder);
    Files.writeString(run.spectrum(), SPECTRUM.replace("1.75", "\"much\""));
    UserException e = assertThrows(UserException.class, () -> Report.write(run));
    assertTrue(e.getMessage().contains("spectrum.json, weights[0].effective_rank"), e.getMessage());
  }
}
