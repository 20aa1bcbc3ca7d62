package org.unlearn4j.config;

import java.nio.file.Path;
import java.util.List;

/** Keys of the block {@code card}: what a model card says that no measurement knows. */
final class CardKeys {
  private static final Key<String> FORGOTTEN =
      new Key<>(
          "card.forgotten",
          ValueType.text("words"),
          Fallback.absent("the names of benchmark and forget split"),
          "what was forgotten, for readers of the card");
  private static final Key<String> BASE_MODEL =
      new Key<>(
          "card.base_model",
          ValueType.text("a model's name"),
          Fallback.absent("what the base model's config.json remembers"),
          "the model that was unlearned, as the hub knows it");
  private static final Key<String> LICENSE =
      new Key<>(
          "card.license",
          ValueType.text("a licence's identifier"),
          Fallback.absent("that of the base model's own card"),
          "the licence of the unlearned model");
  private static final Key<Path> TEMPLATE =
      new Key<>(
          "card.template",
          ValueType.path("a Markdown file"),
          Fallback.absent("the built-in one"),
          "the card with its places in double braces, see docs/reference/model-card.md");

  private CardKeys() {}

  static List<Key<?>> keys() {
    return List.of(FORGOTTEN, BASE_MODEL, LICENSE, TEMPLATE);
  }

  static Section section() {
    return new Section("card", false, "the model cards that `verify` writes");
  }

  static CardSettings read(Settings s) {
    return new CardSettings(
        s.find(FORGOTTEN), s.find(BASE_MODEL), s.find(LICENSE), s.find(TEMPLATE));
  }
}
