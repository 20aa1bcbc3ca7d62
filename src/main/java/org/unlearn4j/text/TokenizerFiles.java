package org.unlearn4j.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.UserException;

/**
 * What the JSON files of a model folder say of its tokens. The native tokenizer answers neither
 * "how many tokens are there" nor "which one ends a text", so the files are read once more here.
 */
record TokenizerFiles(
    String tokenizerJson,
    boolean known,
    int vocabSize,
    OptionalInt bos,
    OptionalInt eos,
    OptionalInt unk,
    OptionalInt pad,
    OptionalInt mask,
    Set<Integer> stop,
    Set<Integer> special) {

  /** Far above every published vocabulary (262,144 tokens). */
  private static final int MOST_IDS = 1 << 27;

  private static final List<String> MASK_SPELLINGS = List.of("<|mask|>", "<mask>", "[MASK]");

  static TokenizerFiles read(Path folder) {
    Path file = folder.resolve("tokenizer.json");
    JsonNode root = required(file);
    TokenizerParts parts = new TokenizerParts(root);
    parts.require(file);
    Map<String, Integer> ids = ids(file, root);
    JsonNode tokenizerConfig = optional(folder.resolve("tokenizer_config.json"));
    JsonNode generation = optional(folder.resolve("generation_config.json"));
    JsonNode config = optional(folder.resolve("config.json"));

    Set<Integer> special = new TreeSet<>();
    for (JsonNode added : root.path("added_tokens")) {
      if (added.path("special").asBoolean(false)) {
        special.add(added.path("id").asInt());
      }
    }
    int size = ids.values().stream().mapToInt(Integer::intValue).max().orElse(-1) + 1;
    Roles roles = new Roles(folder, ids, size, tokenizerConfig, generation, config);
    OptionalInt bos = roles.of("bos");
    OptionalInt eos = roles.of("eos");
    OptionalInt unk = roles.of("unk");
    if (unk.isEmpty() && root.path("model").path("unk_token").isTextual()) {
      unk = optionalId(ids.get(root.path("model").path("unk_token").asText()));
    }
    OptionalInt pad = roles.of("pad");
    OptionalInt mask = roles.of("mask");
    for (String spelling : MASK_SPELLINGS) {
      if (mask.isEmpty()) {
        mask = optionalId(ids.get(spelling));
      }
    }
    Set<Integer> stop = new LinkedHashSet<>();
    eos.ifPresent(stop::add);
    addIds(generation.path("eos_token_id"), stop);
    addIds(config.path("eos_token_id"), stop);
    for (OptionalInt role : List.of(bos, eos, unk, pad, mask)) {
      role.ifPresent(special::add);
    }
    for (int id : stop) {
      if (id < 0 || id >= size) {
        throw UserException.at(
            folder,
            "eos_token_id of config.json and generation_config.json",
            "token " + id,
            "ids 0 to " + (size - 1));
      }
    }
    return new TokenizerFiles(
        withoutTruncation(root),
        parts.known(),
        size,
        bos,
        eos,
        unk,
        pad,
        mask,
        Set.copyOf(stop),
        Set.copyOf(special));
  }

  /** Token names to ids: the model's vocabulary and the tokens added to it. */
  private static Map<String, Integer> ids(Path file, JsonNode root) {
    Map<String, Integer> ids = new HashMap<>();
    JsonNode vocab = root.path("model").path("vocab");
    if (vocab.isObject()) { // BPE, WordPiece, WordLevel: name -> id
      vocab.properties().forEach(e -> ids.put(e.getKey(), id(file, e.getKey(), e.getValue())));
    } else if (vocab.isArray()) { // Unigram: [name, score], the position is the id
      for (int i = 0; i < vocab.size(); i++) {
        ids.put(vocab.get(i).path(0).asText(), i);
      }
    }
    if (ids.isEmpty()) {
      throw UserException.at(
          file, "model.vocab", "no tokens", "a Hugging Face fast tokenizer with its vocabulary");
    }
    for (JsonNode added : root.path("added_tokens")) {
      String content = added.path("content").asText();
      ids.put(content, id(file, content, added.path("id")));
    }
    return ids;
  }

  private static int id(Path file, String token, JsonNode id) {
    if (!id.isInt() || id.intValue() < 0 || id.intValue() > MOST_IDS) {
      throw UserException.at(
          file, "token \"" + token + "\"", id.toString(), "an id from 0 to " + MOST_IDS);
    }
    return id.intValue();
  }

  /**
   * Rows are cut and padded in one place, by the caller; a length limit stored in the file would
   * cut silently.
   */
  private static String withoutTruncation(JsonNode root) {
    ObjectNode copy = (ObjectNode) root;
    copy.putNull("truncation");
    copy.putNull("padding");
    return copy.toString();
  }

  private record Roles(
      Path folder,
      Map<String, Integer> ids,
      int size,
      JsonNode tokenizerConfig,
      JsonNode generation,
      JsonNode config) {

    /**
     * The id of a role (bos, eos, ...): the tokenizer's own word first, then the model's
     * configuration.
     */
    OptionalInt of(String role) {
      JsonNode token = tokenizerConfig.path(role + "_token");
      String name =
          token.isObject()
              ? token.path("content").asText()
              : token.isTextual() ? token.asText() : null;
      if (name != null) {
        Integer id = ids.get(name);
        if (id == null) {
          throw UserException.at(
              folder.resolve("tokenizer_config.json"),
              role + "_token",
              "\"" + name + "\"",
              "a token of tokenizer.json");
        }
        return OptionalInt.of(id);
      }
      for (JsonNode source : List.of(config, generation)) {
        JsonNode id = source.path(role + "_token_id");
        JsonNode first = id.isArray() ? id.path(0) : id;
        // Some models name a token for padding that only their embedding has a row for.
        if (first.isInt() && first.asInt() >= 0 && first.asInt() < size) {
          return OptionalInt.of(first.asInt());
        }
      }
      return OptionalInt.empty();
    }
  }

  private static void addIds(JsonNode node, Set<Integer> into) {
    if (node.isInt()) {
      into.add(node.asInt());
    }
    for (JsonNode each : node) {
      if (each.isInt()) {
        into.add(each.asInt());
      }
    }
  }

  private static OptionalInt optionalId(Integer id) {
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  private static JsonNode required(Path file) {
    if (!Files.isRegularFile(file)) {
      throw UserException.at(
          file, "", "no such file", "the tokenizer of a Hugging Face model folder");
    }
    return parse(file);
  }

  private static JsonNode optional(Path file) {
    return Files.isRegularFile(file) ? parse(file) : MissingNode.getInstance();
  }

  private static JsonNode parse(Path file) {
    return JsonInput.object(file, "a JSON object");
  }
}
