package org.unlearn4j.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.unlearn4j.adapter.MergedWeights;
import org.unlearn4j.adapter.MergedWeights.Weighted;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.VerifySettings;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.OwnHead;
import org.unlearn4j.nn.WeightSource;
import org.unlearn4j.onnx.ReadBack;
import org.unlearn4j.parity.AdapterOff;
import org.unlearn4j.parity.FileEvidence;
import org.unlearn4j.parity.ParityGates;
import org.unlearn4j.parity.ReferenceLogits;
import org.unlearn4j.parity.StoredLogits;
import org.unlearn4j.parity.WeightEvidence;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.Variant;

/**
 * The trained side of a verdict: logits of the trained weights, and of the weights that each
 * deployed file stands for, all by one TensorFlow graph whose weights are exchanged. They are
 * computed once and kept in files, and the model is closed before a deployed file is opened, so
 * that there are the weights of one side in memory at a time.
 *
 * <p>A file may have another head than token table where the checkpoint has one matrix for both. So
 * has the graph then, unless the table is large: a second graph, with no more of the table than the
 * rows have tokens, takes seconds, but no more memory than the first.
 */
final class WeightProof implements AutoCloseable {
  /** Bytes of a token table, in float32, that are too many to have twice. */
  private static final long LARGE = 1L << 28;

  private final OwnHead head;
  private final boolean inTurns;
  private final Computation computation;
  private final SafeTensors weights;
  private final int tokenBudget;
  private final Map<Variant, FileEvidence> evidence = new EnumMap<>(Variant.class);
  private final Map<Variant, VerifySettings> settings = new EnumMap<>(Variant.class);
  private final List<StoredLogits> stored = new ArrayList<>();
  private final List<Weighted> adapters;
  private final Map<Variant, StoredLogits> bases = new EnumMap<>(Variant.class);
  private TensorFlowModel model;

  private WeightProof(
      OwnHead head,
      boolean inTurns,
      Computation computation,
      SafeTensors weights,
      List<Weighted> adapters,
      int tokenBudget) {
    this.head = head;
    this.inTurns = inTurns;
    this.computation = computation;
    this.weights = weights;
    this.adapters = adapters;
    this.tokenBudget = tokenBudget;
  }

  /**
   * Opens the trained model.
   *
   * @param folder the model, or the base that adapters are added to
   * @param adapters what was learned beside it; none: the model is what was learned
   * @param tokenBudget most tokens in a batch
   * @throws UserException if configuration and weights are missing, wrong or do not fit each other
   */
  static WeightProof open(
      Path folder, List<Weighted> adapters, Computation computation, int tokenBudget) {
    return open(folder, adapters, computation, tokenBudget, LARGE);
  }

  /**
   * The same.
   *
   * @param large bytes of a token table that are too many to have twice
   */
  static WeightProof open(
      Path folder, List<Weighted> adapters, Computation computation, int tokenBudget, long large) {
    ModelConfig config = ModelConfig.read(folder);
    OwnHead head = OwnHead.of(config);
    boolean inTurns =
        head.tied() && adapters.isEmpty() && Float.BYTES * head.table().size() > large;
    SafeTensors weights = SafeTensors.open(folder);
    WeightProof proof = new WeightProof(head, inTurns, computation, weights, adapters, tokenBudget);
    try {
      weights.require(head.shapes());
      WeightSource stored = (p, from, to) -> weights.read(head.stored(p), from, to);
      Decoder decoder = inTurns ? Decoder.of(config) : head.decoder();
      proof.model = TensorFlowModel.of(decoder, adapted(stored, adapters), computation);
      return proof;
    } catch (RuntimeException | Error e) {
      proof.close();
      throw e;
    }
  }

  /** Not rounded to the number format of the base, as a merged checkpoint is. */
  private static WeightSource adapted(WeightSource base, List<Weighted> adapters) {
    return adapters.isEmpty() ? base : new MergedWeights(base, adapters);
  }

  /** The trained model, until {@link #compute}. */
  LanguageModel model() {
    return model;
  }

  /**
   * Reads the files back, computes all logits, and closes the model.
   *
   * @param files whose file of the folder is meant, by the variant whose limits hold
   * @return the rows that were compared: all, unless their logits are more than {@link
   *     StoredLogits#MOST} bytes
   */
  List<TokenRow> compute(
      List<TokenRow> all, Path onnx, Map<Variant, Variant> files, VerifySettings limits) {
    int vocabulary = model.shape().vocabSize();
    List<TokenRow> rows = StoredLogits.fitting(all, vocabulary, StoredLogits.MOST);
    if (rows.size() < all.size()) {
      System.err.printf(
          Locale.ROOT,
          "verify: %d of %d rows are compared: the logits of all would be more than %d MiB%n",
          rows.size(),
          all.size(),
          StoredLogits.MOST >> 20);
    }
    StoredLogits trained = logits("trained weights", rows);
    for (Map.Entry<Variant, Variant> of : files.entrySet()) {
      Variant variant = of.getKey();
      try (ReadBack file = ReadBack.of(onnx, of.getValue().label(), head, weights)) {
        settings.put(
            variant, file.quantisesActivations() ? limits.quantisingActivations(variant) : limits);
        StoredLogits own = trained;
        WeightEvidence found = of(file.counts());
        if (!adapters.isEmpty()) {
          DeployedAdapter deployed =
              DeployedAdapter.read(onnx, of.getValue().label(), head.decoder(), adapters);
          model.assign(file::read);
          bases.put(variant, logits("base of " + variant.label(), AdapterOff.rows(rows)));
          model.assign(adapted(file::read, deployed.values()));
          own = logits("base and adapter of " + variant.label(), rows);
          found = found.withChanged(deployed.changed(), deployed.offending());
        } else if (file.counts().rounded()) {
          own = readBack(variant, file, rows);
        }
        evidence.put(
            variant, new FileEvidence(found, own, ParityGates.ofGraph(settings(variant), variant)));
      }
    }
    closeModel();
    return rows;
  }

  private StoredLogits readBack(Variant variant, ReadBack file, List<TokenRow> rows) {
    String of = "weights of " + variant.label();
    if (!inTurns) {
      model.assign(file::read);
      return logits(of, rows);
    }
    closeModel(); // and its memory is free before there is another
    UsedTokens used = UsedTokens.of(rows);
    model =
        TensorFlowModel.ofFewTokens(
            head.decoder(),
            used.table(head.table()),
            used.weights(file::read, head.table()),
            computation);
    return logits(of, used.numbered(rows));
  }

  private StoredLogits logits(String of, List<TokenRow> rows) {
    try (Bars bars = new Bars("verify, " + of)) {
      StoredLogits logits = StoredLogits.of(model, rows, tokenBudget, bars);
      stored.add(logits);
      return logits;
    }
  }

  private static WeightEvidence of(ReadBack.Counts c) {
    return new WeightEvidence(
        c.unread(), c.codes(), c.beyond(), c.clipped(), c.foreign(), c.changed(), c.offending());
  }

  /** Logits of the trained weights. */
  ReferenceLogits trained() {
    return stored.get(0);
  }

  /** The limits of a file, with room for what it rounds while it runs. */
  VerifySettings settings(Variant variant) {
    return settings.get(variant);
  }

  FileEvidence evidence(Variant variant) {
    return evidence.get(variant);
  }

  /** Logits of what a file has without its adapter, of {@link AdapterOff#rows}. */
  ReferenceLogits base(Variant variant) {
    return bases.get(variant);
  }

  private void closeModel() {
    if (model != null) {
      model.close();
      model = null;
    }
  }

  @Override
  public void close() {
    closeModel();
    weights.close();
    stored.forEach(StoredLogits::close);
  }
}
