package org.unlearn4j.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Set;
import java.util.function.Predicate;
import org.unlearn4j.base.UserException;

/**
 * What a {@code tokenizer.json} is made of, by the tokenizers library's own words. The library
 * takes much of it on trust: names that are not there, tables that are none and patterns that take
 * exponential time end the process that it runs in.
 *
 * @param root of the file
 */
record TokenizerParts(JsonNode root) {
  private static final Set<String> NORMALIZERS =
      Set.of(
          "NFC",
          "NFD",
          "NFKC",
          "NFKD",
          "Lowercase",
          "StripAccents",
          "Strip",
          "BertNormalizer",
          "ByteLevel");

  private static final Set<String> PRE_TOKENIZERS =
      Set.of(
          "ByteLevel",
          "Whitespace",
          "WhitespaceSplit",
          "BertPreTokenizer",
          "Metaspace",
          "Punctuation",
          "Digits",
          "UnicodeScripts");

  /** WordPiece and WordLevel look up what they are given; Unigram searches through it. */
  private static final Set<String> MODELS = Set.of("BPE", "WordPiece", "WordLevel");

  private static final Set<String> PROCESSORS =
      Set.of("ByteLevel", "BertProcessing", "RobertaProcessing", "TemplateProcessing");

  private static final Set<String> DECODERS =
      Set.of("ByteLevel", "WordPiece", "Metaspace", "BPEDecoder", "Fuse", "ByteFallback");

  /** How GPT-2, the later GPTs, Llama 3, Qwen 2 and OLMo 2 cut text: each in linear time. */
  private static final Set<String> PATTERNS =
      Set.of(
          "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
          "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
              + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
          "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
              + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
          "\\p{N}{1,3}",
          "\\p{N}",
          "\\d",
          "\\s+",
          "[\\r\\n]");

  /** Whether the library is known to do with every part whatever text it is given. */
  boolean known() {
    return part(root.path("normalizer"), "normalizers", this::normalizer)
        && part(root.path("pre_tokenizer"), "pretokenizers", this::preTokenizer)
        && part(root.path("post_processor"), "processors", n -> PROCESSORS.contains(type(n)))
        && part(root.path("decoder"), "decoders", this::decoder)
        && model(root.path("model"))
        && addedTokens();
  }

  /** One part, a sequence of parts, or none. */
  private boolean part(JsonNode node, String elements, Predicate<JsonNode> known) {
    if (node.isMissingNode() || node.isNull()) {
      return true;
    }
    if (!type(node).equals("Sequence")) {
      return known.test(node);
    }
    for (JsonNode each : node.path(elements)) {
      if (!part(each, elements, known)) {
        return false;
      }
    }
    return node.path(elements).isArray();
  }

  private static String type(JsonNode node) {
    return node.path("type").asText();
  }

  private boolean normalizer(JsonNode node) {
    return switch (type(node)) {
      // The library puts nothing in front of a text, and then reads the first character of it.
      case "Prepend" ->
          node.path("prepend").isTextual() && !node.path("prepend").asText().isEmpty();
      case "Replace" -> text(node.path("pattern"));
      default -> NORMALIZERS.contains(type(node));
    };
  }

  private boolean preTokenizer(JsonNode node) {
    JsonNode pattern = node.path("pattern");
    return type(node).equals("Split")
        ? text(pattern) || PATTERNS.contains(pattern.path("Regex").asText())
        : PRE_TOKENIZERS.contains(type(node));
  }

  private boolean decoder(JsonNode node) {
    return switch (type(node)) {
      case "Replace" -> text(node.path("pattern"));
      case "Strip" -> node.path("stop").asInt(-1) == 0; // from the end it counts without looking
      default -> DECODERS.contains(type(node));
    };
  }

  /** A text to be looked for; an empty one is found without end. */
  private static boolean text(JsonNode pattern) {
    return pattern.path("String").isTextual() && !pattern.path("String").textValue().isEmpty();
  }

  private static boolean model(JsonNode model) {
    JsonNode prefix = model.path("continuing_subword_prefix");
    // BPE cuts the prefix off every second half of a merge, whether it is there or not.
    boolean cuts = type(model).equals("BPE") && prefix.isTextual() && !prefix.textValue().isEmpty();
    return MODELS.contains(type(model)) && !cuts;
  }

  private boolean addedTokens() {
    for (JsonNode token : root.path("added_tokens")) {
      if (token.path("content").asText().isEmpty()) {
        return false;
      }
    }
    return true;
  }

  /**
   * Checks what the library looks up without asking whether it is there.
   *
   * @throws UserException if a template names a piece that the file does not have
   */
  void require(Path file) {
    require(file, "post_processor", root.path("post_processor"));
  }

  private static void require(Path file, String place, JsonNode node) {
    if (type(node).equals("TemplateProcessing")) {
      JsonNode specials = node.path("special_tokens");
      for (String kind : new String[] {"single", "pair"}) {
        for (JsonNode piece : node.path(kind)) {
          String special = piece.path("SpecialToken").path("id").asText();
          if (piece.has("SpecialToken") && !specials.has(special)) {
            throw UserException.at(
                file, place + "." + kind, "the piece \"" + special + "\"", "one of special_tokens");
          }
          if (kind.equals("single") && piece.path("Sequence").path("id").asText().equals("B")) {
            throw UserException.at(
                file, place + ".single", "a second text (B)", "only the first (A)");
          }
        }
      }
    }
    int i = 0;
    for (JsonNode each : node.path("processors")) {
      require(file, place + ".processors[" + i++ + "]", each);
    }
  }
}
