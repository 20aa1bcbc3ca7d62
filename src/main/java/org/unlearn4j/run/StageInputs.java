package org.unlearn4j.run;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.unlearn4j.adapter.AdapterFolder;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.base.ModelFiles;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.ClRegSettings;
import org.unlearn4j.config.Floor;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.RetainName;
import org.unlearn4j.config.SurgerySettings;
import org.unlearn4j.config.UnlearnSettings;
import org.unlearn4j.data.ChoiceReader;
import org.unlearn4j.data.RowFiles;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.onnx.OnnxSummary;
import org.unlearn4j.stage.Inputs;
import org.unlearn4j.weights.CheckpointLayout;

/**
 * What stages read, by content: models, tokenizers, data, settings, the graph. Names begin with
 * what a file is to the stage, never with where it lies.
 */
final class StageInputs {
  /** Before the names of a data set's files. */
  static final String DATA = "data/";

  /** One's own alternate answers, or those of this program. */
  static final String REFUSALS = "refusals";

  /** Other answers to what is forgotten, of the data's own. */
  static final String ALTERNATES = "alternates";

  private static final String ONNX = ".onnx";
  private static final String RESOURCES = "/org/unlearn4j/";
  private static final String LISTINGS = RESOURCES + "graphs/";

  private final Pipeline pipeline;
  private final FileHashes hashes;
  private final Inputs.Builder inputs = new Inputs.Builder();

  StageInputs(Pipeline pipeline, FileHashes hashes) {
    this.pipeline = pipeline;
    this.hashes = hashes;
  }

  Inputs build() {
    return inputs.build();
  }

  /** Settings by key or block, but for paths. */
  StageInputs settings(String... keys) {
    inputs.settings(pipeline.settings(Arrays.asList(keys)));
    return this;
  }

  /** How ONNX Runtime computes, as far as that changes results. */
  StageInputs arithmetic(Map<String, String> decisive) {
    Map<String, String> named = new TreeMap<>();
    decisive.forEach((name, value) -> named.put("onnxruntime." + name, value));
    inputs.settings(named);
    return this;
  }

  /** Something that is no file. */
  StageInputs value(String name, String value) {
    inputs.content(name, value);
    return this;
  }

  /** A file that may be absent. */
  StageInputs file(String name, Path file) {
    inputs.content(name, Files.isRegularFile(file) ? hashes.of(file) : Inputs.ABSENT);
    return this;
  }

  /**
   * A model in a Hugging Face folder, or a file of weights: configuration, weights, and the
   * tokenizer that goes with it.
   */
  StageInputs model(String role, Path model) {
    if (!Files.isDirectory(model)) {
      return file(role, model);
    }
    for (Path file : named(model)) {
      String name = String.valueOf(file.getFileName());
      if (CheckpointLayout.names(name)
          || name.equals(ModelFiles.CONFIG)
          || name.equals(ModelFiles.GENERATION)) {
        file(role + "/" + name, file);
      }
    }
    return tokenizer(role, model);
  }

  /** An adapter's folder. */
  StageInputs adapter(Path folder) {
    return file("adapter/" + AdapterFolder.CONFIG, folder.resolve(AdapterFolder.CONFIG))
        .file("adapter/" + AdapterFolder.WEIGHTS, folder.resolve(AdapterFolder.WEIGHTS));
  }

  /** The files of a tokenizer, templates and the ids that end a text among them. */
  StageInputs tokenizer(String role, Path folder) {
    List<String> names = new ArrayList<>(ModelFiles.TOKENIZER);
    names.addAll(List.of(ModelFiles.CONFIG, ModelFiles.GENERATION));
    names.addAll(ModelFiles.PROCESSOR);
    for (String name : names) {
      if (Files.isRegularFile(folder.resolve(name))) {
        file(role + "/" + name, folder.resolve(name));
      }
    }
    return this;
  }

  /** A deployed file with its data, and what lies beside it for its tokenizer. */
  StageInputs deployed(String role, Path folder, String variant) {
    if (!Files.isDirectory(folder)) {
      return file(role, folder);
    }
    Optional<Path> onnx = onnx(folder, variant);
    if (onnx.isEmpty()) {
      return value(role, Inputs.ABSENT);
    }
    String own = String.valueOf(onnx.get().getFileName());
    List<Path> beside = named(onnx.get().toAbsolutePath().getParent());
    List<String> models =
        beside.stream().map(f -> f.getFileName().toString()).filter(n -> n.endsWith(ONNX)).toList();
    for (Path file : beside) {
      String name = String.valueOf(file.getFileName());
      boolean others = models.stream().anyMatch(m -> !m.equals(own) && name.startsWith(m));
      if (!others && Files.isRegularFile(file)) {
        file(role + "/" + name, file);
      }
    }
    return file(role + "/" + ModelFiles.CONFIG, folder.resolve(ModelFiles.CONFIG))
        .tokenizer(role, folder);
  }

  private static Optional<Path> onnx(Path folder, String variant) {
    try {
      return Optional.of(OnnxSummary.locate(folder, variant));
    } catch (UserException e) {
      return Optional.empty(); // an input that is not there yet
    }
  }

  private static List<Path> named(Path folder) {
    String[] names = folder.toFile().list();
    List<Path> files = new ArrayList<>();
    if (names != null) {
      Arrays.stream(names).sorted().map(folder::resolve).forEach(files::add);
    }
    return files;
  }

  /**
   * The data set: the files that a stage has read and those that it has looked for, as far as an
   * earlier run of it tells.
   */
  StageInputs data(Optional<Inputs> earlier) {
    settings("data");
    Path folder = pipeline.data().path().orElse(Path.of(""));
    for (String name :
        earlier.map(e -> new TreeSet<>(e.content().keySet())).orElseGet(TreeSet::new)) {
      if (name.startsWith(DATA)) {
        data(name, name.substring(DATA.length()), folder);
      } else if (name.equals(REFUSALS)) {
        pipeline
            .data()
            .refusals()
            .ifPresentOrElse(
                own -> file(REFUSALS, own),
                () -> resource(REFUSALS, "/org/unlearn4j/data/refusals.txt"));
      } else if (name.equals(ALTERNATES)) {
        pipeline.data().alternates().ifPresent(own -> file(ALTERNATES, own));
      }
    }
    return this;
  }

  private void data(String name, String file, Path folder) {
    if (file.startsWith(RESOURCES)) {
      resource(name, file);
    } else if (file.endsWith("/")) {
      inputs.content(name, RowFiles.listing(folder.resolve(file)));
    } else {
      file(name, folder.resolve(file));
    }
  }

  private void resource(String name, String path) {
    inputs.content(name, hashes.ofResource(path).orElse(Inputs.ABSENT));
  }

  /** The data set, and which of its pairs are not reported, since rules of unlearning read them. */
  StageInputs measured(Optional<Inputs> earlier) {
    data(earlier);
    return pipeline.unlearn().tuning().active() ? settings("unlearn.tuning_share") : this;
  }

  /** Multiple-choice questions, where the suite asks them. */
  StageInputs choices() {
    pipeline
        .evaluate()
        .choices()
        .filter(Files::exists)
        .ifPresent(
            given ->
                ChoiceReader.files(given)
                    .forEach(file -> file("choices/" + file.getFileName(), file)));
    return this;
  }

  /** Another stage's evaluation: what was measured, not how long it took. */
  StageInputs evaluation(String name, Path file) {
    inputs.content(
        name, Files.isRegularFile(file) ? EvaluationFiles.meaning(file, hashes) : Inputs.ABSENT);
    return this;
  }

  /**
   * The mathematics, as the listings of the graphs have it: they change with what is computed and
   * not with how it is written.
   *
   * @param model whose family decides
   * @param names after the family's name, for instance {@code forward}
   */
  StageInputs graph(Path model, String... names) {
    if (Files.isRegularFile(model.resolve(ModelFiles.CONFIG))) {
      String type = ModelConfig.read(model).modelType();
      for (String name : names) {
        listing(type + "." + name);
      }
    }
    return this;
  }

  /**
   * How a model is taught: the block's settings but for how often its state is kept, precision,
   * device and the graph of the step, but for the model's own.
   *
   * @param block of the pipeline
   */
  StageInputs teaching(String block) {
    boolean adapter = pipeline.settings(List.of(block)).containsKey(block + ".adapter.rank");
    if (adapter) {
      listing("llama.step.NPO+adapter");
    }
    return training(block).listing("llama.step." + GraphListings.FINETUNE);
  }

  /** How a model is unlearned. */
  StageInputs unlearning(Path model) {
    UnlearnSettings unlearn = pipeline.unlearn();
    String step = "llama.step.";
    training("unlearn").graph(model, "forward");
    listing(step + GraphListings.name(unlearn.objective()));
    if (!unlearn.objective().floor().equals(Floor.NONE)) {
      listing(step + "NPO+floor");
    }
    unlearn.clreg().ifPresent(c -> listing(step + listing(c.form())));
    if (unlearn.robust().isPresent() || unlearn.combine().isPresent()) {
      listing(step + "NPO+robust"); // whose parts are taken one by one
    }
    unlearn.loop().adapter().ifPresent(a -> listing(step + "NPO+adapter"));
    unlearn.quantization().ifPresent(q -> listing(step + "NPO+" + q.format().spelling()));
    if (unlearn.objective().retain() == RetainName.KL) {
      listing(step + "NPO+KL");
    }
    if (unlearn.loop().recompute()) {
      listing(step + "NPO+recompute");
    }
    unlearn
        .surgery()
        .flatMap(SurgerySettings::healing)
        .ifPresent(h -> listing(step + GraphListings.FINETUNE));
    return this;
  }

  private static String listing(ClRegSettings.Form form) {
    return form == ClRegSettings.Form.CONTRASTIVE ? "NPO+CLReg.full" : "NPO+" + form.spelling();
  }

  private StageInputs training(String block) {
    Map<String, String> settings = pipeline.settings(List.of(block, "model.precision"));
    // Neither changes what is learned.
    settings.remove(block + ".checkpoint_every");
    settings.remove("relearn.teach", "[forget]"); // as before there was a choice
    settings.remove(block + ".seeds"); // of several runs, each of which knows its own
    if (!pipeline.unlearn().tuning().active()) {
      settings.keySet().removeAll(List.of(block + ".watch", block + ".watch_rows"));
      settings.remove(block + ".tuning_share");
    }
    inputs.settings(settings);
    return device();
  }

  /** A listing by its whole name. */
  StageInputs listing(String name) {
    resource("graph " + name, LISTINGS + name + ".txt");
    return this;
  }

  /** On which kind of device TensorFlow computes. */
  StageInputs device() {
    return value("device", RuntimeModels.deviceClass(pipeline.model()));
  }
}
