package org.unlearn4j.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What a model card says that no measurement knows.
 *
 * @param forgotten what was forgotten, in words
 * @param baseModel the model that was unlearned, as the hub knows it
 * @param license its identifier
 * @param template the card with its places in double braces
 */
public record CardSettings(
    Optional<String> forgotten,
    Optional<String> baseModel,
    Optional<String> license,
    Optional<Path> template) {}
