package org.unlearn4j.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.ModelFiles;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.SurgerySettings;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.train.ModelFolder;

/** Cuts directions out of a model that is there already, and writes it with the record of it. */
public final class SurgeryStage {
  private SurgeryStage() {}

  /**
   * Writes a Hugging Face folder. The record of an unlearning goes along, with a block {@code
   * surgery}.
   *
   * @param pipeline with {@code unlearn.surgery}; its {@code model.path} is the model before it
   *     forgot
   * @param model that is cut
   * @param out an older model of that name is replaced
   * @throws UserException if the input is at fault, or nothing can be cut
   */
  public static void run(Pipeline pipeline, Path model, Path out, PrintStream log) {
    SurgerySettings settings =
        pipeline
            .unlearn()
            .surgery()
            .orElseThrow(
                () ->
                    new UserException(
                        "pipeline: found no block unlearn.surgery, expected one, or --set"
                            + " unlearn.surgery.rank=8."));
    Optional<Path> base = pipeline.model().path();
    ModelFolder.requireWritable(
        out, List.of(Optional.of(model), base, pipeline.model().tokenizer()));
    Decoder decoder = Decoder.of(ModelConfig.read(model));
    Path tokenizer = pipeline.model().tokenizerFolder().orElse(model);
    try (TaskData data = new TaskData(pipeline, tokenizer, decoder.config().maxPositions())) {
      List<TokenRow> forget = data.forget();
      List<TokenRow> retain = data.retain();
      data.notes().forEach(log::println);
      Surgery.Rows rows = new Surgery.Rows(forget, retain, pipeline.evaluate().tokenBudget());
      Surgery surgery = new Surgery(settings, decoder, rows);
      Optional<Healing> healing = Healing.of(pipeline, decoder, rows, tokenizer, out, log);
      ObjectNode record = record(model);
      Computation computation = RuntimeModels.measuring(pipeline.model());
      if (settings.from().before()) {
        try (TensorFlowModel before = TensorFlowModel.open(base.orElse(model), computation)) {
          surgery.before(before);
        }
      }
      try (TensorFlowModel after = TensorFlowModel.open(model, computation)) {
        ObjectNode done = surgery.cut(after, after.variables(), log);
        done.set("settings", settings(pipeline));
        done.set(
            "source_sha256",
            new ObjectMapper()
                .valueToTree(RuntimeModels.weightHashes(model, "tf", FileHashes.inMemory())));
        done.set("data_sha256", new ObjectMapper().valueToTree(data.provenance()));
        record.set("surgery", done);
        healing.ifPresent(h -> h.keep(after.variables()));
        if (healing.isEmpty()) {
          StageSupport.write(
              after.variables(),
              decoder,
              out,
              StageSupport.layout(model, decoder),
              tokenizer,
              Optional.of(record));
        }
      }
      healing.ifPresent(h -> h.write(out, model, record, likelihood -> {}));
    }
  }

  private static ObjectNode settings(Pipeline pipeline) {
    ObjectNode all = new ObjectMapper().valueToTree(pipeline.values(Set.of("unlearn")));
    return all.withObjectProperty("unlearn").withObjectProperty("surgery");
  }

  private static ObjectNode record(Path model) {
    Path file = model.resolve(ModelFiles.UNLEARNING);
    if (!Files.isRegularFile(file)) {
      return new ObjectMapper().createObjectNode();
    }
    JsonInput input = JsonInput.read(file, "the record of an unlearning");
    if (!(input.node() instanceof ObjectNode root)) {
      throw input.mistake("a JSON object");
    }
    return root;
  }
}
