package org.unlearn4j.weights;

import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Under which names a checkpoint stores a text model's parameters: mostly their own. Some published
 * GPT-2 files leave out a prefix, and in a multimodal model the text model is a part, called {@code
 * language_model} before or behind {@code model}.
 *
 * @param all names in the checkpoint
 */
record StoredNames(Set<String> all) {
  private static final String GPT2_PREFIX = "transformer.";
  private static final String ROOT = "model.";
  private static final String PART = "language_model.";

  /** Parts of multimodal models that read something else than text. */
  private static final Pattern ELSEWHERE =
      Pattern.compile("(model\\.)?(vision_tower|multi_modal_projector)\\..*");

  /** The name under which a parameter is stored; its own where it is not. */
  String of(String name) {
    return Stream.concat(Stream.of(name), others(name).stream())
        .filter(all::contains)
        .findFirst()
        .orElse(name);
  }

  private static List<String> others(String name) {
    if (name.startsWith(GPT2_PREFIX)) {
      return List.of(name.substring(GPT2_PREFIX.length()));
    }
    return name.startsWith(ROOT)
        ? List.of(PART + name, ROOT + PART + name.substring(ROOT.length()))
        : List.of(PART + name);
  }

  /** Whether a stored tensor belongs to another part of a multimodal model. */
  boolean elsewhere(String stored) {
    return ELSEWHERE.matcher(stored).matches()
        && all.stream().anyMatch(n -> n.startsWith(PART) || n.startsWith(ROOT + PART));
  }
}
