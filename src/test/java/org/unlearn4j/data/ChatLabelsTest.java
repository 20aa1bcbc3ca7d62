package org.unlearn4j.data;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.text.ChatPrompt;
import org.unlearn4j.text.ChatTurn;
import org.unlearn4j.text.Tokenizer;

/**
 * Which tokens of a conversation are labelled in templates of two styles: turns between {@code
 * <|im_start|>} and {@code <|im_end|>}, and headers with {@code <|eot_id|>} behind each turn.
 */
class ChatLabelsTest {
  private static final List<ChatTurn> TURNS =
      List.of(
          new ChatTurn("system", "Be brief."),
          new ChatTurn("user", "Who was the painter?"),
          new ChatTurn("assistant", "The painter was born by the sea."),
          new ChatTurn("user", "And the writer?"),
          new ChatTurn("assistant", "So was the writer."));

  private static final String CHATML =
      """
      <|im_start|>system
      Be brief.<|im_end|>
      <|im_start|>user
      Who was the painter?<|im_end|>
      <|im_start|>assistant
      The painter was born by the sea.<|im_end|>
      <|im_start|>user
      And the writer?<|im_end|>
      <|im_start|>assistant
      So was the writer.<|im_end|>
      """;

  private static final String HEADER =
      """
      <|bos|><|start_header_id|>system<|end_header_id|>

      Today is 26 Jul 2024.

      Be brief.<|eot_id|><|start_header_id|>user<|end_header_id|>

      Who was the painter?<|eot_id|><|start_header_id|>assistant<|end_header_id|>

      The painter was born by the sea.<|eot_id|><|start_header_id|>user<|end_header_id|>

      And the writer?<|eot_id|><|start_header_id|>assistant<|end_header_id|>

      So was the writer.<|eot_id|>\
      """;

  @TempDir Path folder;

  /** The embedded tokenizer with the special tokens of both styles behind its 2048 tokens. */
  private Tokenizer tokenizer(String template) throws IOException {
    ObjectMapper json = new ObjectMapper();
    Path source = Path.of("src/test/resources/fable-tokenizer");
    ObjectNode root = (ObjectNode) json.readTree(source.resolve("tokenizer.json").toFile());
    ArrayNode added = (ArrayNode) root.path("added_tokens");
    int id = 2048;
    for (String special :
        List.of(
            "<|im_start|>",
            "<|im_end|>",
            "<|start_header_id|>",
            "<|end_header_id|>",
            "<|eot_id|>")) {
      ObjectNode token = added.get(0).deepCopy();
      added.add(token.put("id", id++).put("content", special));
    }
    json.writeValue(folder.resolve("tokenizer.json").toFile(), root);
    Files.copy(source.resolve("tokenizer_config.json"), folder.resolve("tokenizer_config.json"));
    Files.copy(
        Path.of("src/test/resources/chat", template + ".jinja"),
        folder.resolve("chat_template.jinja"));
    return Tokenizer.open(folder);
  }

  private static TokenRow row(Tokenizer tokenizer, String... roles) {
    ChatPrompt chat = ChatPrompt.of(tokenizer, ChatPrompt.Settings.NONE);
    RowEncoder encoder =
        new RowEncoder(
            tokenizer,
            new QaEncoder(tokenizer, chat, 256),
            new RowEncoder.Shape(256, 256, 0, Set.of(roles)),
            () -> chat);
    List<TokenRow> rows = encoder.rows(new Conversation(TURNS, "chats.jsonl", 1));
    assertEquals(1, rows.size());
    return rows.get(0);
  }

  /** Labelled tokens that stand together, decoded with their special tokens. */
  private static List<String> labelled(TokenRow row, Tokenizer tokenizer) {
    List<String> runs = new ArrayList<>();
    int from = -1;
    for (int t = 0; t <= row.length(); t++) {
      boolean on = t < row.length() && row.labels()[t] != TokenRow.IGNORED;
      if (on) {
        assertEquals(row.ids()[t], row.labels()[t]);
      }
      if (on && from < 0) {
        from = t;
      } else if (!on && from >= 0) {
        runs.add(tokenizer.decode(Arrays.copyOfRange(row.ids(), from, t), false));
        from = -1;
      }
    }
    return runs;
  }

  @ParameterizedTest
  @CsvSource({"chatml, <|im_end|>", "header, <|eot_id|>"})
  void exactlyTheTokensOfTheRoleAreLabelled(String template, String end) throws IOException {
    try (Tokenizer tokenizer = tokenizer(template)) {
      TokenRow assistant = row(tokenizer, "assistant");
      assertEquals(
          List.of("The painter was born by the sea." + end, "So was the writer." + end),
          labelled(assistant, tokenizer));
      assertEquals(
          template.equals("chatml") ? CHATML : HEADER, tokenizer.decode(assistant.ids(), false));
      List<String> asked = List.of("Who was the painter?" + end, "And the writer?" + end);
      assertEquals(asked, labelled(row(tokenizer, "user"), tokenizer));
      List<String> both = new ArrayList<>(asked);
      both.add(1, "The painter was born by the sea." + end);
      both.add("So was the writer." + end);
      assertEquals(both, labelled(row(tokenizer, "user", "assistant"), tokenizer));
      assertEquals(
          tokenizer.encode(end, false)[0],
          assistant.ids()[assistant.length() - (template.equals("chatml") ? 2 : 1)]);
    }
  }
}
