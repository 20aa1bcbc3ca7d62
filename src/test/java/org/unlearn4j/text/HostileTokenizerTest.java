package org.unlearn4j.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
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
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;

/**
 * Tokenizers over which the native library panics, which ends the process that it runs in: that the
 * test goes on is half of what it tests.
 */
class HostileTokenizerTest {
  private static final Path FABLE = Path.of("src/test/resources/fable-tokenizer/tokenizer.json");
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Found by another name than that of the list, so that the library runs in a child. */
  private static final String OTHER_PATTERN = "\\\\s+|\\\\S+";

  @TempDir Path folder;

  private Path changed(Consumer<ObjectNode> change) throws IOException {
    ObjectNode root = (ObjectNode) JSON.readTree(FABLE.toFile());
    change.accept(root);
    return Files.writeString(folder.resolve("tokenizer.json"), root.toString());
  }

  private static void set(ObjectNode root, String part, String json) {
    try {
      root.set(part, JSON.readTree(json));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private void refused(String expected, Consumer<ObjectNode> change) throws IOException {
    Path file = changed(change);
    UserException e =
        assertThrows(
            UserException.class,
            () -> {
              try (Tokenizer tokenizer = Tokenizer.open(folder)) {
                tokenizer.encode("hello there", true);
              }
            },
            expected);
    assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
    assertTrue(e.getMessage().contains(expected), e.getMessage());
    assertEquals(1, e.getMessage().lines().count(), e.getMessage());
  }

  @Test
  void aTemplateOfPiecesThatAreNotThere() throws IOException {
    refused(
        "post_processor.single: found the piece \"<|bas|>\", expected one of special_tokens.",
        root ->
            ((ObjectNode) root.at("/post_processor/single/0/SpecialToken")).put("id", "<|bas|>"));
    refused(
        "post_processor.pair: found the piece \"<|bas|>\"",
        root -> ((ObjectNode) root.at("/post_processor/pair/2/SpecialToken")).put("id", "<|bas|>"));
    refused(
        "post_processor.single: found a second text (B), expected only the first (A).",
        root -> ((ObjectNode) root.at("/post_processor/single/1/Sequence")).put("id", "B"));
    refused(
        "post_processor.processors[0].single: found the piece",
        root -> {
          ObjectNode template = (ObjectNode) root.get("post_processor");
          ((ObjectNode) template.at("/single/0/SpecialToken")).put("id", "<|bas|>");
          ObjectNode sequence = root.putObject("post_processor").put("type", "Sequence");
          sequence.putArray("processors").add(template);
        });
  }

  /** Each ended the whole process, at load or at the first text. */
  @Test
  void whatOnlyTheLibraryFindsEndsAChild() throws IOException {
    Map<String, Consumer<ObjectNode>> panics =
        Map.of(
            "start byte index 4 is out of bounds",
            root -> ((ObjectNode) root.get("model")).put("continuing_subword_prefix", "####"),
            "Precompiled: Error(\"Cannot parse precompiled_charsmap\"",
            root ->
                set(
                    root,
                    "normalizer",
                    "{\"type\": \"Precompiled\", \"precompiled_charsmap\": \"/wAAAAAAAAA=\"}"),
            "index out of bounds: the len is 1 but the index is 10737416",
            root ->
                set(
                    root,
                    "normalizer",
                    "{\"type\": \"Precompiled\", \"precompiled_charsmap\": \"BAAAAP////9hAA==\"}"),
            "index out of bounds: the len is ",
            root ->
                set(
                    root,
                    "normalizer",
                    "{\"type\": \"Replace\", \"pattern\": {\"String\": \"\"}, \"content\": \"x\"}"));
    for (Map.Entry<String, Consumer<ObjectNode>> panic : panics.entrySet()) {
      String found = "found a tokenizer that the library fails over (";
      refused(found + panic.getKey(), panic.getValue());
    }
  }

  @Test
  void textsWithoutTokensAndTokensWithoutTexts() throws IOException {
    refused(
        "found a tokenizer that cannot read a text (",
        root ->
            set(
                root,
                "model",
                "{\"type\": \"WordLevel\", \"vocab\": {\"a\": 0}, \"unk_token\": \"b\"}"));
    refused(
        "found a tokenizer that turns a text into the unknown id 70000",
        root ->
            set((ObjectNode) root.at("/post_processor/special_tokens/<|bos|>"), "ids", "[70000]"));
    refused(
        "token \"<|bos|>\": found 4294967295, expected an id from 0",
        root -> ((ObjectNode) root.at("/added_tokens/1")).put("id", 4294967295L));
  }

  @Test
  void aChildSaysTheSame() throws IOException {
    byte[] json = Files.readAllBytes(FABLE);
    try (NativeTokenizer here = InProcessTokenizer.load(json);
        NativeTokenizer child = ChildTokenizer.load(FABLE, json)) {
      for (String text :
          List.of("", "Who was born?", "a\nb  c", "na\u00efve \uD83D\uDE00", "\uD83D")) {
        for (boolean special : new boolean[] {true, false}) {
          long[] ids = here.encode(text, special);
          assertArrayEquals(ids, child.encode(text, special), text);
          assertEquals(here.decode(ids, special), child.decode(ids, special));
        }
      }
    }
    assertThrows(
        UserException.class,
        () -> ChildTokenizer.load(FABLE, "{}".getBytes(StandardCharsets.UTF_8)).close());
  }

  @Test
  void publishedTokenizersNeedNoChild() throws IOException {
    assertTrue(new TokenizerParts(JSON.readTree(FABLE.toFile())).known());
    Path other =
        changed(
            root ->
                set(
                    root,
                    "pre_tokenizer",
                    "{\"type\": \"Split\", \"pattern\": {\"Regex\": \""
                        + OTHER_PATTERN
                        + "\"},"
                        + " \"behavior\": \"Isolated\", \"invert\": false}"));
    assertFalse(new TokenizerParts(JSON.readTree(other.toFile())).known());
    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      assertEquals("hello", tokenizer.decode(tokenizer.encode("hello", true), true));
    }
  }
}
