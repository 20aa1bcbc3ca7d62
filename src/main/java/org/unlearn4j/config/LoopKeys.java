package org.unlearn4j.config;

import static org.unlearn4j.config.Fallback.constant;
import static org.unlearn4j.config.ValueType.choice;
import static org.unlearn4j.config.ValueType.integer;
import static org.unlearn4j.config.ValueType.nonNegative;

import java.util.ArrayList;
import java.util.List;

/** The keys that every training loop has. */
final class LoopKeys {
  final Key<Integer> epochs;
  final Key<Integer> batchSize;
  final Key<Integer> accumulate;
  final Key<Double> learningRate;
  final Key<LoopSettings.Schedule> schedule;
  final Key<Double> warmupEpochs;
  final Key<OptimizerSettings.Form> optimizer;
  final Key<Double> weightDecay;
  final Key<Double> clipNorm;
  final Key<Long> seed;
  final Key<Integer> checkpointEvery;
  final Key<Boolean> recompute;
  final Key<RouterWeight> routerLoss;
  final AdapterKeys adapter;

  /**
   * What holds where the file says nothing.
   *
   * @param checkpointEvery epochs; 0: none
   */
  record Defaults(
      int epochs,
      int batchSize,
      Fallback<Double> learningRate,
      LoopSettings.Schedule schedule,
      double warmupEpochs,
      int checkpointEvery) {

    /** Those of a long training: a rate that rises over an epoch and falls until the end. */
    static Defaults of(int epochs, int batchSize) {
      return new Defaults(epochs, batchSize, constant(1e-4), LoopSettings.Schedule.LINEAR, 1.0, 1);
    }
  }

  LoopKeys(String at, Defaults otherwise) {
    String rows = at.equals("unlearn") ? "forget rows of a micro-batch" : "rows of a micro-batch";
    this.epochs =
        key(at + ".epochs", integer(1), constant(otherwise.epochs), "passes over the rows");
    this.batchSize = key(at + ".batch_size", integer(1), constant(otherwise.batchSize), rows);
    accumulate =
        key(at + ".accumulate", integer(1), constant(1), "micro-batches of an optimiser step");
    learningRate =
        key(at + ".learning_rate", nonNegative(), otherwise.learningRate, "peak of the schedule");
    schedule =
        key(
            at + ".schedule",
            choice(LoopSettings.Schedule.class),
            constant(otherwise.schedule),
            "the learning rate after the warm-up");
    warmupEpochs =
        key(
            at + ".warmup_epochs",
            nonNegative(),
            constant(otherwise.warmupEpochs),
            "linear warm-up, in epochs");
    optimizer =
        key(
            at + ".optimizer",
            choice(OptimizerSettings.Form.class),
            constant(OptimizerSettings.Form.ADAMW),
            "what makes updates of gradients: docs/explanation/memory.md");
    weightDecay =
        key(at + ".weight_decay", nonNegative(), constant(0.01), "decoupled, as in AdamW");
    clipNorm =
        key(
            at + ".clip_norm",
            nonNegative(),
            constant(1.0),
            "largest global gradient norm; 0: no clipping");
    seed = key(at + ".seed", ValueType.anyInteger(), constant(0L), "of everything that is drawn");
    checkpointEvery =
        key(
            at + ".checkpoint_every",
            integer(0),
            constant(otherwise.checkpointEvery),
            "epochs between checkpoints; 0: none");
    recompute =
        key(
            at + ".recompute",
            ValueType.flag(),
            constant(false),
            "compute each block's activations again in the backward pass: less memory, more time");
    routerLoss =
        key(
            at + ".router_loss",
            ValueType.routerWeight(),
            constant(RouterWeight.NONE),
            "weight of the loss that balances a mixture's experts; `config`: its"
                + " `router_aux_loss_coef`");
    adapter = new AdapterKeys(at);
  }

  List<Key<?>> keys() {
    List<Key<?>> keys =
        new ArrayList<>(
            List.of(
                epochs,
                batchSize,
                accumulate,
                learningRate,
                schedule,
                warmupEpochs,
                optimizer,
                weightDecay,
                clipNorm,
                seed,
                checkpointEvery,
                recompute,
                routerLoss));
    keys.addAll(adapter.keys());
    return keys;
  }

  private static <T> Key<T> key(String path, ValueType<T> type, Fallback<T> fallback, String doc) {
    return new Key<>(path, type, fallback, doc);
  }
}
