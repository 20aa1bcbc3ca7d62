package org.unlearn4j.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.ledger.Entry;
import org.unlearn4j.ledger.Ledger;
import org.unlearn4j.ledger.Unlearned;

/** The page of a ledger, from records that were written by hand. */
class LedgerPageTest {
  private static final LedgerPage.Limits LIMITS = new LedgerPage.Limits(0.93, 0.05);

  @TempDir Path temp;

  private static Ledger begun(Path folder) {
    return Ledger.read(folder)
        .append(Entry.Kind.BEGUN, new ObjectMapper().createObjectNode().put("model", "first"));
  }

  /** A step whose deployed file has these forget probabilities. */
  private static ObjectNode step(String name, double share, Map<String, Double> probabilities) {
    Map<String, Map<String, Double>> checks = new TreeMap<>();
    probabilities.forEach((request, p) -> checks.put(request, Map.of("forget_prob", p)));
    Unlearned.Files files = new Unlearned.Files(Map.of(), Map.of("w", "2"), Map.of(), Map.of());
    return new Unlearned(
            Map.of(name, Map.of("forget.jsonl", "0a")),
            "held",
            "runs/" + name,
            true,
            files,
            new Unlearned.Utility(0.8 * share, share),
            checks,
            "plan",
            2)
        .json();
  }

  private String page(Ledger ledger, List<String> open, LedgerPage.Limits limits)
      throws IOException {
    Path out = temp.resolve("requests.html");
    LedgerPage.write(out, "my <requests>", ledger, open, limits);
    return Files.readString(out);
  }

  private Ledger two() {
    return two(temp);
  }

  /** A page with everything on it. */
  static Path example(Path folder) {
    Path out = folder.resolve("requests.html");
    LedgerPage.write(out, "requests", two(folder), List.of("ann", "bob", "cid"), LIMITS);
    return out;
  }

  private static Ledger two(Path folder) {
    return begun(folder)
        .append(Entry.Kind.UNLEARNED, step("ann", 0.99, Map.of("ann", 0.10)))
        .append(Entry.Kind.UNLEARNED, step("bob", 0.98, Map.of("ann", 0.14, "bob", 0.2)));
  }

  @Test
  void whatHoldsIsSaidWithWhatIsLeft() throws IOException {
    String html = page(two(), List.of("ann", "bob", "cid"), LIMITS);
    assertTrue(html.contains("Every request holds"));
    // 0.98 - 0.93 = 0.05 left, 0.01 each; two falls of 0.01 have no spread.
    assertTrue(html.contains("about 5 more (95 % interval: 5 to 5)"), html);
    assertTrue(html.contains("my &lt;requests&gt;"));
    assertTrue(html.matches("(?s).*<th scope=\"row\">cid</th><td>new</td>.*"));
    assertEquals(2, html.split("<svg", -1).length - 1, "utility and holding");
    assertFalse(html.matches("(?s).*(src|href)=\"(https?:)?//.*"), "nothing from a network");
  }

  /** 0.14 is 0.04 over 0.10: within 0.05 and not within 0.03. */
  @Test
  void whatHasComeBackIsNamed() throws IOException {
    String html = page(two(), List.of(), new LedgerPage.Limits(0.93, 0.03));
    assertTrue(html.contains("Not every request holds"));
    assertTrue(html.contains("over what it was after its own request: ann."));
  }

  @Test
  void retrainingIsDueWhenNothingIsLeft() throws IOException {
    assertTrue(
        page(two(), List.of(), new LedgerPage.Limits(0.975, 0.05))
            .contains("Full retraining is due before the next request."));
  }

  @Test
  void whatCannotBeCheckedAnyMoreSaysSinceWhen() throws IOException {
    Ledger ledger = two();
    ObjectNode content = new ObjectMapper().createObjectNode().put("request", "ann");
    ledger = ledger.append(Entry.Kind.TEXT_FORGOTTEN, content);
    String at = ledger.entries().get(3).at();
    String html = page(ledger, List.of(), LIMITS);
    assertTrue(html.contains("<td>not checkable since " + at + "</td><td>keyed hashes</td>"));
  }

  @Test
  void anEmptyLedgerHasAPage() throws IOException {
    String html = page(Ledger.read(temp), List.of(), LIMITS);
    assertTrue(html.contains("No request has been forgotten yet"));
    assertTrue(html.contains("There is none."));
  }
}
