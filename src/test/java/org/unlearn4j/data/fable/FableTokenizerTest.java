package org.unlearn4j.data.fable;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.data.FableBenchmark;
import org.unlearn4j.data.QaEncoder;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.text.PromptTemplate;
import org.unlearn4j.text.Tokenizer;

class FableTokenizerTest {
  private static final Path COMMITTED = Path.of("src/test/resources/fable-tokenizer");
  private static final int MAX_LENGTH = 128;

  @Test
  void trainingAgainGivesTheCommittedFiles(@TempDir Path folder) throws IOException {
    FableTokenizer.write(folder, MAX_LENGTH);
    for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
      assertEquals(
          -1,
          Files.mismatch(COMMITTED.resolve(name), folder.resolve(name)),
          name + ": first other byte");
    }
  }

  @Test
  void idsAreThoseOfMergingByHandAndTextsComeBack() throws IOException {
    Reference reference = new Reference();
    try (Tokenizer tokenizer = Tokenizer.open(COMMITTED)) {
      for (String text : FableTokenizer.texts()) {
        int[] ids = tokenizer.encode(text, false);
        assertArrayEquals(reference.encode(text), ids, text);
        assertEquals(text, tokenizer.decode(ids, true));
      }
    }
  }

  @Test
  void mergingInAnotherOrderWouldBeNoticed() throws IOException {
    Reference reference = new Reference();
    reference.ranks.replaceAll((pair, rank) -> -rank);
    try (Tokenizer tokenizer = Tokenizer.open(COMMITTED)) {
      String text = FableTokenizer.texts().get(0);
      assertFalse(Arrays.equals(reference.encode(text), tokenizer.encode(text, false)), text);
    }
  }

  @Test
  void pairsAreShortAndYearsAreDecadeAndDigit() {
    try (Tokenizer tokenizer = Tokenizer.open(COMMITTED)) {
      FableBenchmark fable = new FableBenchmark();
      QaEncoder encoder = new QaEncoder(tokenizer, PromptTemplate.of("default"), MAX_LENGTH);
      QaEncoder.Encoded rows = encoder.encodeAll(fable.training("full"));
      double mean = rows.rows().stream().mapToInt(TokenRow::length).average().orElse(Double.NaN);
      assertTrue(mean > 20 && mean < 30, "mean tokens of a pair: " + mean);
      assertEquals(0, rows.truncated());
      assertEquals(0, rows.stitched());
      for (int year = 1910; year < 2000; year++) {
        assertEquals(2, tokenizer.encode(" " + year, false).length, "tokens of " + year);
      }
    }
  }

  /**
   * Byte-level BPE by the book: split into words, then merge the pair of lowest rank until none is
   * left.
   */
  private static final class Reference {
    private final Map<String, Integer> ids = new HashMap<>();
    private final Map<String, Integer> ranks = new HashMap<>();

    Reference() throws IOException {
      JsonNode model =
          new ObjectMapper().readTree(COMMITTED.resolve("tokenizer.json").toFile()).get("model");
      model.get("vocab").properties().forEach(e -> ids.put(e.getKey(), e.getValue().asInt()));
      model.get("merges").forEach(m -> ranks.put(m.asText(), ranks.size()));
    }

    int[] encode(String text) {
      return words(text).stream().flatMapToInt(this::merge).toArray();
    }

    private IntStream merge(String word) {
      List<String> parts = new ArrayList<>();
      for (int i = 0; i < word.length(); i++) {
        char c = word.charAt(i);
        assertTrue(c < 128, "Fable is plain ASCII");
        parts.add(c == ' ' ? "\u0120" : c == '\n' ? "\u010A" : String.valueOf(c));
      }
      while (true) {
        int best = -1;
        int lowest = Integer.MAX_VALUE;
        for (int i = 0; i + 1 < parts.size(); i++) {
          Integer rank = ranks.get(parts.get(i) + " " + parts.get(i + 1));
          if (rank != null && rank < lowest) {
            lowest = rank;
            best = i;
          }
        }
        if (best < 0) {
          return parts.stream().mapToInt(ids::get);
        }
        parts.set(best, parts.get(best) + parts.remove(best + 1));
      }
    }

    /** GPT-2's words for ASCII text whose white space is single. */
    private static List<String> words(String text) {
      List<String> words = new ArrayList<>();
      int i = 0;
      while (i < text.length()) {
        int from = i;
        if (text.startsWith("'s", i)) {
          i += 2;
        } else if (text.charAt(i) == '\n') {
          i++;
        } else {
          i += text.charAt(i) == ' ' ? 1 : 0;
          int kind = kind(text.charAt(i));
          while (i < text.length() && kind(text.charAt(i)) == kind) {
            i++;
          }
        }
        words.add(text.substring(from, i));
      }
      return words;
    }

    private static int kind(char c) {
      return Character.isLetter(c)
          ? 0
          : Character.isDigit(c) ? 1 : Character.isWhitespace(c) ? 2 : 3;
    }
  }
}
