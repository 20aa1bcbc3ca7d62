package org.unlearn4j.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.unlearn4j.data.Benchmark;
import org.unlearn4j.data.QaEncoder;
import org.unlearn4j.data.QaExample;

/** A published tokenizer (byte-fallback BPE), where its folder lies beside the repository. */
class StoriesTokenizerTest {
  private static final Path DATA = Path.of("../shared/data");
  private static final Path STORIES = DATA.resolve("models/stories260K");

  private Tokenizer tokenizer;

  @BeforeEach
  void open() {
    Assumptions.assumeTrue(Files.isDirectory(STORIES), STORIES + " is not here");
    tokenizer = Tokenizer.open(STORIES);
  }

  @AfterEach
  void close() {
    if (tokenizer != null) {
      tokenizer.close();
    }
  }

  @Test
  void idsAreThoseOfTheReference() {
    // From the model's README, checked there against two other implementations.
    int[] expected = {1, 403, 407, 261, 378};
    assertArrayEquals(expected, tokenizer.encode("Once upon a time", true));
    assertArrayEquals(new int[] {403, 407, 261, 378}, tokenizer.encode("Once upon a time", false));
    assertEquals("Once upon a time", tokenizer.decode(expected, true));
  }

  @Test
  void rolesComeFromAllConfigurations() {
    assertEquals(512, tokenizer.vocabSize());
    assertEquals(OptionalInt.of(1), tokenizer.bosId());
    assertEquals(OptionalInt.of(2), tokenizer.eosId());
    assertEquals(OptionalInt.of(0), tokenizer.unkId());
    assertEquals(OptionalInt.empty(), tokenizer.padId());
    assertEquals(Set.of(1, 2), tokenizer.stopIds(), "generation_config.json lists two");
    assertEquals(0, tokenizer.maskTokenId(), "no mask token: the unknown token");
    assertArrayEquals(new int[] {1}, tokenizer.leadingIds());
    assertTrue(tokenizer.isSpecial(1));
    assertFalse(tokenizer.isSpecial(403));
  }

  @Test
  void tofuComesBackUnchangedAndSplitsAtTheAnswer() {
    Path tofu = DATA.resolve("tofu");
    Assumptions.assumeTrue(Files.isDirectory(tofu), tofu + " is not here");
    List<QaExample> pairs = Benchmark.open("tofu", Optional.of(tofu)).forget("forget10");
    assertEquals(400, pairs.size());
    for (QaExample pair : pairs) {
      assertEquals(
          pair.answer(),
          tokenizer.decode(tokenizer.encode(pair.answer(), true), true),
          pair.place());
      assertEquals(
          pair.question(),
          tokenizer.decode(tokenizer.encode(pair.question(), true), true),
          pair.place());
    }
    QaEncoder.Encoded rows =
        new QaEncoder(tokenizer, PromptTemplate.of("default"), 512).encodeAll(pairs);
    assertEquals(0, rows.stitched(), "rows whose prompt is not a prefix");
    assertEquals(0, rows.truncated());
  }
}
