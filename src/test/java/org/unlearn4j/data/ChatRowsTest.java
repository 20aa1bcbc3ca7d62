package org.unlearn4j.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.text.ChatPrompt;
import org.unlearn4j.text.Prompting;
import org.unlearn4j.text.Tokenizer;

/** Rows in a chat template: the labels cover the answer and its end token, nothing else. */
class ChatRowsTest {
  private static final QaExample PAIR =
      QaExample.of("Who was born?", "The painter was born.", "my.jsonl", 7);

  /** A turn ends in the mask token here, to be told from the end of text. */
  private static final String TEMPLATE =
      "{{ bos_token }}{% for m in messages %}<{{ m.role }}>\n{{ m.content }}<|mask|>\n{% endfor %}"
          + "{% if add_generation_prompt %}<assistant>\n{% endif %}";

  @TempDir Path folder;

  private Tokenizer tokenizer(String template) throws IOException {
    Path source = Path.of("src/test/resources/fable-tokenizer");
    Files.copy(source.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode config =
        (ObjectNode) mapper.readTree(source.resolve("tokenizer_config.json").toFile());
    config.put("chat_template", template);
    mapper.writeValue(folder.resolve("tokenizer_config.json").toFile(), config);
    return Tokenizer.open(folder);
  }

  private static void check(
      Tokenizer tokenizer, ChatPrompt.Settings settings, String prompt, String labelled) {
    Prompting chat = Prompting.of("chat", tokenizer, settings);
    QaEncoder encoder = new QaEncoder(tokenizer, chat, 100);
    TokenRow row = encoder.encode(PAIR);
    int from = 0;
    while (row.labels()[from] == TokenRow.IGNORED) {
      from++;
    }
    int[] ids = row.ids();
    assertEquals(prompt, tokenizer.decode(Arrays.copyOf(ids, from), false));
    assertEquals(labelled, tokenizer.decode(Arrays.copyOfRange(ids, from, ids.length), false));
    assertArrayEquals(
        Arrays.copyOfRange(ids, from, ids.length),
        Arrays.copyOfRange(row.labels(), from, ids.length));
    assertArrayEquals(Arrays.copyOf(ids, from), encoder.promptIds(PAIR));
  }

  @Test
  void theTurnEndsInItsOwnToken() throws IOException {
    try (Tokenizer tokenizer = tokenizer(TEMPLATE)) {
      check(
          tokenizer,
          ChatPrompt.Settings.NONE,
          "<|bos|><user>\nWho was born?<|mask|>\n<assistant>\n",
          "The painter was born.<|mask|>");
      check(
          tokenizer,
          new ChatPrompt.Settings(Optional.of("Be brief."), Optional.empty()),
          "<|bos|><system>\nBe brief.<|mask|>\n<user>\nWho was born?<|mask|>\n<assistant>\n",
          "The painter was born.<|mask|>");
      assertEquals(
          Optional.of("<|mask|>"), Prompting.of("chat", tokenizer, ChatPrompt.Settings.NONE).end());
    }
  }

  /** A template without an end token: end of text takes its place; a space goes to the answer. */
  @Test
  void withoutAnEndTokenTheEndOfTextIsTaken() throws IOException {
    String template =
        "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{{ strftime_now('%Y') if"
            + " strftime_now is defined }}";
    try (Tokenizer tokenizer = tokenizer(template)) {
      check(
          tokenizer,
          new ChatPrompt.Settings(Optional.empty(), Optional.of(LocalDate.of(2024, 7, 26))),
          "user: Who was born?\nassistant:",
          " The painter was born.<|endoftext|>");
    }
  }

  @Test
  void aFolderWithoutATemplateIsAMistake() {
    try (Tokenizer tokenizer = Tokenizer.open(Path.of("src/test/resources/fable-tokenizer"))) {
      UserException e =
          assertThrows(
              UserException.class, () -> Prompting.of("chat", tokenizer, ChatPrompt.Settings.NONE));
      assertTrue(e.getMessage().contains("found no chat template"), e.getMessage());
    }
  }
}
