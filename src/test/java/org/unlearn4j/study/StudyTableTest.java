package org.unlearn4j.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.weights.Variant;
import org.xml.sax.InputSource;

class StudyTableTest {
  private static final Column PROB = new Column("forget_prob");
  private static final Column UTILITY = new Column("model_utility");
  private static final Column STEP = new Column("step_seconds");
  private static final Study.Row NPO = new Study.Row("NPO", false);
  private static final List<Column> COLUMNS = List.of(PROB, UTILITY, STEP);

  @TempDir Path temp;

  /**
   * NPO's utilities fall by 0.1 and by 0.2 with CLReg; its steps take 1.2 and 1.4 times as long.
   * The seeds of the runs with it stand in another order, which must not matter.
   */
  private static StudyTable table() {
    Pipeline p = Pipeline.defaults("NPO", List.of());
    Study.Row with = new Study.Row("NPO", true);
    List<Study.Run> runs =
        List.of(new Study.Run("NPO.1", NPO, 1, p), new Study.Run("NPO+CLReg.1", with, 1, p));
    Study study =
        new Study(
            "small",
            Path.of("small.yaml"),
            List.of("a=b"),
            COLUMNS,
            Optional.of("CLReg"),
            List.of(),
            List.of(1L, 2L),
            runs);
    Map<String, Map<Column, Double>> models = new LinkedHashMap<>();
    models.put(StudyTable.TARGET, Map.of(PROB, 0.97, UTILITY, 0.8));
    models.put(StudyTable.RETAIN_ONLY, Map.of(PROB, 0.17, UTILITY, 0.79));
    return new StudyTable(
        study,
        models,
        List.of(
            new StudyTable.Measured(NPO, 1, Map.of(PROB, 0.2, UTILITY, 0.7, STEP, 0.1)),
            new StudyTable.Measured(NPO, 2, Map.of(PROB, 0.3, UTILITY, 0.6, STEP, 0.2)),
            new StudyTable.Measured(with, 2, Map.of(PROB, 0.1, UTILITY, 0.4, STEP, 0.28)),
            new StudyTable.Measured(with, 1, Map.of(PROB, 0.2, UTILITY, 0.6, STEP, 0.12))));
  }

  private static void near(double expected, double found) {
    assertEquals(expected, found, 1e-12);
  }

  /** 1, 2, 6: mean 3, squares 4 + 1 + 9 = 14 over 2, root 7 (over n it would be root 14/3). */
  @Test
  void meanAndSampleStandardDeviation() {
    Summary s = new Summary(List.of(1.0, 2.0, 6.0));
    near(3, s.mean());
    near(Math.sqrt(7), s.spread());
    assertTrue(Double.isNaN(new Summary(List.of(1.0)).spread()), "one value has no spread");
    assertTrue(Double.isNaN(new Summary(List.of(1.0, Double.NaN)).mean()), "NaN stays NaN");
  }

  @Test
  void changesArePairedBySeed() {
    Summary utility = table().change(NPO, UTILITY).orElseThrow();
    near(-0.15, utility.mean());
    near(Math.sqrt(2 * 0.05 * 0.05), utility.spread());
    Summary step = table().change(NPO, STEP).orElseThrow();
    near(1.3, step.mean());
    near(0.1 * Math.sqrt(2), step.spread());
    assertTrue(table().change(NPO, new Column("cosine")).isEmpty());
  }

  @Test
  void markdownHasEveryNumber() {
    String text = StudyMarkdown.of(table(), Optional.of("small.svg"));
    for (String line :
        List.of(
            "Written by `unlearn4j study --file small.yaml --set a=b`; seeds 1, 2, mean ±",
            "|  | forget prob → | model utility ↑ | seconds a step ↓ |",
            "| *retain-only* | 0.1700 | 0.7900 | – |",
            "| NPO | 0.2500 ± 0.0707 | 0.6500 ± 0.0707 | 0.1500 ± 0.0707 |",
            "| NPO + CLReg | 0.1500 ± 0.0707 | 0.5000 ± 0.1414 | 0.2000 ± 0.1131 |",
            "| NPO | −0.1000 ± 0.1414 | −0.1500 ± 0.0707 | × 1.300 ± 0.141 |",
            "![Model utility over forgetting](small.svg)")) {
      assertTrue(text.contains(line), line + "\nin\n" + text);
    }
  }

  @Test
  void csvAndJson() throws IOException {
    List<String> csv = StudyFiles.csv(table()).lines().toList();
    assertEquals("method,addition,seed,forget_prob,model_utility,step_seconds", csv.get(0));
    assertEquals("target,,,0.97,0.8,", csv.get(1));
    assertEquals("NPO,,1,0.2,0.7,0.1", csv.get(3));
    assertEquals("NPO,CLReg,2,0.1,0.4,0.28", csv.get(5));
    JsonNode json = new ObjectMapper().readTree(StudyFiles.json(table()));
    near(0.25, json.at("/variants/NPO/forget_prob/mean").doubleValue());
    assertEquals(2, json.at("/variants/NPO + CLReg/forget_prob/values").size());
    near(1.3, json.at("/changes/NPO/step_seconds/mean").doubleValue());
    assertEquals("closer to retain-only", json.at("/columns/forget_prob/better").asText());
    near(0.17, json.at("/models/retain-only/forget_prob").doubleValue());
  }

  /** NPO's int4 file has a forget probability of 0.5 and 0.7: a rebound of 0.25 and 0.75. */
  private static StudyTable formats() {
    Column rebound = new Column("rebound");
    Study study =
        new Study(
            "bits",
            Path.of("bits.yaml"),
            List.of(),
            List.of(PROB, UTILITY, rebound),
            Optional.empty(),
            List.of(Variant.INT4),
            List.of(1L, 2L),
            List.of(new Study.Run("NPO.1", NPO, 1, Pipeline.defaults("NPO", List.of()))));
    Study.Row int4 = NPO.in(Variant.INT4);
    return new StudyTable(
        study,
        Map.of(StudyTable.TARGET, Map.of(PROB, 0.97)),
        List.of(
            new StudyTable.Measured(NPO, 1, Map.of(PROB, 0.2, UTILITY, 0.7)),
            new StudyTable.Measured(int4, 1, Map.of(PROB, 0.5, UTILITY, 0.7, rebound, 0.25)),
            new StudyTable.Measured(NPO, 2, Map.of(PROB, 0.3, UTILITY, 0.7)),
            new StudyTable.Measured(int4, 2, Map.of(PROB, 0.7, UTILITY, 0.7, rebound, 0.75))));
  }

  @Test
  void formatsHaveRowsOfTheirOwn() throws IOException {
    String text = StudyMarkdown.of(formats(), Optional.empty());
    for (String line :
        List.of(
            "A row with a format is the exported file on ONNX Runtime",
            "Rebound: the share of the way",
            "|  | forget prob → | model utility ↑ | rebound ↓ |",
            "| *target* | 0.9700 | – | – |",
            "| NPO | 0.2500 ± 0.0707 | 0.7000 ± 0.0000 | – |\n| NPO · int4 | 0.6000 ± 0.1414 |",
            "| 0.5000 ± 0.3536 |")) {
      assertTrue(text.contains(line), line + "\nin\n" + text);
    }
    List<String> csv = StudyFiles.csv(formats()).lines().toList();
    assertEquals("method,addition,format,seed,forget_prob,model_utility,rebound", csv.get(0));
    assertEquals("target,,,,0.97,,", csv.get(1));
    assertEquals("NPO,,,1,0.2,0.7,", csv.get(2));
    assertEquals("NPO,,int4,1,0.5,0.7,0.25", csv.get(3));
    JsonNode json = new ObjectMapper().readTree(StudyFiles.json(formats()));
    near(0.5, json.at("/variants/NPO · int4/rebound/mean").doubleValue());
    assertEquals("int4", json.at("/variants/NPO · int4/format").asText());
    assertTrue(json.at("/variants/NPO/format").isNull());
    assertTrue(json.at("/variants/NPO/rebound").isMissingNode());
    assertEquals("lower", json.at("/columns/rebound/better").asText());
    String svg = StudyFiles.plot(formats()).orElseThrow();
    assertTrue(svg.contains("circle: as trained, arrow head: int4;"), svg);
  }

  @Test
  void inAPageOfSeveralStudiesTheFilesHaveTheStudysName() throws IOException {
    Path page = temp.resolve("page.md");
    List<String> lines = new ArrayList<>();
    for (String name : List.of("small", "bits")) {
      lines.addAll(List.of("# " + name, MarkedText.begin(name), MarkedText.end(name)));
    }
    Files.write(page, lines);
    new StudyFiles(table().study(), page).write(table());
    new StudyFiles(formats().study(), page).write(formats());
    String text = Files.readString(page);
    for (String part :
        List.of("](small.svg)", "](bits.svg)", "| NPO + CLReg | ", "| NPO · int4 | ")) {
      assertTrue(text.contains(part), part + "\nin\n" + text);
    }
    assertTrue(Files.exists(temp.resolve("bits.csv")) && Files.exists(temp.resolve("small.json")));
    assertFalse(Files.exists(temp.resolve("page.csv")));
  }

  @Test
  void theFilesStandBesideThePageAndHandWritingStays() throws Exception {
    Path page = temp.resolve("small.md");
    StudyFiles fresh = new StudyFiles(table().study(), page);
    fresh.write(table());
    Files.writeString(
        page, Files.readString(page).replace("# small\n", "# By hand\n\nBefore.\n") + "After.\n");
    String first = Files.readString(page);
    new StudyFiles(table().study(), page).write(table());
    assertEquals(first, Files.readString(page), "the same table gives the same page");
    assertTrue(first.startsWith("# By hand\n\nBefore.\n") && first.endsWith("After.\n"), first);
    String svg = Files.readString(temp.resolve("small.svg"));
    DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(svg)));
    List<String> names = new ArrayList<>();
    try (var files = Files.list(temp)) {
      files.forEach(f -> names.add(f.getFileName().toString()));
    }
    assertEquals(
        List.of("small.csv", "small.json", "small.md", "small.svg"),
        names.stream().sorted().toList());
    Files.writeString(page, "# Without markers\n");
    UserException e =
        assertThrows(UserException.class, () -> new StudyFiles(table().study(), page));
    assertTrue(e.getMessage().contains("small.md: found a page without"), e.getMessage());
    assertEquals("# Without markers\n", Files.readString(page));
  }
}
