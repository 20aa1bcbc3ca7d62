package org.unlearn4j.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.text.ChatPrompt;
import org.unlearn4j.text.ChatTurn;
import org.unlearn4j.text.PromptTemplate;
import org.unlearn4j.text.Tokenizer;

/** What of passages and conversations is labelled, window by window. */
class RowEncoderTest {
  /** Strips what is said, as many templates do; a turn ends with a special token. */
  private static final String TEMPLATE =
      "{% for m in messages %}<{{ m.role }}>\n{{ m.content | trim }}<|mask|>\n{% endfor %}";

  private static final String TEXT =
      "Mara Lind wrote about rivers. She was born in Oslo, and her first book was about the sea.";

  @TempDir Path folder;
  private Tokenizer tokenizer;

  @BeforeEach
  void open() throws IOException {
    Path source = Path.of("src/test/resources/fable-tokenizer");
    Files.copy(source.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode config =
        (ObjectNode) mapper.readTree(source.resolve("tokenizer_config.json").toFile());
    config.put("chat_template", TEMPLATE);
    mapper.writeValue(folder.resolve("tokenizer_config.json").toFile(), config);
    tokenizer = Tokenizer.open(folder);
  }

  @AfterEach
  void close() {
    tokenizer.close();
  }

  private RowEncoder encoder(int window, int overlap, String... roles) {
    return encoder(64, window, overlap, roles);
  }

  private RowEncoder encoder(int most, int window, int overlap, String... roles) {
    return new RowEncoder(
        tokenizer,
        new QaEncoder(tokenizer, PromptTemplate.of("default"), most),
        new RowEncoder.Shape(most, window, overlap, Set.of(roles)),
        () -> ChatPrompt.of(tokenizer, ChatPrompt.Settings.NONE));
  }

  /** Text of every run of labelled tokens. */
  private List<String> labelled(TokenRow row) {
    List<String> runs = new ArrayList<>();
    for (int t = 0; t < row.length(); ) {
      int from = t;
      while (t < row.length() && row.labels()[t] != TokenRow.IGNORED) {
        t++;
      }
      if (t > from) {
        runs.add(tokenizer.decode(Arrays.copyOfRange(row.ids(), from, t), false));
      }
      t++;
    }
    return runs;
  }

  private String labelledOf(List<TokenRow> rows) {
    StringBuilder all = new StringBuilder();
    rows.forEach(r -> labelled(r).forEach(all::append));
    return all.toString();
  }

  @Test
  void overlappingWindowsLabelEveryTokenOnce() {
    Passage passage = new Passage(TEXT, "a.txt", 1);
    List<TokenRow> apart = encoder(12, 0, "assistant").rows(passage);
    List<TokenRow> over = encoder(12, 4, "assistant").rows(passage);
    assertTrue(over.size() > apart.size());
    assertEquals(labelledOf(apart), labelledOf(over));
    for (int i = 1; i < over.size(); i++) {
      TokenRow before = over.get(i - 1);
      TokenRow row = over.get(i);
      assertTrue(row.length() <= 12);
      int leading = tokenizer.leadingIds().length;
      // The last four tokens of the window before are context in this one.
      assertEquals(leading + 4, row.prompt());
      assertEquals(
          tokens(before, before.length() - 4, before.length()), tokens(row, leading, leading + 4));
    }
    assertThrows(UserException.class, () -> encoder(12, 7, "assistant"));
  }

  private static List<Integer> tokens(TokenRow row, int from, int to) {
    return Arrays.stream(row.ids(), from, to).boxed().toList();
  }

  private static final Conversation TALK =
      new Conversation(
          List.of(
              new ChatTurn("user", "Who wrote it?"),
              new ChatTurn("assistant", " Mara Lind. "),
              new ChatTurn("user", "Where was she born?"),
              new ChatTurn("assistant", "In Oslo.")),
          "talk.jsonl",
          7);

  @Test
  void theTurnsOfARoleAreLabelledWithTheTokenThatEndsThem() {
    TokenRow row = encoder(64, 0, "assistant").rows(TALK).get(0);
    assertEquals(List.of("Mara Lind.<|mask|>", "In Oslo.<|mask|>"), labelled(row));
    TokenRow asked = encoder(64, 0, "user").rows(TALK).get(0);
    assertEquals(List.of("Who wrote it?<|mask|>", "Where was she born?<|mask|>"), labelled(asked));
    // A long one becomes windows, each of which labels what none before it has.
    assertEquals(labelledOf(List.of(row)), labelledOf(encoder(16, 16, 6, "assistant").rows(TALK)));
    String complaint =
        assertThrows(UserException.class, () -> encoder(64, 0, "tool").rows(TALK)).getMessage();
    assertTrue(complaint.contains("talk.jsonl, line 7: found no turn of tool"), complaint);
  }

  @Test
  void eachTurnIsAskedForAndEachWindowGoneOnWith() {
    List<RowEncoder.Asked> asked = encoder(64, 0, "assistant").asked(TALK, 32);
    assertEquals(List.of("Mara Lind.", "In Oslo."), asked.stream().map(a -> a.answer()).toList());
    assertTrue(asked.get(1).before().contains("Mara Lind."));
    assertTrue(asked.get(1).ended());

    List<RowEncoder.Asked> windows =
        encoder(12, 4, "assistant").asked(new Passage(TEXT, "a.txt", 1), 32);
    StringBuilder said = new StringBuilder();
    windows.forEach(w -> said.append(w.answer()));
    assertTrue(windows.size() > 1 && TEXT.contains(windows.get(0).answer()));
    assertTrue(said.length() > TEXT.length() / 3 && said.length() < TEXT.length() * 2 / 3);
    assertTrue(windows.stream().noneMatch(RowEncoder.Asked::ended));
    assertTrue(encoder(64, 0, "assistant").asked(TALK, 1).stream().noneMatch(a -> a.ended()));
  }
}
