package org.unlearn4j.tf;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.tensorflow.Result;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.unlearn4j.base.UserException;
import org.unlearn4j.lm.Decoding;
import org.unlearn4j.lm.Generation;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.Logits;
import org.unlearn4j.lm.PaddedBatch;
import org.unlearn4j.lm.Routes;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.WeightSource;
import org.unlearn4j.weights.SafeTensors;

/** A Hugging Face model on TensorFlow. */
public final class TensorFlowModel implements LanguageModel {
  private final ModelConfig config;
  private final TfRuntime runtime;
  private final Precision precision;
  private final ForwardGraph graph;
  private final Variables variables;
  private final boolean owner;

  private TensorFlowModel(
      ModelConfig config,
      TfRuntime runtime,
      Precision precision,
      ForwardGraph graph,
      Variables variables,
      boolean owner) {
    this.config = config;
    this.runtime = runtime;
    this.precision = precision;
    this.graph = graph;
    this.variables = variables;
    this.owner = owner;
  }

  /**
   * Opens a Hugging Face folder.
   *
   * @throws UserException if configuration and weights are missing, wrong or do not fit each other
   */
  public static TensorFlowModel open(Path folder, Computation computation) {
    Decoder decoder = Decoder.of(ModelConfig.read(folder));
    try (SafeTensors weights = SafeTensors.open(folder)) {
      return of(decoder, TfRuntime.checkpoint(weights, decoder.parameters()), computation);
    }
  }

  /** A model from weights at hand. */
  public static TensorFlowModel of(
      Decoder decoder, Function<Parameter, FloatBuffer> weights, Computation computation) {
    return of(decoder, computation, v -> v.assign(weights));
  }

  /** A model from weights that are read piece by piece. */
  public static TensorFlowModel of(Decoder decoder, WeightSource weights, Computation computation) {
    return of(decoder, computation, v -> v.assign(weights));
  }

  /**
   * A model whose parameters are variables of a graph that somebody else has and closes, so that
   * measuring it takes no memory for weights; it is what those variables are at the time. To be
   * made before that graph's session opens.
   *
   * @param precision of its own passes
   */
  public static TensorFlowModel within(
      TfRuntime runtime, Decoder decoder, ModelWeights weights, Precision precision) {
    ForwardGraph graph =
        new ForwardGraph(runtime.ops().withSubScope("measured"), decoder, weights, precision);
    return new TensorFlowModel(
        decoder.config(), runtime, precision, graph, weights.variables(), false);
  }

  /**
   * A model that has a few rows of its token table only: the ids of what it reads are numbers of
   * these rows, and all that is good for is logits.
   *
   * @param table of so few rows, under its name
   */
  public static TensorFlowModel ofFewTokens(
      Decoder decoder, Parameter table, WeightSource weights, Computation computation) {
    List<Parameter> parameters =
        decoder.parameters().stream().map(p -> p.name().equals(table.name()) ? table : p).toList();
    return of(decoder, parameters, computation, v -> v.assign(weights));
  }

  private static TensorFlowModel of(
      Decoder decoder, Computation computation, Consumer<Variables> assign) {
    return of(decoder, decoder.parameters(), computation, assign);
  }

  private static TensorFlowModel of(
      Decoder decoder,
      List<Parameter> parameters,
      Computation computation,
      Consumer<Variables> assign) {
    TfRuntime runtime = new TfRuntime(computation);
    try {
      Variables variables = new Variables(runtime, "", parameters);
      ForwardGraph graph =
          new ForwardGraph(
              runtime.ops(), decoder, ModelWeights.of(variables), computation.precision());
      assign.accept(variables);
      return new TensorFlowModel(
          decoder.config(), runtime, computation.precision(), graph, variables, true);
    } catch (RuntimeException e) {
      runtime.close();
      throw e;
    }
  }

  @Override
  public Shape shape() {
    return new Shape(
        config.vocabSize(), config.hiddenSize(), config.layers(), config.maxPositions());
  }

  @Override
  public String runtime() {
    return "tf";
  }

  @Override
  public int lanes() {
    return runtime.lanes();
  }

  /** Gives it other weights: the same graph computes another model of the same configuration. */
  public void assign(WeightSource weights) {
    variables.assign(weights);
  }

  /** Its weights, which may change. */
  public Variables variables() {
    return variables;
  }

  /** The graph, for listings. */
  public org.tensorflow.Graph graph() {
    return runtime.graph();
  }

  @Override
  public List<TokenScores> score(List<TokenRow> rows) {
    PaddedBatch b = batch(rows);
    try (Feeds feeds = new Feeds(runtime)) {
      graph.feed(feeds, b);
      feeds.ints(graph.predictedFrom, b.predictedFrom(), b.labels().length);
      feeds.ints(graph.labels, b.labels(), b.labels().length);
      feeds
          .fetch(graph.head.nll())
          .fetch(graph.argmax)
          .fetch(graph.moments.mean())
          .fetch(graph.moments.variance());
      try (Result r = run("scoring", feeds)) {
        return ScoredRows.of(
            rows,
            b,
            ScoredRows.negated(TfTensors.floats(r, 0)),
            TfTensors.ints(r, 1),
            TfTensors.floats(r, 2),
            TfTensors.floats(r, 3));
      }
    }
  }

  @Override
  public float[][] next(List<int[]> prompts, List<int[]> candidates) {
    PaddedBatch b = PaddedBatch.next(prompts, candidates);
    b.requireFits(shape());
    try (Feeds feeds = new Feeds(runtime)) {
      graph.feed(feeds, b);
      feeds.ints(graph.predictedFrom, b.predictedFrom(), b.labels().length);
      feeds.ints(graph.labels, b.labels(), b.labels().length);
      try (Result r = run("scoring of next tokens", feeds.fetch(graph.head.nll()))) {
        return PaddedBatch.split(ScoredRows.negated(TfTensors.floats(r, 0)), candidates);
      }
    }
  }

  @Override
  public float[][][] features(List<TokenRow> rows) {
    return states().pooled(batch(rows));
  }

  @Override
  public boolean routed() {
    return !graph.routes.isEmpty();
  }

  @Override
  public Routes routes(List<TokenRow> rows) {
    return states().routes(batch(rows), layers());
  }

  private List<Routes.Layer> layers() {
    return Decoder.of(config).routed().stream()
        .map(r -> new Routes.Layer(r.block(), r.experts(), r.chosen()))
        .toList();
  }

  /**
   * The residual stream where labelled tokens are predicted from: at the position before each. What
   * makes an answer likely is read there, its first token's from the prompt's last one.
   *
   * @param layers 0 for what block 0 reads, {@code l} for the stream after block {@code l - 1}
   * @return {@code [layers][labelled][hidden]}, labelled tokens in the order of the rows
   * @throws UserException if a row does not fit the model
   */
  public float[][][] states(List<TokenRow> rows, List<Integer> layers) {
    return states().predicting(batch(rows), layers);
  }

  StreamStates states() {
    return new StreamStates(graph, runtime, precision);
  }

  @Override
  public float[][][] logits(List<TokenRow> rows, int wanted) {
    int cachedFrom = PaddedBatch.cacheable(rows, wanted, config.cacheLimit());
    PaddedBatch b = batch(rows);
    float[][][] logits = PaddedBatch.ragged(rows);
    try (Feeds feeds = new Feeds(runtime)) {
      if (cachedFrom == 0) {
        graph.feed(feeds, b);
        try (Result r = allLogits(feeds)) {
          unpack(TfTensors.floats(r, 0), logits, 0, b.time());
        }
      } else {
        chunked(feeds, b, cachedFrom, logits);
      }
    }
    return logits;
  }

  @Override
  public Logits openLogits(List<TokenRow> rows, int wanted) {
    int cachedFrom = PaddedBatch.cacheable(rows, wanted, config.cacheLimit());
    PaddedBatch b = batch(rows);
    try (Feeds feeds = new Feeds(runtime)) {
      if (cachedFrom == 0) {
        graph.feed(feeds, b);
        return new TfLogits(allLogits(feeds), b.time(), config.vocabSize());
      }
      Result first = cachedPass(feeds, b, 0, cachedFrom, decoding().emptyPast(feeds, b.rows()));
      try (Feeds rest = new Feeds(runtime)) {
        Result second = cachedPass(rest, b, cachedFrom, b.time(), past(first));
        return new TfLogits(first, cachedFrom, second, b.time(), config.vocabSize());
      } catch (RuntimeException e) {
        first.close();
        throw e;
      }
    }
  }

  private List<Tensor> past(Result pass) {
    List<Tensor> past = new ArrayList<>();
    for (int i = 0; i < 2 * config.layers(); i++) {
      past.add(pass.get(1 + i));
    }
    return past;
  }

  private void chunked(Feeds feeds, PaddedBatch b, int split, float[][][] logits) {
    try (Result first = cachedPass(feeds, b, 0, split, decoding().emptyPast(feeds, b.rows()))) {
      unpack(TfTensors.floats(first, 0), logits, 0, split);
      try (Feeds rest = new Feeds(runtime);
          Result second = cachedPass(rest, b, split, b.time(), past(first))) {
        unpack(TfTensors.floats(second, 0), logits, split, b.time());
      }
    }
  }

  private Result cachedPass(Feeds feeds, PaddedBatch b, int from, int to, List<Tensor> past) {
    feeds.ints(graph.ids, columns(b.ids(), b, from, to), b.rows(), to - from);
    feeds.ints(graph.positions, columns(b.positions(), b, from, to), b.rows(), to - from);
    feeds.ints(graph.cachedMask, columns(b.mask(), b, 0, to), b.rows(), to);
    decoding().feedPast(feeds, past);
    feeds.fetch(graph.cachedLogits);
    graph.present.forEach(kv -> feeds.fetch(kv.key()).fetch(kv.value()));
    return run("logits with a cache", feeds);
  }

  private Result run(String what, Feeds feeds) {
    return runtime.run(what, precision, feeds);
  }

  private Result allLogits(Feeds feeds) {
    return run("logits", feeds.fetch(graph.logits));
  }

  private static int[] columns(int[] flat, PaddedBatch b, int from, int to) {
    int[] part = new int[b.rows() * (to - from)];
    for (int r = 0; r < b.rows(); r++) {
      System.arraycopy(flat, r * b.time() + from, part, r * (to - from), to - from);
    }
    return part;
  }

  private void unpack(float[] flat, float[][][] logits, int from, int to) {
    int vocab = config.vocabSize();
    for (int r = 0; r < logits.length; r++) {
      for (int t = from; t < Math.min(to, logits[r].length); t++) {
        int at = (r * (to - from) + t - from) * vocab;
        logits[r][t] = Arrays.copyOfRange(flat, at, at + vocab);
      }
    }
  }

  @Override
  public List<int[]> generate(List<int[]> prompts, Generation how, StepListener listener) {
    PaddedBatch.of(prompts.stream().map(TokenRow::unlabelled).toList()).requireFits(shape());
    Decoding decoding = decoding(prompts, how, listener);
    decoding().run(decoding);
    return decoding.continuations();
  }

  @Override
  public List<List<int[]>> samples(List<int[]> prompts, int each, Generation how) {
    PaddedBatch.of(prompts.stream().map(TokenRow::unlabelled).toList()).requireFits(shape());
    List<int[]> rows = new ArrayList<>();
    prompts.forEach(p -> rows.addAll(Collections.nCopies(each, p)));
    Decoding all = decoding(rows, how, (row, token) -> {});
    decoding().run(decoding(prompts, how, (row, token) -> {}), all, each);
    return LanguageModel.grouped(all.continuations(), each);
  }

  private Decoding decoding(List<int[]> prompts, Generation how, StepListener listener) {
    return new Decoding(prompts, how, config.maxPositions(), config.cacheLimit(), listener);
  }

  private CachedDecoding decoding() {
    return new CachedDecoding(graph, runtime, precision, config);
  }

  private PaddedBatch batch(List<TokenRow> rows) {
    PaddedBatch b = PaddedBatch.of(rows);
    b.requireFits(shape());
    return b;
  }

  @Override
  public void close() {
    if (owner) {
      runtime.close();
    }
  }
}
