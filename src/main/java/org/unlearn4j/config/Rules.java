package org.unlearn4j.config;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.unlearn4j.config.DataSettings.Benchmark;
import org.unlearn4j.config.DataSettings.Form;
import org.unlearn4j.config.Mistakes.Place;

/**
 * What must hold between keys, each of which is right for itself. Keys without a (valid) value are
 * left alone.
 */
final class Rules {
  /** Endings that a split's file may have beside its name. */
  private static final List<String> ROWS =
      List.of(".json", ".jsonl", ".csv", ".txt", ".md", ".markdown", ".parquet");

  private final Settings settings;
  private final Mistakes mistakes;
  private final Function<Key<?>, Place> places;

  Rules(Settings settings, Mistakes mistakes, Function<Key<?>, Place> places) {
    this.settings = settings;
    this.mistakes = mistakes;
    this.places = places;
  }

  /**
   * @param files whether the files that are named must exist
   */
  void check(boolean files) {
    weights();
    architecture();
    data();
    warmup(Schema.FINETUNE);
    warmup(Schema.UNLEARN);
    warmup(Schema.RELEARN);
    objective();
    floor();
    robust();
    CombineKeys.check(settings, this::add);
    surgery();
    relearn();
    adapter();
    separate();
    CodeRules.check(settings, this::add);
    devices();
    AttackKeys.check(settings, this::add);
    AnswerKeys.check(settings, files, this::add);
    if (files) {
      files();
    }
  }

  private void weights() {
    boolean random = is(Schema.INIT, ModelSettings.Init.RANDOM);
    boolean shape = settings.find(Schema.MODEL_CONFIG).isPresent();
    boolean inline = settings.hasSection("model.architecture");
    if (is(Schema.INIT, ModelSettings.Init.PRETRAINED)) {
      require(Schema.MODEL, "");
      if (inline) {
        add(
            Schema.HIDDEN_SIZE,
            "an architecture for a pretrained model",
            "init: random, or no architecture");
      }
    }
    if (random && shape == inline) {
      String found =
          shape ? "both model.config and model.architecture" : "init: random without a shape";
      add(Schema.INIT, found, "either model.config or model.architecture");
    }
    if (random && inline) {
      require(Schema.TOKENIZER, " (a model with fresh weights has none of its own)");
    }
  }

  private void architecture() {
    Optional<Integer> heads = settings.find(Schema.HEADS);
    Optional<Integer> hidden = settings.find(Schema.HIDDEN_SIZE);
    Optional<Integer> kv = settings.find(Schema.KV_HEADS);
    if (heads.isPresent() && hidden.isPresent() && hidden.get() % (2 * heads.get()) != 0) {
      add(
          Schema.HIDDEN_SIZE,
          hidden.get().toString(),
          "an even multiple of heads (" + heads.get() + ")");
    }
    if (heads.isPresent() && kv.isPresent() && heads.get() % kv.get() != 0) {
      add(Schema.KV_HEADS, kv.get().toString(), "a divisor of heads (" + heads.get() + ")");
    }
  }

  private void data() {
    if (is(Schema.BENCHMARK, Benchmark.TOFU)) {
      require(Schema.DATA_PATH, " with TOFU's files");
    }
    if (is(Schema.BENCHMARK, Benchmark.MUSE)) {
      require(Schema.DATA_PATH, " with MUSE's files");
    }
    boolean passages =
        is(Schema.BENCHMARK, Benchmark.MUSE) || is(Schema.BENCHMARK, Benchmark.FABLE);
    Optional<DataSettings.Form> form = settings.find(Schema.FORM);
    if (!passages && form.isPresent() && form.get() != DataSettings.Form.QUESTIONS) {
      add(Schema.FORM, form.get().spelling(), "questions (only fable and muse have passages)");
    }
    if (is(Schema.BENCHMARK, Benchmark.MUSE) && is(Schema.FORM, Form.FORMS)) {
      add(Schema.FORM, "forms for muse", "passages (only fable has pairs in several forms)");
    }
    if (!passages && is(Schema.SUITE, EvaluateSettings.Suite.MUSE)) {
      add(Schema.SUITE, "muse", "another suite (only fable and muse have passages)");
    }
    if (is(Schema.SUITE, EvaluateSettings.Suite.MUSE) && is(Schema.TEMPLATE, "chat")) {
      add(Schema.TEMPLATE, "chat for suite muse", "a text (MUSE asks in running text)");
    }
    if (is(Schema.SUITE, EvaluateSettings.Suite.WMDP)) {
      require(Schema.CHOICES, "");
    }
    RowKeys.check(settings, this::add);
    TuningKeys.check(settings, this::add);
    Optional<String> forget = settings.find(Schema.FORGET);
    if (forget.isPresent() && forget.equals(settings.find(Schema.RETAIN))) {
      add(
          Schema.RETAIN,
          forget.get() + ", which is forgotten too",
          "other rows than those of data.forget");
    }
  }

  private void warmup(LoopKeys loop) {
    Optional<Double> warmup = settings.find(loop.warmupEpochs);
    Optional<Integer> epochs = settings.find(loop.epochs);
    if (warmup.isPresent() && epochs.isPresent() && warmup.get() > epochs.get()) {
      add(
          loop.warmupEpochs,
          ValueType.decimal(warmup.get()),
          "at most the " + epochs.get() + " epochs there are");
    }
  }

  private void objective() {
    Optional<ObjectiveName> name = settings.find(Schema.OBJECTIVE);
    Optional<RetainName> retain = settings.find(ObjectiveKeys.RETAIN);
    if (name.isEmpty() || retain.isEmpty()) {
      return;
    }
    boolean none = retain.get() == RetainName.NONE;
    if (name.get() == ObjectiveName.GRAD_ASCENT && !none) {
      add(
          ObjectiveKeys.RETAIN,
          retain.get().spelling() + " for GradAscent",
          "none (GradDiff is the one that retains)");
    }
    if (name.get() == ObjectiveName.PDU && none) {
      add(ObjectiveKeys.RETAIN, "none for PDU", "a retain loss, which the dual variable watches");
    }
    boolean steers = name.get() == ObjectiveName.RMU || name.get() == ObjectiveName.CIRCUIT_BREAKER;
    if (retain.get() == RetainName.EMBED_DIFF && !steers) {
      add(
          ObjectiveKeys.RETAIN,
          "EmbedDiff for " + name.get().spelling(),
          "NLL, KL or none (EmbedDiff is that of RMU and CircuitBreaker)");
    }
    if (comparesRows() && is(Schema.UNLEARN.batchSize, 1)) {
      add(
          Schema.UNLEARN.batchSize,
          "1 beside unlearn.objective.orthogonality",
          "at least 2 (it compares rows of a micro-batch)");
    }
    boolean pairs = settings.find(Schema.FORM).filter(f -> f != Form.QUESTIONS).isEmpty();
    if (is(ClRegKeys.VIEW, ClRegSettings.View.PARAPHRASE) && !pairs) {
      add(ClRegKeys.VIEW, "paraphrase of passages", "mask or dropout");
    }
    boolean alone = none && settings.find(ClRegKeys.WEIGHT).filter(w -> w > 0).isEmpty();
    if (alone && settings.find(UnlearnKeys.RETAIN_ROWS).filter(r -> r > 1).isPresent()) {
      add(
          UnlearnKeys.RETAIN_ROWS,
          "more than 1 without a retain loss or CLReg",
          "1 (no retain row is read)");
    }
    boolean nothing = settings.find(ObjectiveKeys.GAMMA).filter(g -> g == 0).isPresent();
    if (nothing && settings.find(ClRegKeys.WEIGHT).filter(w -> w > 0).isEmpty()) {
      add(
          ObjectiveKeys.GAMMA,
          "0 without CLReg",
          "a number greater than 0 (nothing would be forgotten)");
    }
  }

  private boolean comparesRows() {
    return settings.find(ObjectiveKeys.ORTHOGONALITY).filter(o -> o > 0).isPresent();
  }

  private void floor() {
    if (is(ObjectiveKeys.FLOOR, Floor.REFERENCE) && !settings.hasSection("finetune")) {
      require(Schema.REFERENCE, ", which unlearn.objective.floor is measured on");
    }
    if (is(ObjectiveKeys.FLOOR, Floor.STRANGERS) && is(Schema.BENCHMARK, Benchmark.MUSE)) {
      add(ObjectiveKeys.FLOOR, "strangers for MUSE, which has none", "reference or a number");
    }
    if (is(ClRegKeys.VIEW, ClRegSettings.View.STRANGER) && is(Schema.BENCHMARK, Benchmark.MUSE)) {
      add(ClRegKeys.VIEW, "stranger for MUSE, which has none", "mask or dropout");
    }
  }

  /** What an attack learns it learns by the retain loss of the graph, in the retain rows' place. */
  private void robust() {
    boolean robust = !is(RobustKeys.ATTACK, RobustSettings.Attack.NONE);
    settings
        .find(Schema.UNLEARN.routerLoss)
        .filter(w -> robust && settings.find(RobustKeys.ATTACK).isPresent() && !w.off())
        .ifPresent(
            w ->
                add(Schema.UNLEARN.routerLoss, w + " with unlearn.robust.attack", "0 (no attack)"));
    if (!is(RobustKeys.ATTACK, RobustSettings.Attack.RELEARN)) {
      return;
    }
    Optional<RetainName> retain = settings.find(ObjectiveKeys.RETAIN);
    if (retain.isPresent() && retain.get() != RetainName.NLL) {
      add(
          RobustKeys.ATTACK,
          "relearn with retain: " + retain.get().spelling(),
          "SAM, noise or none, or else retain: NLL (which an attack learns by)");
    } else if (settings.find(ObjectiveKeys.ALPHA).filter(a -> a == 0).isPresent()) {
      add(
          RobustKeys.ATTACK,
          "relearn with alpha: 0",
          "SAM, noise or none, or else an alpha greater than 0 (without a retain loss there is"
              + " nothing to learn by)");
    }
  }

  private void surgery() {
    if (is(SurgeryKeys.READS, false) && is(SurgeryKeys.WRITES, false)) {
      add(SurgeryKeys.READS, "false beside writes: false", "true for one of the two");
    }
    if (settings.hasSection("unlearn.surgery.healing")
        && settings.find(Schema.DEVICE).filter(d -> !d.processes().isEmpty()).isPresent()) {
      add(SurgeryKeys.HEALING_STEPS, "healing beside several processes", "none, or one process");
    }
  }

  private void relearn() {
    Optional<List<RelearnSettings.Teach>> taught = settings.find(RelearnKeys.TEACH);
    boolean others = taught.filter(t -> !t.contains(RelearnSettings.Teach.FORGET)).isPresent();
    if (others && settings.find(RelearnKeys.GAIN_MAX).isPresent()) {
      String found = "no forget beside relearn.gain_max";
      add(RelearnKeys.TEACH, found, "forget among them, which the gate judges");
    }
  }

  /** What moves or chooses the model's own weights has none to work on where adapters learn. */
  private void adapter() {
    String theirs = "no adapter, whose weights alone learn";
    if (settings.hasSection("unlearn.adapter")
        && settings.find(UnlearnKeys.SALIENT_SHARE).filter(s -> s < 1).isPresent()) {
      add(UnlearnKeys.SALIENT_SHARE, "less than 1 beside unlearn.adapter", theirs);
    }
    if (settings.hasSection("unlearn.adapter") && settings.hasSection("unlearn.surgery")) {
      add(SurgeryKeys.RANK, "surgery beside unlearn.adapter", theirs);
    }
    if (settings.hasSection("finetune.adapter") && is(Schema.INIT, ModelSettings.Init.RANDOM)) {
      add(
          Schema.INIT,
          "random beside finetune.adapter",
          "a pretrained model, which adapters are for");
    }
    if (settings.find(RobustKeys.ATTACK).filter(a -> a != RobustSettings.Attack.NONE).isPresent()
        && settings.find(Schema.UNLEARN.adapter.orthogonality).filter(o -> o > 0).isPresent()) {
      add(
          Schema.UNLEARN.adapter.orthogonality,
          "a weight beside unlearn.robust",
          "0, or no attack (whose parts are taken one by one)");
    }
    for (LoopKeys loop : List.of(Schema.FINETUNE, Schema.RELEARN)) {
      if (is(loop.adapter.init, AdapterSettings.Init.REGLU)) {
        add(loop.adapter.init, "ReGLU where no rows are forgotten", "gaussian or PiSSA");
      }
    }
  }

  /** A base beside an adapter has no weights that could have changed. */
  private void separate() {
    if (!is(ExportKeys.ADAPTER, ExportSettings.Adapter.SEPARATE)) {
      return;
    }
    if (!settings.hasSection("unlearn.adapter")) {
      add(ExportKeys.ADAPTER, "separate without unlearn.adapter", "merged, or such a block");
    }
    if (is(Schema.UNLEARN.adapter.trainBias, true)) {
      add(
          Schema.UNLEARN.adapter.trainBias,
          "true beside export.adapter: separate",
          "false, or merged (ONNX Runtime's adapters add products; they cannot replace a bias)");
    }
    Optional<QuantizationSettings.Format> aware = settings.find(UnlearnKeys.QUANTIZATION_AWARE);
    if (aware.isPresent() && aware.get() != QuantizationSettings.Format.NONE) {
      add(
          UnlearnKeys.QUANTIZATION_AWARE,
          aware.get().spelling() + " beside export.adapter: separate",
          "none, or merged (whose codes it trains for; a base keeps its own)");
    }
  }

  /** What one device alone can do, because rows that are divided would not give the same step. */
  private void devices() {
    if (settings.find(Schema.DEVICE).filter(DeviceSetting::several).isEmpty()) {
      return;
    }
    String several = " beside several devices";
    if (settings.find(RobustKeys.ATTACK).filter(a -> a != RobustSettings.Attack.NONE).isPresent()) {
      add(RobustKeys.ATTACK, "an attack" + several, "none, or one device");
    }
    if (!is(Schema.SPREAD, DeviceSetting.Spread.REPLICAS)) {
      if (settings.find(UnlearnKeys.SALIENT_SHARE).filter(s -> s < 1).isPresent()) {
        add(
            UnlearnKeys.SALIENT_SHARE,
            "a search for modules" + several + " with model.spread: stages",
            "1, or one device, or model.spread: replicas");
      }
      return;
    }
    String beside = several + " with model.spread: replicas";
    String or = ", or one device, or model.spread: stages";
    if (is(ClRegKeys.VIEW, ClRegSettings.View.DROPOUT)) {
      add(ClRegKeys.VIEW, "dropout" + beside, "mask" + or);
    }
    for (ClRegSettings.Form form :
        List.of(ClRegSettings.Form.SUPERVISED, ClRegSettings.Form.COMPACT)) {
      if (is(ClRegKeys.FORM, form)) {
        add(ClRegKeys.FORM, form.spelling() + beside, "contrastive or margin" + or);
      }
    }
    if (comparesRows()) {
      add(ObjectiveKeys.ORTHOGONALITY, "a weight" + beside, "0" + or);
    }
    for (LoopKeys loop : List.of(Schema.FINETUNE, Schema.UNLEARN, Schema.RELEARN)) {
      if (settings.find(loop.adapter.dropout).filter(d -> d > 0).isPresent()) {
        add(loop.adapter.dropout, "dropout" + beside, "0" + or);
      }
    }
  }

  private void files() {
    for (Key<Path> key :
        List.of(
            Schema.MODEL,
            Schema.REFERENCE,
            Schema.MODEL_CONFIG,
            Schema.TOKENIZER,
            Schema.DATA_PATH,
            AnswerKeys.REFUSALS,
            Schema.CHOICES)) {
      settings.find(key).ifPresent(p -> exists(key, p, key.type().expected()));
    }
    if (is(Schema.BENCHMARK, Benchmark.JSONL)) {
      Path folder = settings.find(Schema.DATA_PATH).orElse(Path.of(""));
      for (Key<String> key : List.of(Schema.FORGET, Schema.RETAIN)) {
        settings.find(key).ifPresent(f -> split(key, folder, f));
      }
    }
  }

  /** A split may be named with or without the ending of its file. */
  private void split(Key<String> key, Path folder, String name) {
    boolean there =
        Files.exists(folder.resolve(name))
            || ROWS.stream().anyMatch(e -> Files.isRegularFile(folder.resolve(name + e)));
    if (!there) {
      add(
          key,
          folder.resolve(name) + ", which does not exist",
          "a JSON Lines file (or CSV, text, Markdown, or a folder of such)");
    }
  }

  private void exists(Key<?> key, Path path, String expected) {
    if (!Files.exists(path)) {
      add(key, path + ", which does not exist", expected);
    }
  }

  private <T> boolean is(Key<T> key, T value) {
    return settings.find(key).filter(value::equals).isPresent();
  }

  private void require(Key<?> key, String remark) {
    if (settings.find(key).isEmpty()) {
      add(key, "no such key", key.type().expected() + remark);
    }
  }

  private void add(Key<?> key, String found, String expected) {
    mistakes.add(places.apply(key), key.path(), found, expected);
  }
}
