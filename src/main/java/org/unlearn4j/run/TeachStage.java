package org.unlearn4j.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.base.ModelFiles;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.ArchitectureSettings;
import org.unlearn4j.config.FinetuneSettings;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.config.ModelSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.stage.Inputs;
import org.unlearn4j.text.Tokenizer;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.train.FreshWeights;
import org.unlearn4j.train.ModelFolder;
import org.unlearn4j.train.Trainer;
import org.unlearn4j.train.TrainingData;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.weights.DType;

/** Teaches a model a data set, from given or from fresh weights. */
public final class TeachStage {
  private final Pipeline pipeline;
  private final PrintStream log;
  private final FileHashes hashes;

  /**
   * A stage.
   *
   * @param log for notes on the data
   * @param hashes of files that are read
   */
  public TeachStage(Pipeline pipeline, PrintStream log, FileHashes hashes) {
    this.pipeline = pipeline;
    this.log = log;
    this.hashes = hashes;
  }

  /** What decides the model, which is written in {@code dtype}. */
  public Inputs inputs(DType dtype, Optional<Inputs> earlier) {
    ModelSettings model = pipeline.model();
    boolean random = model.init() == ModelSettings.Init.RANDOM;
    StageInputs inputs =
        new StageInputs(pipeline, hashes)
            .settings("model.init", "model.architecture")
            .value("dtype", dtype.code())
            .teaching("finetune")
            .tokenizer("tokenizer", model.tokenizerFolder().orElseThrow())
            .data(earlier);
    if (random) {
      model
          .config()
          .ifPresentOrElse(
              c -> inputs.file("config.json", c.resolve(ModelFiles.CONFIG)).graph(c, "forward"),
              () -> inputs.listing("llama.forward"));
    } else {
      inputs.model("model", path()).graph(path(), "forward");
    }
    return inputs.build();
  }

  /**
   * Trains and writes a Hugging Face folder. Its checkpoints stay until {@link Trained#close}.
   *
   * @param dtype of the weights that are written
   * @throws UserException if the pipeline has no such stage, or its input is at fault
   */
  public Trained run(Path out, DType dtype) {
    FinetuneSettings settings =
        pipeline
            .finetune()
            .orElseThrow(
                () ->
                    new UserException(
                        "pipeline: found no finetune block, expected one for this stage."));
    ModelSettings model = pipeline.model();
    ModelFolder.requireWritable(
        out, List.of(model.path(), model.reference(), model.config(), model.tokenizer()));
    Path tokenizer = model.tokenizerFolder().orElseThrow();
    Decoder decoder =
        Decoder.of(
            model.init() == ModelSettings.Init.RANDOM ? fresh(model) : ModelConfig.read(path()));
    LoopSettings loop = settings.loop();
    String split =
        switch (settings.data()) {
          case FULL -> "full";
          case RETAIN -> pipeline.data().retain();
          case FORGET -> pipeline.data().forget();
        };
    String name = String.valueOf(out.getFileName());
    List<TokenRow> rows;
    Trainer.Files files;
    Map<String, String> read;
    // Data first: what is wrong with it shall not wait for a graph to be built.
    try (TaskData data = new TaskData(pipeline, tokenizer, decoder.config().maxPositions())) {
      rows = data.training(split);
      data.notes().forEach(log::println);
      read = data.read();
      String identity = inputs(dtype, Optional.empty()).with(read).identity("finetune");
      files = StageSupport.files(out, "finetune-" + name + ".jsonl", identity);
    }
    Computation computation = RuntimeModels.training(model, loop);
    new SettledPrecision(log)
        .warn(pipeline, decoder.config(), loop, out.toAbsolutePath().getParent());
    Objective objective =
        Adapters.of(
            Objective.finetune(),
            loop,
            "finetune",
            decoder,
            model.init() == ModelSettings.Init.RANDOM ? List.of() : List.of(path()));
    MemoryCheck.ofTraining(
            "finetune", decoder, objective, computation, loop, TrainingData.learn(rows))
        .require(log);
    try (Pupil pupil = new Pupil(decoder, objective, loop, computation)) {
      assign(pupil, decoder, loop.seed());
      Trainer.Finished finished = pupil.learn(rows, files, "finetune " + name);
      StageSupport.write(
          pupil.graph(),
          model.path(),
          out,
          ModelFolder.fresh(decoder, dtype),
          tokenizer,
          Optional.empty());
      return new Trained(finished, read, files);
    }
  }

  private Path path() {
    return pipeline.model().path().orElseThrow();
  }

  private void assign(Pupil pupil, Decoder decoder, long seed) {
    if (pipeline.model().init() == ModelSettings.Init.RANDOM) {
      pupil.assign(FreshWeights.of(seed, decoder.config().initializerRange()));
      return;
    }
    pupil.assign(path());
  }

  /** The shape of a random model. */
  static ModelConfig fresh(ModelSettings model) {
    Optional<Path> given = model.config();
    if (given.isPresent()) {
      return ModelConfig.read(given.get());
    }
    ArchitectureSettings a = model.architecture().orElseThrow();
    try (Tokenizer tokenizer = Tokenizer.open(model.tokenizerFolder().orElseThrow())) {
      ObjectNode json = new ObjectMapper().createObjectNode();
      json.putArray("architectures").add("LlamaForCausalLM");
      json.put("model_type", "llama")
          .put("vocab_size", tokenizer.vocabSize())
          .put("hidden_size", a.hiddenSize())
          .put("intermediate_size", a.ffn())
          .put("num_hidden_layers", a.layers())
          .put("num_attention_heads", a.heads())
          .put("num_key_value_heads", a.kvHeads())
          .put("head_dim", a.hiddenSize() / a.heads())
          .put("hidden_act", "silu")
          .put("max_position_embeddings", a.maxPositions())
          .put("initializer_range", 0.02)
          .put("rms_norm_eps", 1e-5)
          .put("attention_bias", false)
          .put("mlp_bias", false)
          .put("tie_word_embeddings", a.tied())
          .put("torch_dtype", "float32")
          .put("rope_theta", 10000.0);
      tokenizer.bosId().ifPresent(id -> json.put("bos_token_id", id));
      tokenizer.eosId().ifPresent(id -> json.put("eos_token_id", id));
      tokenizer.padId().ifPresent(id -> json.put("pad_token_id", id));
      return ModelConfig.of(json);
    }
  }
}
