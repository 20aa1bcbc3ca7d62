package org.unlearn4j.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.unlearn4j.weights.GraphChoices;

/** The typed records of resolved settings. */
final class PipelineRecords {
  private PipelineRecords() {}

  static ModelSettings model(Settings s) {
    return new ModelSettings(
        s.find(Schema.MODEL),
        s.find(Schema.REFERENCE),
        s.get(Schema.INIT),
        s.find(Schema.MODEL_CONFIG),
        s.hasSection("model.architecture") ? Optional.of(architecture(s)) : Optional.empty(),
        s.find(Schema.TOKENIZER),
        s.get(Schema.PRECISION),
        s.get(Schema.DEVICE),
        s.get(Schema.SPREAD));
  }

  private static ArchitectureSettings architecture(Settings s) {
    return new ArchitectureSettings(
        s.get(Schema.HIDDEN_SIZE),
        s.get(Schema.LAYERS),
        s.get(Schema.HEADS),
        s.get(Schema.KV_HEADS),
        s.get(Schema.FFN),
        s.get(Schema.MAX_POSITIONS),
        s.get(Schema.TIED));
  }

  static DataSettings data(Settings s) {
    return new DataSettings(
        s.get(Schema.BENCHMARK),
        s.find(Schema.DATA_PATH),
        s.get(Schema.FORGET),
        s.get(Schema.RETAIN),
        s.get(Schema.TEMPLATE),
        s.find(Schema.SYSTEM_PROMPT),
        s.find(Schema.DATE),
        s.get(Schema.MAX_LENGTH),
        s.find(AnswerKeys.REFUSALS),
        s.find(AnswerKeys.ALTERNATES),
        s.get(Schema.FORM),
        RowKeys.rows(s));
  }

  static Optional<FinetuneSettings> finetune(Settings s) {
    return s.hasSection("finetune")
        ? Optional.of(new FinetuneSettings(s.get(Schema.TEACH), loop(s, Schema.FINETUNE)))
        : Optional.empty();
  }

  static Optional<RelearnSettings> relearn(Settings s) {
    return s.hasSection("relearn")
        ? Optional.of(
            new RelearnSettings(
                s.get(RelearnKeys.SHARE),
                s.findNumber(RelearnKeys.GAIN_MAX),
                s.get(RelearnKeys.TEACH),
                s.find(RelearnKeys.STEPS).orElse(List.of()),
                s.find(RelearnKeys.SHARES).orElse(List.of()),
                loop(s, Schema.RELEARN)))
        : Optional.empty();
  }

  static UnlearnSettings unlearn(Settings s) {
    boolean regularised = s.find(ClRegKeys.WEIGHT).filter(w -> w > 0).isPresent();
    return new UnlearnSettings(
        objective(s),
        regularised ? Optional.of(clreg(s)) : Optional.empty(),
        Optional.of(quantization(s)).filter(q -> q.format() != QuantizationSettings.Format.NONE),
        robust(s),
        CombineKeys.read(s),
        s.hasSection("unlearn.surgery") ? Optional.of(SurgeryKeys.read(s)) : Optional.empty(),
        s.get(UnlearnKeys.SALIENT_SHARE),
        s.get(UnlearnKeys.RETAIN_ROWS),
        new WatchSettings(s.get(UnlearnKeys.WATCH), s.get(UnlearnKeys.WATCH_ROWS)),
        TuningKeys.read(s),
        loop(s, Schema.UNLEARN));
  }

  private static ObjectiveSettings objective(Settings s) {
    Map<Key<?>, Object> own = new LinkedHashMap<>();
    for (Key<?> key : ObjectiveKeys.ALL) {
      s.find(key).ifPresent(v -> own.put(key, v));
    }
    return new ObjectiveSettings(s.get(Schema.OBJECTIVE), own);
  }

  private static ClRegSettings clreg(Settings s) {
    return new ClRegSettings(
        s.get(ClRegKeys.FORM),
        s.get(ClRegKeys.WEIGHT),
        s.get(ClRegKeys.TEMPERATURE),
        s.get(ClRegKeys.MARGIN),
        s.get(ClRegKeys.LAYERS),
        s.get(ClRegKeys.POOLING),
        s.get(ClRegKeys.VIEW),
        s.get(ClRegKeys.MASK_PROBABILITY),
        s.get(ClRegKeys.DROPOUT_PROBABILITY),
        s.get(ClRegKeys.QUEUE),
        s.get(ClRegKeys.STOP_GRADIENT),
        s.get(ClRegKeys.WARMUP_STEPS));
  }

  private static Optional<RobustSettings> robust(Settings s) {
    return s.find(RobustKeys.ATTACK)
        .filter(a -> a != RobustSettings.Attack.NONE)
        .map(
            a ->
                new RobustSettings(
                    a,
                    s.get(RobustKeys.RADIUS),
                    s.get(RobustKeys.STEPS),
                    s.get(RobustKeys.RATE),
                    s.get(RobustKeys.COURSE)));
  }

  private static QuantizationSettings quantization(Settings s) {
    return new QuantizationSettings(
        s.get(UnlearnKeys.QUANTIZATION_AWARE), s.get(UnlearnKeys.QUANTIZATION_SHARE));
  }

  private static LoopSettings loop(Settings s, LoopKeys loop) {
    return new LoopSettings(
        s.get(loop.epochs),
        s.get(loop.batchSize),
        s.get(loop.accumulate),
        s.get(loop.learningRate),
        s.get(loop.schedule),
        s.get(loop.warmupEpochs),
        new OptimizerSettings(s.get(loop.optimizer), s.get(loop.weightDecay), s.get(loop.clipNorm)),
        s.get(loop.seed),
        s.get(loop.checkpointEvery),
        s.get(loop.recompute),
        loop.adapter.read(s),
        s.get(loop.routerLoss));
  }

  static ExportSettings export(Settings s) {
    return new ExportSettings(
        s.get(ExportKeys.VARIANTS),
        s.get(ExportKeys.OPSET),
        s.get(ExportKeys.ADAPTER),
        new GraphChoices(
            ExportKeys.INT4.read(s),
            ExportKeys.INT8.read(s),
            s.get(ExportKeys.HIDDEN_STATES),
            s.get(ExportKeys.LOGITS) == ExportSettings.Logits.LAST,
            s.get(ExportKeys.ATTENTION) == ExportSettings.Attention.GROUPED));
  }

  static EvaluateSettings evaluate(Settings s) {
    return new EvaluateSettings(
        s.get(Schema.SUITE),
        s.get(Schema.TOKEN_BUDGET),
        s.get(Schema.MAX_NEW_TOKENS),
        s.find(Schema.LIMIT).map(OptionalInt::of).orElse(OptionalInt.empty()),
        s.find(Schema.CHOICES),
        s.get(Schema.GRADNORM),
        onnxRuntime(s));
  }

  private static OnnxRuntimeSettings onnxRuntime(Settings s) {
    return new OnnxRuntimeSettings(
        s.get(Schema.PROVIDER),
        s.find(Schema.THREADS).map(OptionalInt::of).orElse(OptionalInt.empty()),
        s.get(Schema.GRAPH_OPTIMIZATION));
  }

  static VerifySettings verify(Settings s) {
    return VerifyKeys.read(s);
  }

  static Optional<AttackSettings> attack(Settings s) {
    return AttackKeys.read(s);
  }

  static CardSettings card(Settings s) {
    return CardKeys.read(s);
  }
}
