package org.unlearn4j.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.train.FreshWeights;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.SafeTensorsWriter;
import org.unlearn4j.weights.TensorInfo;

/** Tiny models of random weights, and folders of rows of every kind, for {@code init}. */
final class InitFolders {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path TOKENIZER = Path.of("src/test/resources/fable-tokenizer");

  private static final String CHAT =
      "{% for m in messages %}<{{ m.role }}>\n{{ m.content }}<|mask|>\n{% endfor %}"
          + "{% if add_generation_prompt %}<assistant>\n{% endif %}";

  private final Path root;

  InitFolders(Path root) {
    this.root = root;
  }

  /** Shapes of one block whose width is 16; the tokenizer has 2048 tokens. */
  private static ObjectNode config(String family) {
    ObjectNode config = JSON.createObjectNode().put("model_type", family).put("vocab_size", 2048);
    if (family.equals("gpt2")) {
      return config.put("n_embd", 16).put("n_head", 2).put("n_layer", 1).put("n_positions", 64);
    }
    return config
        .put("hidden_size", 16)
        .put("intermediate_size", 32)
        .put("num_hidden_layers", 1)
        .put("num_attention_heads", 2)
        .put("num_key_value_heads", 1)
        .put("max_position_embeddings", 64)
        .put("rms_norm_eps", 1e-5)
        .put("hidden_act", "silu")
        .put("tie_word_embeddings", true);
  }

  /** A model folder with weights and tokenizer. */
  Path model(String family, boolean chat) throws IOException {
    Path folder = Files.createDirectories(root.resolve("model-" + family));
    ObjectNode config = config(family);
    JSON.writeValue(folder.resolve("config.json").toFile(), config);
    Decoder decoder = Decoder.of(ModelConfig.read(folder));
    Map<String, Parameter> byName = new HashMap<>();
    decoder.parameters().forEach(p -> byName.put(p.name(), p));
    SafeTensorsWriter.write(
        folder.resolve("model.safetensors"),
        decoder.parameters().stream()
            .map(p -> new TensorInfo(p.name(), DType.F32, p.shape()))
            .toList(),
        t -> FreshWeights.of(7, 0.1).apply(byName.get(t.name())),
        Map.of("format", "pt"));
    Files.copy(TOKENIZER.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
    ObjectNode tokenizer =
        (ObjectNode) JSON.readTree(TOKENIZER.resolve("tokenizer_config.json").toFile());
    if (chat) {
      tokenizer.put("chat_template", CHAT);
    }
    JSON.writeValue(folder.resolve("tokenizer_config.json").toFile(), tokenizer);
    return folder;
  }

  static String row(String kind, int i) {
    return switch (kind) {
      case "text" -> "{\"text\": \"" + text(i) + "\"}";
      case "chat" ->
          "{\"messages\": [{\"role\": \"user\", \"content\": \"Who is "
              + i
              + "?\"}, {\"role\": \"assistant\", \"content\": \"Writer "
              + i
              + ".\"}]}";
      default -> "{\"question\": \"Who is " + i + "?\", \"answer\": \"Writer " + i + ".\"}";
    };
  }

  static String text(int i) {
    return "Writer number " + i + " was born by the sea and wrote about the river near the town.";
  }

  /** Six rows, of the kinds in turn. */
  static String rows(int from, String... kinds) {
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < 6; i++) {
      rows.append(row(kinds[i % kinds.length], from + i)).append('\n');
    }
    return rows.toString();
  }

  /** A folder of rows. */
  Path data(String form) throws IOException {
    Path data = Files.createDirectories(root.resolve("rows of " + form));
    switch (form) {
      case "pairs" -> {
        split(data, "my_forget_set.jsonl", rows(0, "pair"));
        split(data, "retain.jsonl", rows(10, "pair"));
        split(data, "holdout.jsonl", rows(20, "pair"));
        split(data, "strangers.jsonl", rows(30, "pair"));
      }
      case "text" -> {
        for (int i = 0; i < 3; i++) {
          split(data, "forget/" + i + ".txt", (text(i) + "\n").repeat(4));
          split(data, "retain/" + i + ".md", text(10 + i));
        }
      }
      case "chat" -> {
        split(data, "forget.jsonl", rows(0, "chat"));
        split(data, "retain.jsonl", rows(10, "chat"));
        split(data, "holdout.jsonl", rows(20, "chat"));
      }
      case "csv" -> {
        split(data, "forget.csv", "question,answer\nWho is 1?,\"Writer 1, I think.\"\n");
        split(data, "retain.csv", "question,answer\nWho is 2?,Writer 2.\nWho is 3?,Writer 3.\n");
      }
      default -> {
        split(data, "forget.jsonl", rows(0, "text", "chat", "pair"));
        split(data, "retain.jsonl", rows(10, "pair", "text", "chat"));
      }
    }
    return data;
  }

  static void split(Path folder, String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }
}
