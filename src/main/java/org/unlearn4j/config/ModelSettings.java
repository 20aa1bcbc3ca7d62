package org.unlearn4j.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Which model, and how it is computed.
 *
 * @param path the HF folder a stage starts from; empty where {@code init} is random
 * @param reference the retain-only model that forget quality is measured against
 * @param config HF folder whose config.json gives the shape of a random model
 * @param architecture the shape of a random model, spelled out
 * @param tokenizer HF folder with the tokenizer, where it is not the model's own
 * @param device where it is computed
 * @param spread what each of several devices has
 */
public record ModelSettings(
    Optional<Path> path,
    Optional<Path> reference,
    Init init,
    Optional<Path> config,
    Optional<ArchitectureSettings> architecture,
    Optional<Path> tokenizer,
    Precision precision,
    DeviceSetting device,
    DeviceSetting.Spread spread) {

  /** Where the first weights come from. */
  public enum Init implements Spelled {
    PRETRAINED("pretrained"),
    RANDOM("random");

    private final String spelling;

    Init(String spelling) {
      this.spelling = spelling;
    }

    @Override
    public String spelling() {
      return spelling;
    }
  }

  /** Of matrix products; weights, losses, norms and softmax are float32 always. */
  public enum Precision implements Spelled {
    FP32("fp32"),
    /** float32 whose products a GPU may round to TF32. */
    TF32("tf32"),
    BF16("bf16"),
    /** What a measurement finds faster: a run settles it to one of the others before it begins. */
    AUTO("auto");

    private final String spelling;

    Precision(String spelling) {
      this.spelling = spelling;
    }

    @Override
    public String spelling() {
      return spelling;
    }
  }

  /** The folder the tokenizer comes from: its own key, or the model's, or the shape's folder. */
  public Optional<Path> tokenizerFolder() {
    return tokenizer.or(() -> path).or(() -> config);
  }
}
