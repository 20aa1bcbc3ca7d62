package org.unlearn4j.run;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.ModelFiles;
import org.unlearn4j.base.UserException;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.onnx.RoundedWeights;
import org.unlearn4j.train.ModelFolder;
import org.unlearn4j.weights.CodeFormat;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.GraphChoices;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.Variant;

/** Writes the checkpoint that a quantised file stands for. */
public final class RoundStage {
  /**
   * Files that compute what a checkpoint with other weights would compute; q4f16 but for products
   * in float16.
   */
  private static final List<Variant> VARIANTS = List.of(Variant.INT8, Variant.INT4, Variant.Q4F16);

  private RoundStage() {}

  /** What {@link #run} takes for a variant, in words. */
  public static String variants() {
    List<String> labels = VARIANTS.stream().map(Variant::label).toList();
    int last = labels.size() - 1;
    return String.join(", ", labels.subList(0, last)) + " or " + labels.get(last);
  }

  /**
   * Writes a Hugging Face folder with float32 weights, the tokenizer and what else goes along with
   * a model. The record of an unlearning goes along too, and says what happened since in a block
   * {@code rounded}.
   *
   * @param tables whether int4 applies to the token table too
   * @param choices the codes of the file
   * @param out an older model of that name is replaced
   * @return sentences that the user should read
   * @throws UserException if the model or the variant is at fault, or something else would be
   *     replaced
   */
  public static List<String> run(
      Path model, Variant variant, boolean tables, GraphChoices choices, Path out) {
    if (!VARIANTS.contains(variant)) {
      throw new UserException(
          "--variant: found "
              + variant.label()
              + ", expected "
              + variants()
              + ", whose weights alone say what it computes.");
    }
    ModelFolder.requireWritable(out, List.of(Optional.of(model)));
    ModelConfig config = ModelConfig.read(model);
    choices
        .codes(variant)
        .requireLayers(config.layers(), "eight_bit_layers of " + variant.label(), model.toString());
    try (SafeTensors weights = SafeTensors.open(model)) {
      RoundedWeights rounded = RoundedWeights.of(config, weights, variant, tables, choices);
      ModelFolder.write(
          out,
          rounded.decoder(),
          ModelFolder.fresh(rounded.decoder(), DType.F32),
          rounded::forEach,
          model,
          record(model, variant, tables, choices));
      List<String> notes = new ArrayList<>();
      if (rounded.decoder().config().tiedEmbeddings() != config.tiedEmbeddings()) {
        notes.add(
            out
                + ": the head is no longer tied to the token table, for the "
                + variant.label()
                + " file reads the head in codes and the table as it is.");
      }
      if (choices.codes(variant).accuracyLevel() == CodeFormat.QUANTISES_ACTIVATIONS) {
        notes.add(
            out
                + ": the "
                + variant.label()
                + " file quantises activations too (accuracy_level 4), which no weights tell.");
      }
      return notes;
    }
  }

  private static Optional<ObjectNode> record(
      Path model, Variant variant, boolean tables, GraphChoices choices) {
    Path file = model.resolve(ModelFiles.UNLEARNING);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    JsonInput input = JsonInput.read(file, "the record of an unlearning");
    if (!(input.node() instanceof ObjectNode root)) {
      throw input.mistake("a JSON object");
    }
    ObjectNode block = root.putObject("rounded");
    block.put("variant", variant.label()).put("token_table", tables);
    if (!choices.changes(variant).isEmpty()) {
      block.put("choices", choices.changes(variant));
    }
    ObjectNode hashes = block.putObject("source_sha256");
    RuntimeModels.weightHashes(model, "tf", FileHashes.inMemory()).forEach(hashes::put);
    return Optional.of(root);
  }
}
