package org.unlearn4j.base;

import java.util.List;

/** Names of what lies in a model's folder beside its weights. */
public final class ModelFiles {
  public static final String CONFIG = "config.json";

  /** Defaults for generating. */
  public static final String GENERATION = "generation_config.json";

  /** What was unlearned, and how: this project's own. */
  public static final String UNLEARNING = "unlearning.json";

  /** The model card. */
  public static final String CARD = "README.md";

  /** Go along with a model unchanged, where they exist. */
  public static final List<String> TOKENIZER =
      List.of(
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "added_tokens.json",
          "vocab.json",
          "merges.txt",
          "tokenizer.model",
          "chat_template.jinja");

  /** What a multimodal model's other parts read; these go along, too. */
  public static final List<String> PROCESSOR =
      List.of("preprocessor_config.json", "processor_config.json");

  private ModelFiles() {}
}
