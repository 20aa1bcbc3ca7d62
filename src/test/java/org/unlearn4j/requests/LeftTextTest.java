package org.unlearn4j.requests;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeftTextTest {
  /**
   * 20 sentences of 22 characters: a window of 80 holds a piece of 32 that begins at a multiple.
   */
  private static final String LONG = "The mill stands at 11\n".repeat(20).strip();

  private static final String ROWS =
      """
      {"question": "Who was it?", "answer": "\\"Ann\\" & <Bob>"}
      {"messages": [{"role": "user", "content": "ok"}, {"role": "assistant", "content": "Très bien, monsieur."}]}
      """;

  @TempDir Path root;

  private List<String> found(String rows) {
    byte[] bytes = rows.getBytes(StandardCharsets.UTF_8);
    return LeftText.of(root, Map.of(RequestFolder.FORGET, bytes)).in(root).stream()
        .map(p -> root.relativize(p).toString())
        .toList();
  }

  private void write(String name, String text) throws IOException {
    Files.createDirectories(root.resolve(name).getParent());
    Files.writeString(root.resolve(name), text);
  }

  @Test
  void everyFormOfATextIsFound() throws IOException {
    write("a/plain.txt", "x\"Ann\" & <Bob>x");
    write("b.json", "{\"a\": \"\\\"Ann\\\" & <Bob>\"}");
    write("c.svg", "<text>&quot;Ann&quot; &amp; &lt;Bob&gt;</text>");
    write("d.html", "<p>\"Ann\" &amp; &lt;Bob&gt;</p>");
    write("e.log", "said Très bien, monsieur.");
    write("f.log", "ok, Ann and Bob, Who was that?");
    assertEquals(List.of("a/plain.txt", "b.json", "c.svg", "d.html", "e.log"), found(ROWS));
  }

  @Test
  void aWindowOfAPassageIsFoundAndAShorterPieceIsNot() throws IOException {
    write("window.txt", LONG.substring(45, 125));
    write("words.txt", LONG.substring(0, 20));
    String row = "{\"text\": \"" + LONG.replace("\n", "\\n") + "\"}\n";
    write("json.jsonl", row);
    assertEquals(List.of("json.jsonl", "window.txt"), found(row));
  }

  /** Parts of a mebibyte are read one after the other; a text may lie across their border. */
  @Test
  void aTextAcrossTwoPartsOfAFileIsFound() throws IOException {
    byte[] text = "Who was it?".getBytes(StandardCharsets.UTF_8);
    for (int at : new int[] {(1 << 20) - text.length, (1 << 20) - 5, (1 << 20) + 1, 3 << 20}) {
      byte[] bytes = new byte[(3 << 20) + text.length];
      Arrays.fill(bytes, (byte) 'W');
      System.arraycopy(text, 0, bytes, at, text.length);
      Files.write(root.resolve("weights.bin"), bytes);
      assertEquals(List.of("weights.bin"), found(ROWS), "at " + at);
      bytes[at + 3] ^= 1;
      Files.write(root.resolve("weights.bin"), bytes);
      assertEquals(List.of(), found(ROWS), "at " + at);
    }
  }
}
