package org.unlearn4j.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import org.unlearn4j.base.UserException;
import org.unlearn4j.lm.Decoding;
import org.unlearn4j.lm.Generation;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.Logits;
import org.unlearn4j.lm.PaddedBatch;
import org.unlearn4j.lm.PromptBatch;
import org.unlearn4j.lm.Routes;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.weights.Variant;

/**
 * A deployed model on ONNX Runtime. Logits and generations come from the file exactly as a third
 * party loads it; scores and features from two graphs cut out of it ({@link MeasuringGraphs}),
 * which share its weights and are opened when they are first needed.
 */
public final class OrtModel implements LanguageModel {
  private final OnnxFile file;
  private final ModelConfig config;
  private final String variant;
  private final Optional<ActiveAdapter> adapter;
  private final OrtRuntime runtime;
  private final Deployed deployed;
  private final KeyValueCache cache;
  private final Optional<MeasuringGraphs> measuring;
  private Measurement measurement;
  private ThinningDecoder thinning;

  private OrtModel(
      OnnxFile file,
      ModelConfig config,
      String variant,
      OrtSettings settings,
      Optional<ActiveAdapter> adapter) {
    this.file = file;
    this.config = config;
    this.variant = variant;
    this.adapter = adapter;
    this.runtime = new OrtRuntime(settings, adapter);
    this.measuring = MeasuringGraphs.of(file.model());
    this.deployed = Deployed.open(runtime, file, config.vocabSize());
    this.cache = deployed.cache();
  }

  /**
   * Opens an ONNX file, or a deployable folder with its adapter ({@link AdapterFile#NAME}) if any.
   *
   * @param path a file needs {@code config.json} beside it or in the folder above
   * @param variant which of a folder's files; of a single file, what reports call it
   * @throws UserException if something is missing, changed, or not what ONNX Runtime loads
   * @throws org.unlearn4j.base.MachineException if there is no such execution provider
   */
  public static OrtModel open(Path path, String variant, OrtSettings settings) {
    return open(path, variant, settings, AdapterFile.in(path, variant));
  }

  /**
   * Opens a deployable folder or an ONNX file with an adapter, or without one.
   *
   * @param adapter an {@code .onnx_adapter} file
   * @throws UserException also if the adapter is none, or not of this model
   */
  public static OrtModel open(
      Path path, String variant, OrtSettings settings, Optional<Path> adapter) {
    Path onnx = OnnxFile.locate(path, variant);
    ModelConfig config = ModelConfig.read(configFor(onnx));
    OnnxFile file = OnnxFile.read(onnx);
    Optional<ActiveAdapter> active = adapter.map(a -> ActiveAdapter.of(AdapterFile.read(a), file));
    try {
      return new OrtModel(file, config, variant, settings, active);
    } catch (RuntimeException | Error e) {
      active.ifPresent(ActiveAdapter::close);
      throw e;
    }
  }

  /** The same on the CPU; 0 threads for as many as there are processors. */
  public static OrtModel open(Path path, String variant, int threads) {
    return open(path, variant, OrtSettings.cpu(threads));
  }

  /** Opens the float32 model of a folder on all processors. */
  public static OrtModel open(Path path) {
    return open(path, Variant.FP32.label(), 0);
  }

  /**
   * The files that hold a deployed model: its ONNX file, then those with its external data, then
   * the adapter that it is opened with.
   *
   * @param path folder or file, as {@link #open(Path, String, int)} takes it
   * @throws UserException if something is missing or changed
   */
  public static List<Path> files(Path path, String variant) {
    List<Path> files = new ArrayList<>(OnnxFile.read(OnnxFile.locate(path, variant)).files());
    AdapterFile.in(path, variant).ifPresent(files::add);
    return files;
  }

  /**
   * The configuration that {@link #open} would read.
   *
   * @throws UserException if something is missing, or it is none
   */
  public static ModelConfig configOf(Path path, String variant) {
    return ModelConfig.read(configFor(OnnxFile.locate(path, variant)));
  }

  static Path configFor(Path onnx) {
    Path folder = onnx.toAbsolutePath().getParent();
    Path above = folder.getParent();
    boolean beside = Files.isRegularFile(folder.resolve("config.json")) || above == null;
    return (beside ? folder : above).resolve("config.json");
  }

  @Override
  public Shape shape() {
    return new Shape(
        config.vocabSize(), config.hiddenSize(), config.layers(), config.maxPositions());
  }

  @Override
  public String runtime() {
    return "onnx:" + variant;
  }

  @Override
  public Map<String, String> session() {
    Map<String, String> session = new LinkedHashMap<>(runtime.settings().recorded());
    adapter().ifPresent(a -> session.put("adapter", String.valueOf(a.getFileName())));
    return session;
  }

  @Override
  public int lanes() {
    return runtime.settings().lanes();
  }

  /** The adapter that it was opened with. */
  public Optional<Path> adapter() {
    return adapter.map(ActiveAdapter::path);
  }

  /** The file's metadata: where it comes from. */
  public Map<String, String> metadata() {
    return file.metadata();
  }

  OptionalInt cacheLimit() {
    return config.cacheLimit();
  }

  Deployed deployed() {
    return deployed;
  }

  @Override
  public List<int[]> batches(List<TokenRow> rows, int tokenBudget) {
    return sharesPrompts()
        ? PromptBatch.plan(rows, tokenBudget)
        : LanguageModel.super.batches(rows, tokenBudget);
  }

  private boolean cacheHolds(List<TokenRow> rows) {
    int limit = config.cacheLimit().orElse(Integer.MAX_VALUE);
    return rows.stream().allMatch(r -> r.length() <= limit);
  }

  private boolean sharesPrompts() {
    return measuring.isPresent() && !cache.slots().isEmpty() && !deployed.grouped();
  }

  @Override
  public List<TokenScores> score(List<TokenRow> rows) {
    PaddedBatch.requireFit(rows, shape());
    int[] labelled = rows.stream().mapToInt(TokenRow::labelled).toArray();
    if (IntStream.of(labelled).sum() == 0) {
      return new LabelScores(0).byRow(new int[0], labelled);
    }
    if (sharesPrompts() && cacheHolds(rows)) {
      return measurement(measuring.get()).score(rows, PromptBatch.of(rows));
    }
    PaddedBatch b = PaddedBatch.of(rows);
    LabelScores scores =
        measuring.isPresent() ? measurement(measuring.get()).score(b) : scoreLogits(rows, b);
    return scores.byRow(b.labels(), labelled);
  }

  @Override
  public float[][] next(List<int[]> prompts, List<int[]> candidates) {
    if (measuring.isEmpty()) {
      return LanguageModel.super.next(prompts, candidates);
    }
    PaddedBatch b = PaddedBatch.next(prompts, candidates);
    b.requireFits(shape());
    LabelScores scores = measurement(measuring.get()).score(b);
    return PaddedBatch.split(scores.logProbs, candidates);
  }

  /** The way for other exporters' files: whole logits, scored here where the runtime left them. */
  private LabelScores scoreLogits(List<TokenRow> rows, PaddedBatch b) {
    LabelScores scores = new LabelScores(b.labels().length);
    float[] row = new float[config.vocabSize()];
    int[] from = b.predictedFrom();
    try (Logits logits = openLogits(rows, 0)) {
      for (int i = 0; i < from.length; i++) {
        int r = b.labelRows()[i];
        logits.read(r, from[i] - r * b.time(), row);
        scores.set(i, LogitScores.of(row, b.labels()[i]));
      }
    }
    return scores;
  }

  @Override
  public float[][][] features(List<TokenRow> rows) {
    MeasuringGraphs graphs =
        measuring.orElseThrow(
            () ->
                UserException.at(
                    file.path(),
                    "",
                    "no hidden states (" + DecoderGraph.EMBEDDINGS + " and one for each block)",
                    "a file that Unlearn4J has exported"));
    PaddedBatch b = batch(rows);
    float[] flat = measurement(graphs).pooled(b);
    int d = config.hiddenSize();
    int layers = flat.length / (d * b.rows());
    float[][][] features = new float[layers][b.rows()][];
    for (int r = 0; r < b.rows(); r++) {
      for (int l = 0; l < layers; l++) {
        int at = (r * layers + l) * d;
        features[l][r] = Arrays.copyOfRange(flat, at, at + d);
      }
    }
    return features;
  }

  @Override
  public boolean routed() {
    return measuring.map(MeasuringGraphs::routed).orElse(false);
  }

  @Override
  public Routes routes(List<TokenRow> rows) {
    PaddedBatch b = batch(rows);
    List<Routes.Layer> layers =
        Decoder.of(config).routed().stream()
            .map(r -> new Routes.Layer(r.block(), r.experts(), r.chosen()))
            .toList();
    return Routes.of(layers, b, measurement(measuring.orElseThrow()).routes(b));
  }

  private synchronized Measurement measurement(MeasuringGraphs graphs) {
    if (measurement == null) {
      measurement =
          new Measurement(runtime, graphs, file.path(), cache, Measurement.Sizes.of(config));
    }
    return measurement;
  }

  @Override
  public float[][][] logits(List<TokenRow> rows, int wanted) {
    float[][][] logits = PaddedBatch.ragged(rows);
    try (Logits all = openLogits(rows, wanted)) {
      for (int r = 0; r < logits.length; r++) {
        for (int t = 0; t < logits[r].length; t++) {
          logits[r][t] = new float[config.vocabSize()];
          all.read(r, t, logits[r][t]);
        }
      }
    }
    return logits;
  }

  @Override
  public Logits openLogits(List<TokenRow> rows, int wanted) {
    deployed.requireAll(file.path());
    int cachedFrom = PaddedBatch.cacheable(rows, wanted, config.cacheLimit());
    PaddedBatch b = batch(rows);
    OrtLogits logits = deployed.logits(b.rows());
    try {
      if (cachedFrom == 0) {
        deployed.pass(b, 0, b.time(), null, Set.of(), logits).close();
        return logits;
      }
      cache.require(file.path());
      try (OrtSession.Result first =
          deployed.pass(b, 0, cachedFrom, null, cache.presents(), logits)) {
        deployed.rest(b, cachedFrom, first, logits);
      }
      return logits;
    } catch (RuntimeException e) {
      logits.close();
      throw e;
    }
  }

  @Override
  public List<int[]> generate(List<int[]> prompts, Generation how, StepListener listener) {
    cache.require(file.path());
    PaddedBatch.of(prompts.stream().map(TokenRow::unlabelled).toList()).requireFits(shape());
    Decoding decoding =
        new Decoding(prompts, how, config.maxPositions(), config.cacheLimit(), listener);
    if (prompts.size() > 1 && !deployed.grouped()) {
      thinning().run(decoding);
    } else {
      try (OrtDecoding rounds = new OrtDecoding(deployed, prompts.size(), OrtDecoding.MOST)) {
        rounds.run(decoding);
      }
    }
    return decoding.continuations();
  }

  @Override
  public List<List<int[]>> samples(List<int[]> prompts, int each, Generation how) {
    if (!sharesPrompts()) {
      return LanguageModel.super.samples(prompts, each, how);
    }
    PaddedBatch.of(prompts.stream().map(TokenRow::unlabelled).toList()).requireFits(shape());
    List<int[]> rows = new ArrayList<>();
    prompts.forEach(p -> rows.addAll(Collections.nCopies(each, p)));
    Decoding once = decoding(prompts, how);
    Decoding all = decoding(rows, how);
    if (!all.done()) {
      thinning().run(once, all, each);
    }
    return LanguageModel.grouped(all.continuations(), each);
  }

  private Decoding decoding(List<int[]> prompts, Generation how) {
    return new Decoding(
        prompts, how, config.maxPositions(), config.cacheLimit(), (row, token) -> {});
  }

  private synchronized ThinningDecoder thinning() {
    if (thinning == null) {
      thinning = new ThinningDecoder(runtime, deployed, file.model(), file.path());
    }
    return thinning;
  }

  @Override
  public boolean padsLeft() {
    return true;
  }

  @Override
  public float[][] lastLogits(List<int[]> prompts) {
    return leftPadded().last(prompts, config.maxPositions());
  }

  LeftPadded leftPadded() {
    return new LeftPadded(deployed);
  }

  private PaddedBatch batch(List<TokenRow> rows) {
    PaddedBatch b = PaddedBatch.of(rows);
    b.requireFits(shape());
    return b;
  }

  @Override
  public void close() {
    try {
      deployed.session().close();
      if (measurement != null) {
        measurement.close();
      }
      if (thinning != null) {
        thinning.close();
      }
      adapter.ifPresent(ActiveAdapter::close);
    } catch (OrtException e) {
      throw new IllegalStateException(e);
    }
  }
}
