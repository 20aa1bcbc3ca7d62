package org.unlearn4j.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The pages in a real browser: no complaint, no sideways scrolling, and what the script adds. */
@Tag("slow")
class BrowserTest {
  private static final String WIDTH = "document.documentElement.scrollWidth";

  private static final String OVERFULL =
      "Array.from(document.querySelectorAll('.card'))"
          + ".filter((c) => c.scrollWidth > c.clientWidth).length";

  @TempDir static Path folder;

  private static Browser browser;
  private static Path report;
  private static Path bare;
  private static Path comparison;
  private static Path requests;

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    Assumptions.assumeTrue(
        Browser.find().isPresent(), "no Chromium in /usr/bin, so no page is opened");
    RunFolder run = ExampleRun.complete(folder.resolve("complete"));
    Files.writeString(run.relearning(), RelearnSectionTest.RELEARN);
    report = Report.write(run).get(0);
    RunFolder second = ExampleRun.bare(folder.resolve("bare"));
    bare = Report.write(second).get(0);
    comparison = folder.resolve("compare.html");
    Comparison.read(List.of(run.root().toString(), second.root().toString())).write(comparison);
    requests = LedgerPageTest.example(folder);
    browser = new Browser(Browser.find().get(), folder);
  }

  @AfterAll
  static void stop() {
    if (browser != null) {
      browser.close();
    }
  }

  @Test
  void noComplaintAndNoSidewaysScrolling() throws IOException, InterruptedException {
    for (Path page : List.of(report, bare, comparison, requests)) {
      for (int width : new int[] {360, 500, 768, 1280}) {
        for (boolean dark : new boolean[] {false, true}) {
          browser.open(page, width, dark);
          String where = page.getFileName() + " at " + width + (dark ? ", dark" : ", light");
          browser.ask("document.querySelectorAll('details').forEach((d) => { d.open = true; })");
          assertTrue(browser.ask(WIDTH).intValue() <= width, where + ": " + browser.ask(WIDTH));
          assertEquals(0, browser.ask(OVERFULL).intValue(), where + ": cards with more than fits");
        }
      }
    }
    assertEquals(List.of(), browser.complaints());
  }

  /** A sheet that is wider than the window would be found: the test above can fail. */
  @Test
  void aWideElementWouldBeSeen() throws IOException, InterruptedException {
    browser.open(report, 360, false);
    browser.ask("document.querySelector('main').style.minWidth = '500px'");
    assertTrue(browser.ask(WIDTH).intValue() > 360);
  }

  @Test
  void coloursFollowTheScheme() throws IOException, InterruptedException {
    List<List<String>> schemes = new ArrayList<>();
    for (boolean dark : new boolean[] {false, true}) {
      browser.open(report, 1280, dark);
      List<String> colours = new ArrayList<>();
      for (String of :
          List.of(
              "getComputedStyle(document.body).backgroundColor",
              "getComputedStyle(document.querySelector('#attacks figure path')).stroke",
              "getComputedStyle(document.querySelector('#features figure path')).fill")) {
        colours.add(browser.ask(of).asText());
      }
      schemes.add(colours);
    }
    for (int i = 0; i < schemes.get(0).size(); i++) {
      assertNotEquals(schemes.get(0).get(i), schemes.get(1).get(i), "colour " + i);
    }
    assertEquals("rgb(251, 250, 247)", schemes.get(0).get(0));
  }

  /** Sorts the first table by its third column, once with the mouse, once with the keyboard. */
  @Test
  void tablesSortByClickAndByKey() throws IOException, InterruptedException {
    browser.open(report, 1280, false);
    String heading = "document.querySelector('table.sortable thead').rows[0].cells[2]";
    String values =
        "Array.from(document.querySelector('table.sortable').tBodies[0].rows)"
            + ".map((r) => Number(r.cells[2].dataset.value)).filter((v) => !Number.isNaN(v))";
    assertEquals("none", browser.ask(heading + ".getAttribute('aria-sort')").asText());
    List<Double> before = numbers(browser.ask(values));
    browser.ask(heading + ".querySelector('button').click()");
    assertEquals("ascending", browser.ask(heading + ".getAttribute('aria-sort')").asText());
    assertEquals(before.stream().sorted().toList(), numbers(browser.ask(values)));
    assertNotEquals(before, numbers(browser.ask(values)), "the example is not sorted already");
    browser.ask(heading + ".querySelector('button').focus()");
    browser.press("Enter", 13);
    assertEquals("descending", browser.ask(heading + ".getAttribute('aria-sort')").asText());
    assertEquals(
        before.stream().sorted((a, b) -> Double.compare(b, a)).toList(),
        numbers(browser.ask(values)));
    assertEquals(
        1, browser.ask("document.querySelectorAll('[aria-sort=descending]').length").intValue());
  }

  private static List<Double> numbers(JsonNode array) {
    List<Double> numbers = new ArrayList<>();
    array.forEach(n -> numbers.add(n.doubleValue()));
    return numbers;
  }

  /**
   * "question 7:" is in one question of each of the three sets that have answers; the two words
   * alone also in question 17 and so on.
   */
  @Test
  void questionsAreFiltered() throws IOException, InterruptedException {
    browser.open(report, 1280, false);
    String visible =
        "Array.from(document.querySelectorAll('.answer-set .question'))"
            + ".filter((q) => q.checkVisibility()).length";
    int inSight = browser.ask(visible).intValue();
    assertEquals(4 + 4 + 2, inSight, "forget, retain, facts; the rest is folded");
    String type =
        "(() => { const i = document.getElementById('answer-words'); i.value = '%s';"
            + " i.dispatchEvent(new Event('input')); })()";
    browser.ask(type.formatted("QUESTION 7:"));
    assertTrue(browser.ask(visible).intValue() > 3);
    browser.ask(type.formatted("\"QUESTION 7:\""));
    assertEquals(3, browser.ask(visible).intValue());
    browser.ask(
        "(() => { const s = document.getElementById('answer-set'); s.value = 'retain';"
            + " s.dispatchEvent(new Event('change')); })()");
    assertEquals(1, browser.ask(visible).intValue());
    browser.ask(type.formatted("nobody says this"));
    assertEquals(0, browser.ask(visible).intValue());
    assertTrue(browser.ask("document.getElementById('no-match').checkVisibility()").booleanValue());
    browser.ask(type.formatted(""));
    browser.ask(
        "(() => { const s = document.getElementById('answer-set'); s.value = '';"
            + " s.dispatchEvent(new Event('change')); })()");
    assertEquals(inSight, browser.ask(visible).intValue());
  }

  /** Without scripts everything can be read, and nothing is there that would not work. */
  @Test
  void thePageWorksWithoutAScript() throws IOException, InterruptedException {
    browser.scripts(false);
    try {
      browser.open(report, 1280, false);
      assertEquals(0, browser.ask("document.querySelectorAll('th button').length").intValue());
      assertEquals(
          "none",
          browser
              .ask("getComputedStyle(document.getElementById('answer-filter')).display")
              .asText());
      assertTrue(
          browser
              .ask("document.querySelector('#answers summary').checkVisibility()")
              .booleanValue());
    } finally {
      browser.scripts(true);
    }
  }
}
