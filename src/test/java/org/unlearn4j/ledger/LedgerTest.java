package org.unlearn4j.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;

/** A chain of four records, whole and damaged in every way. */
class LedgerTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-01-02T03:04:05.678Z"), ZoneOffset.UTC);

  @TempDir Path temp;
  private Path file;
  private byte[] whole;

  @BeforeEach
  void write() throws IOException {
    Ledger ledger = Ledger.read(temp, CLOCK);
    ObjectNode begun = new ObjectMapper().createObjectNode().put("model", "größte");
    ledger = ledger.append(Entry.Kind.BEGUN, begun);
    for (String name : List.of("ann", "bob", "cid")) {
      ledger = ledger.append(Entry.Kind.UNLEARNED, step(name, 0.9).json());
    }
    file = temp.resolve(Ledger.FILE);
    whole = Files.readAllBytes(file);
  }

  static Unlearned step(String name, double share) {
    return new Unlearned(
        Map.of(name, Map.of("forget.jsonl", "0a")),
        "sequential",
        "runs/" + name,
        true,
        new Unlearned.Files(Map.of("w", "1"), Map.of("w", "2"), Map.of("o", "3"), Map.of()),
        new Unlearned.Utility(0.8, share),
        Map.of(name, Map.of("forget_prob", 0.125)),
        "plan",
        1.5);
  }

  private List<String> mistakes() {
    return ChainCheck.of(file).mistakes();
  }

  private List<String> lines() {
    return new ArrayList<>(new String(whole, StandardCharsets.UTF_8).lines().toList());
  }

  private void put(List<String> lines) throws IOException {
    Files.writeString(file, String.join("\n", lines) + "\n");
  }

  @Test
  void aWholeChainHasNoMistakeAndReadsBack() {
    assertEquals(List.of(), mistakes());
    List<Entry> entries = Ledger.read(temp).entries();
    assertEquals(4, entries.size());
    assertEquals("größte", entries.get(0).content().path("model").asText());
    assertEquals("2026-01-02T03:04:05Z", entries.get(3).at());
    assertEquals(step("bob", 0.9), Unlearned.of(entries.get(2).content()));
    assertEquals(Optional.of(entries.get(3).hash()), ChainCheck.of(file).last());
  }

  /** Whatever a byte becomes: the line that it is in is named. */
  @Test
  void everyChangedByteIsNamed() throws IOException {
    int line = 1;
    for (int i = 0; i < whole.length; i++) {
      for (int flip : new int[] {1, 0x20, 0x80}) {
        byte[] changed = whole.clone();
        changed[i] ^= (byte) flip;
        Files.write(file, changed);
        int at = line;
        assertTrue(
            mistakes().stream().anyMatch(m -> m.startsWith(file + ", line " + at + ":")),
            () -> "nothing said of line " + at + " but " + mistakes());
      }
      line += whole[i] == '\n' ? 1 : 0;
    }
  }

  /** Every byte left out, and a byte put in before each. */
  @Test
  void everyMissingOrAddedByteIsSeen() throws IOException {
    for (int i = 0; i < whole.length; i++) {
      byte[] less = new byte[whole.length - 1];
      System.arraycopy(whole, 0, less, 0, i);
      System.arraycopy(whole, i + 1, less, i, less.length - i);
      Files.write(file, less);
      assertFalse(mistakes().isEmpty(), "byte " + i + " left out");
      byte[] more = new byte[whole.length + 1];
      System.arraycopy(whole, 0, more, 0, i);
      more[i] = ' ';
      System.arraycopy(whole, i, more, i + 1, whole.length - i);
      Files.write(file, more);
      assertFalse(mistakes().isEmpty(), "a blank before byte " + i);
    }
  }

  @Test
  void aRecordThatIsLeftOutIsSeen() throws IOException {
    for (int i = 0; i < 3; i++) {
      List<String> lines = lines();
      lines.remove(i);
      put(lines);
      assertTrue(mistakes().get(0).contains("line " + (i + 1) + ": found record " + (i + 1)));
    }
  }

  @Test
  void recordsInAnotherOrderAreSeen() throws IOException {
    for (int i = 0; i < 3; i++) {
      List<String> lines = lines();
      lines.add(i, lines.remove(i + 1));
      put(lines);
      assertTrue(mistakes().get(0).contains("line " + (i + 1) + ": found record " + (i + 1)));
    }
  }

  /** Made anew with right hashes from there on: only the next record's parent tells. */
  @Test
  void aRecordMadeAnewIsSeenByTheNextOne() throws IOException {
    List<String> lines = lines();
    Entry old = Ledger.read(temp).entries().get(1);
    Entry other = Entry.after(1, old.parent(), old.at(), old.kind(), step("eve", 1).json());
    lines.set(1, other.line());
    put(lines);
    assertEquals(1, mistakes().size());
    assertTrue(mistakes().get(0).contains("line 3: found record 2 that follows " + old.hash()));
  }

  /** A cut tail leaves a whole chain: only a hash from elsewhere tells. */
  @Test
  void aCutTailShowsOnlyAgainstAHashThatWasKept() throws IOException {
    String kept = Ledger.read(temp).last();
    String older = Ledger.read(temp).entries().get(2).hash();
    put(lines().subList(0, 3));
    ChainCheck.Result cut = ChainCheck.of(file);
    assertEquals(List.of(), cut.mistakes());
    assertTrue(ChainCheck.against(cut, file, kept).orElseThrow().contains("tail was cut off"));
    assertEquals(Optional.empty(), ChainCheck.against(cut, file, older));
  }

  @Test
  void aBrokenLedgerIsNotAddedTo() throws IOException {
    Ledger read = Ledger.read(temp);
    byte[] changed = whole.clone();
    changed[20] ^= 1;
    Files.write(file, changed);
    assertThrows(
        UserException.class, () -> read.append(Entry.Kind.UNLEARNED, step("dee", 1).json()));
    assertEquals(whole.length, Files.size(file));
  }

  @Test
  void aLedgerThatGrewMeanwhileIsNotAddedTo() {
    Ledger read = Ledger.read(temp);
    read.append(Entry.Kind.UNLEARNED, step("dee", 1).json());
    UserException e =
        assertThrows(
            UserException.class, () -> read.append(Entry.Kind.UNLEARNED, step("eve", 1).json()));
    assertTrue(e.getMessage().contains("changed meanwhile"));
  }

  @Test
  void withdrawingGoesBackAndOpensWhatCameAfter() {
    ObjectNode content = new ObjectMapper().createObjectNode().put("undone", 2);
    content.putArray("requests").add("bob");
    History history = Ledger.read(temp).append(Entry.Kind.WITHDRAWN, content).history();
    assertEquals(List.of("ann"), history.forgotten());
    assertEquals(History.State.WITHDRAWN, history.requests().get("bob").state());
    assertEquals(History.State.OPEN_AGAIN, history.requests().get("cid").state());
    assertEquals(History.State.FORGOTTEN, history.requests().get("ann").state());
    assertEquals(1, history.inUse().orElseThrow().number());
  }

  /** 0.125 after its own run: 0.17 has risen by 0.045, 0.18 by 0.055. */
  @Test
  void aRequestIsHeldUpToTheTolerance() {
    History history = Ledger.read(temp).history();
    Map<String, Map<String, Double>> now =
        Map.of(
            "ann", Map.of("forget_prob", 0.17),
            "bob", Map.of("forget_prob", 0.18),
            "cid", Map.of());
    assertEquals(List.of("bob"), history.risen(now, 0.05));
  }
}
