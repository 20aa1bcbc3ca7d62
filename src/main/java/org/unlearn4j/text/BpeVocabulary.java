package org.unlearn4j.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * A trained byte-level BPE vocabulary and its file form.
 *
 * @param specials the first tokens
 * @param tokens all tokens by id, in the characters of {@link ByteLevel}
 * @param merges in the order of training, which is the order of their application; merge k makes
 *     token {@code specials + 256 + k}
 */
public record BpeVocabulary(List<String> specials, List<String> tokens, List<Merge> merges) {

  /** Two token ids that become one. */
  public record Merge(int left, int right) {}

  public BpeVocabulary {
    specials = List.copyOf(specials);
    tokens = List.copyOf(tokens);
    merges = List.copyOf(merges);
  }

  /**
   * The text of a {@code tokenizer.json} as the Hugging Face tokenizers library and its descendants
   * read it.
   *
   * @param bos the special token that is put in front of every text
   */
  public String tokenizerJson(String bos) {
    JsonNodeFactory json = JsonNodeFactory.instance;
    ObjectNode root = json.objectNode();
    root.put("version", "1.0").putNull("truncation").putNull("padding");
    ArrayNode added = root.putArray("added_tokens");
    for (int id = 0; id < specials.size(); id++) {
      added
          .addObject()
          .put("id", id)
          .put("content", specials.get(id))
          .put("single_word", false)
          .put("lstrip", false)
          .put("rstrip", false)
          .put("normalized", false)
          .put("special", true);
    }
    root.putNull("normalizer");
    root.set("pre_tokenizer", byteLevel());
    root.set("post_processor", bosInFront(bos));
    root.set("decoder", byteLevel());
    root.set("model", model());
    return pretty(root);
  }

  private ObjectNode model() {
    ObjectNode model = JsonNodeFactory.instance.objectNode();
    model
        .put("type", "BPE")
        .putNull("dropout")
        .putNull("unk_token")
        .putNull("continuing_subword_prefix")
        .putNull("end_of_word_suffix")
        .put("fuse_unk", false)
        .put("byte_fallback", false)
        .put("ignore_merges", false);
    ObjectNode vocab = model.putObject("vocab");
    for (int id = 0; id < tokens.size(); id++) {
      vocab.put(tokens.get(id), id);
    }
    ArrayNode list = model.putArray("merges");
    merges.forEach(merge -> list.add(tokens.get(merge.left()) + " " + tokens.get(merge.right())));
    return model;
  }

  private static ObjectNode byteLevel() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", false)
        .put("use_regex", true);
  }

  private ObjectNode bosInFront(String bos) {
    ObjectNode processor = JsonNodeFactory.instance.objectNode().put("type", "TemplateProcessing");
    ArrayNode single = processor.putArray("single");
    single.addObject().putObject("SpecialToken").put("id", bos).put("type_id", 0);
    single.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
    ArrayNode pair = processor.putArray("pair");
    pair.addAll(single.deepCopy());
    pair.addObject().putObject("SpecialToken").put("id", bos).put("type_id", 1);
    pair.addObject().putObject("Sequence").put("id", "B").put("type_id", 1);
    ObjectNode token = processor.putObject("special_tokens").putObject(bos).put("id", bos);
    token.putArray("ids").add(specials.indexOf(bos));
    token.putArray("tokens").add(bos);
    return processor;
  }

  /**
   * The text of a {@code tokenizer_config.json} that gives the special tokens their roles.
   *
   * @param maxLength positions of the model
   */
  public static String tokenizerConfigJson(
      String bos, String eos, String pad, String mask, int maxLength) {
    return pretty(
        JsonNodeFactory.instance
            .objectNode()
            .put("tokenizer_class", "PreTrainedTokenizerFast")
            .put("bos_token", bos)
            .put("eos_token", eos)
            .put("pad_token", pad)
            .put("mask_token", mask)
            .put("clean_up_tokenization_spaces", false)
            .put("model_max_length", maxLength));
  }

  /** Indented, with line breaks that are the same on every platform. */
  private static String pretty(ObjectNode node) {
    DefaultIndenter indenter = new DefaultIndenter(" ", "\n");
    DefaultPrettyPrinter printer = new DefaultPrettyPrinter();
    printer.indentObjectsWith(indenter);
    printer.indentArraysWith(indenter);
    try {
      return new ObjectMapper().writer(printer).writeValueAsString(node) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of strings and numbers is always JSON", e);
    }
  }
}
