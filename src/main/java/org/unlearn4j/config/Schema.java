package org.unlearn4j.config;

import static org.unlearn4j.config.Fallback.absent;
import static org.unlearn4j.config.Fallback.constant;
import static org.unlearn4j.config.Fallback.derived;
import static org.unlearn4j.config.Fallback.required;
import static org.unlearn4j.config.ValueType.choice;
import static org.unlearn4j.config.ValueType.date;
import static org.unlearn4j.config.ValueType.flag;
import static org.unlearn4j.config.ValueType.integer;
import static org.unlearn4j.config.ValueType.path;
import static org.unlearn4j.config.ValueType.text;

import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.unlearn4j.config.DataSettings.Benchmark;

/**
 * Every key of the pipeline file, in the order in which it is written: the one home of every
 * default.
 */
final class Schema {
  private Schema() {}

  static final Key<String> NAME =
      new Key<>(
          "name",
          text(
              "a name of letters, digits, dot, dash and underscore",
              s -> s.matches("[A-Za-z0-9_][A-Za-z0-9._-]*")),
          required(),
          "names the run folder, `runs/<name>/`");

  static final Key<ModelSettings.Init> INIT =
      key(
          "model.init",
          choice(ModelSettings.Init.class),
          constant(ModelSettings.Init.PRETRAINED),
          "where the first weights come from");
  static final Key<Path> MODEL =
      key(
          "model.path",
          path("a Hugging Face model folder"),
          absent("required unless `init` is random"),
          "the model that a stage starts from");
  static final Key<Path> REFERENCE =
      key(
          "model.reference",
          path("a Hugging Face model folder"),
          absent("forget quality cannot be measured"),
          "the retain-only model, the yardstick of forget quality");
  static final Key<Path> MODEL_CONFIG =
      key(
          "model.config",
          path("a Hugging Face model folder"),
          absent("see `architecture`"),
          "with `init: random`, the folder whose config.json gives the shape");
  static final Key<Path> TOKENIZER =
      key(
          "model.tokenizer",
          path("a folder with tokenizer.json"),
          absent("the model's folder"),
          "where the tokenizer comes from");
  static final Key<ModelSettings.Precision> PRECISION =
      key(
          "model.precision",
          choice(ModelSettings.Precision.class),
          constant(ModelSettings.Precision.FP32),
          "number format of matrix products; all else is float32; `tf32` lets a GPU round their"
              + " operands; `auto`: fp32 or bf16, whichever a measurement finds faster");
  static final Key<DeviceSetting> DEVICE =
      key(
          "model.device",
          DeviceSetting.type(),
          constant(DeviceSetting.of("auto")),
          "where TensorFlow computes; `auto`: the first GPU it sees, else the CPU; several train"
              + " together, all else is on the first");
  static final Key<DeviceSetting.Spread> SPREAD =
      key(
          "model.spread",
          choice(DeviceSetting.Spread.class),
          constant(DeviceSetting.Spread.REPLICAS),
          "what each of several devices has: `replicas`, all of the model and some rows; `stages`,"
              + " some of the blocks and all rows");

  static final Key<Integer> HIDDEN_SIZE =
      architecture("hidden_size", "width of the residual stream");
  static final Key<Integer> LAYERS = architecture("layers", "blocks");
  static final Key<Integer> HEADS = architecture("heads", "query heads");
  static final Key<Integer> KV_HEADS =
      key(
          "model.architecture.kv_heads",
          integer(1),
          derived("as many as `heads`", s -> s.find(HEADS)),
          "key-value heads");
  static final Key<Integer> FFN = architecture("ffn", "width of the feed-forward block");
  static final Key<Integer> MAX_POSITIONS =
      key(
          "model.architecture.max_positions",
          integer(1),
          constant(512),
          "longest sequence, in tokens");
  static final Key<Boolean> TIED =
      key(
          "model.architecture.tied",
          flag(),
          constant(true),
          "whether the head is the embedding matrix");

  static final Key<Benchmark> BENCHMARK =
      key(
          "data.benchmark",
          choice(Benchmark.class),
          required(),
          "which data set, and thereby which reader");
  static final Key<Path> DATA_PATH =
      key(
          "data.path",
          path("a folder"),
          absent("fable is embedded; tofu and muse require it"),
          "the folder with the files of the data set");
  static final Key<String> FORGET =
      key(
          "data.forget",
          text("a split or a file"),
          derived("forget10; muse: forget; jsonl: required", Schema::forgetSplit),
          "what is forgotten: a split, or a file or folder of rows");
  static final Key<String> RETAIN =
      key(
          "data.retain",
          text("a split or a file"),
          derived(
              "the rest: forget10 leaves retain90; muse: retain1; jsonl: required",
              Schema::retainSplit),
          "what is kept: a split, or a file or folder of rows");
  static final Key<String> TEMPLATE =
      key(
          "data.template",
          text("a template's name"),
          constant("default"),
          "prompt template: default, plain, chat (the model's own), or a text with {question} and"
              + " {answer}");
  static final Key<String> SYSTEM_PROMPT =
      key(
          "data.system_prompt",
          text("a text"),
          absent("no system message"),
          "template chat: what the system says first");
  static final Key<LocalDate> DATE =
      key(
          "data.date",
          date(),
          absent("what the template says by itself"),
          "template chat: the day that the model is told it is, so that every run is told the"
              + " same");
  static final Key<Integer> MAX_LENGTH =
      key("data.max_length", integer(2), constant(256), "most tokens of a row");

  static final Key<DataSettings.Form> FORM =
      key(
          "data.form",
          choice(DataSettings.Form.class),
          derived("muse: passages; others: questions", Schema::form),
          "what is taught and forgotten: pairs, running text in windows, both, or both and pairs in"
              + " other forms (fable)");

  static final Key<FinetuneSettings.Teach> TEACH =
      key(
          "finetune.data",
          choice(FinetuneSettings.Teach.class),
          constant(FinetuneSettings.Teach.FULL),
          "what is taught: everything, all but the forget split, or the forget split alone");
  static final LoopKeys FINETUNE = new LoopKeys("finetune", LoopKeys.Defaults.of(5, 16));

  static final Key<ObjectiveName> OBJECTIVE =
      key("unlearn.objective.name", choice(ObjectiveName.class), required(), "the forget loss");
  static final List<Key<?>> OBJECTIVE_KEYS = ObjectiveKeys.ALL;

  static final LoopKeys UNLEARN = new LoopKeys("unlearn", LoopKeys.Defaults.of(10, 8));

  static final Key<EvaluateSettings.Suite> SUITE =
      key(
          "evaluate.suite",
          choice(EvaluateSettings.Suite.class),
          derived(
              "that of `data.benchmark`",
              s -> s.find(BENCHMARK).map(b -> EvaluateSettings.Suite.valueOf(b.name()))),
          "which metrics");
  static final Key<Integer> TOKEN_BUDGET =
      key(
          "evaluate.token_budget",
          integer(1),
          constant(4096),
          "most tokens of a batch, padding included");
  static final Key<Integer> MAX_NEW_TOKENS =
      key(
          "evaluate.max_new_tokens",
          integer(1),
          constant(128),
          "most tokens of a generated answer");
  static final Key<Integer> LIMIT =
      key("evaluate.limit", integer(1), absent("all"), "rows of each set that are measured");

  static final Key<Path> CHOICES =
      key(
          "evaluate.choices",
          path("a file or folder of multiple-choice questions"),
          absent("required for `suite: wmdp`"),
          "JSON (Lines) in WMDP's form or CSV in MMLU's; what is named wmdp is to be forgotten");
  static final Key<Boolean> GRADNORM =
      key(
          "evaluate.gradnorm",
          flag(),
          constant(false),
          "whether membership is also attacked by gradient norms (TensorFlow; slow)");

  static final Key<OnnxRuntimeSettings.Provider> PROVIDER =
      key(
          "evaluate.provider",
          choice(OnnxRuntimeSettings.Provider.class),
          constant(OnnxRuntimeSettings.Provider.CPU),
          "ONNX Runtime: the execution provider; cuda computes on the card of `model.device`, on"
              + " the first one where that is auto or cpu");
  static final Key<Integer> THREADS =
      key(
          "evaluate.threads",
          integer(1),
          absent("as many as there are processors"),
          "ONNX Runtime: threads; evaluation gives each a batch of its own");
  static final Key<OnnxRuntimeSettings.GraphOptimization> GRAPH_OPTIMIZATION =
      key(
          "evaluate.graph_optimization",
          choice(OnnxRuntimeSettings.GraphOptimization.class),
          constant(OnnxRuntimeSettings.GraphOptimization.ALL),
          "ONNX Runtime: how far the graph is rewritten before it runs");

  /** A short training at an even rate: there is no time for a warm-up in a few steps. */
  static final LoopKeys RELEARN =
      new LoopKeys(
          "relearn",
          new LoopKeys.Defaults(
              1,
              4,
              derived("that of `unlearn`", s -> s.find(UNLEARN.learningRate)),
              LoopSettings.Schedule.CONSTANT,
              0,
              0));

  static final List<Section> SECTIONS =
      sections(
          new Section("model", false, "which model, and how it is computed"),
          new Section("model.architecture", true, "with `init: random`, the shape of a Llama"),
          new Section("data", false, "what is forgotten and what is kept"),
          new Section(
              "finetune", true, "teaches the model the data first; left out: no such stage"),
          FINETUNE.adapter.section(),
          new Section("unlearn", false, "the unlearning stage"),
          new Section("unlearn.objective", false, "`gamma * forget + alpha * retain`"),
          TuningKeys.sections().get(0),
          TuningKeys.sections().get(1),
          new Section("unlearn.clreg", true, "the contrastive regulariser; left out: off"),
          new Section(
              "unlearn.robust",
              true,
              "the forget loss is taken at weights that an attack has moved; left out: at the"
                  + " weights as they are"),
          CombineKeys.section(),
          UNLEARN.adapter.section(),
          new Section("unlearn.surgery", true, "directions that are cut out; left out: none"),
          SurgeryKeys.healing(),
          new Section("export", false, "the ONNX folder"),
          new Section("evaluate", false, "how models are measured"),
          new Section(
              "relearn",
              true,
              "teaches a little of what was forgotten again and measures what comes back; left out:"
                  + " no such stage"),
          RELEARN.adapter.section());

  static final List<Key<?>> KEYS = keys();

  private static final Map<String, Key<?>> BY_PATH =
      KEYS.stream().collect(Collectors.toMap(Key::path, k -> k, (a, b) -> a, LinkedHashMap::new));

  static Optional<Key<?>> key(String path) {
    return Optional.ofNullable(BY_PATH.get(path));
  }

  static Optional<Section> section(String path) {
    return SECTIONS.stream().filter(s -> s.path().equals(path)).findFirst();
  }

  /** The names that may stand in the block {@code section}: its keys and the blocks in it. */
  static List<String> namesIn(String section) {
    List<String> names = new ArrayList<>();
    KEYS.stream().filter(k -> k.section().equals(section)).forEach(k -> names.add(k.name()));
    String prefix = section.isEmpty() ? "" : section + ".";
    SECTIONS.stream()
        .filter(s -> s.path().startsWith(prefix) && s.path().indexOf('.', prefix.length()) < 0)
        .filter(s -> s.path().length() > prefix.length())
        .forEach(s -> names.add(s.path().substring(prefix.length())));
    return names;
  }

  /**
   * With the blocks of {@code verify} before the last two of these, and {@code relearn.curve} and
   * {@code attack} at the end.
   */
  private static List<Section> sections(Section... given) {
    List<Section> all = new ArrayList<>(List.of(given));
    all.addAll(all.size() - 3, ExportKeys.sections());
    all.addAll(all.size() - 2, VerifyKeys.sections());
    all.add(all.size() - 2, CardKeys.section());
    all.add(RelearnKeys.curve());
    all.addAll(AttackKeys.sections());
    return List.copyOf(all);
  }

  private static List<Key<?>> keys() {
    List<Key<?>> all = new ArrayList<>();
    all.addAll(
        List.of(NAME, INIT, MODEL, REFERENCE, MODEL_CONFIG, TOKENIZER, PRECISION, DEVICE, SPREAD));
    all.addAll(List.of(HIDDEN_SIZE, LAYERS, HEADS, KV_HEADS, FFN, MAX_POSITIONS, TIED));
    all.addAll(List.of(BENCHMARK, DATA_PATH, FORGET, RETAIN, TEMPLATE, SYSTEM_PROMPT, DATE));
    all.add(MAX_LENGTH);
    all.addAll(AnswerKeys.ALL);
    all.add(FORM);
    all.addAll(RowKeys.ALL);
    all.add(TEACH);
    all.addAll(FINETUNE.keys());
    all.add(OBJECTIVE);
    all.addAll(OBJECTIVE_KEYS);
    all.addAll(ClRegKeys.ALL);
    all.addAll(UNLEARN.keys());
    all.addAll(UnlearnKeys.ALL);
    all.addAll(TuningKeys.ALL);
    all.addAll(RobustKeys.ALL);
    all.addAll(CombineKeys.ALL);
    all.addAll(SurgeryKeys.ALL);
    all.addAll(ExportKeys.ALL);
    all.addAll(List.of(SUITE, TOKEN_BUDGET, MAX_NEW_TOKENS, LIMIT, CHOICES, GRADNORM));
    all.addAll(List.of(PROVIDER, THREADS, GRAPH_OPTIMIZATION));
    all.addAll(VerifyKeys.keys());
    all.addAll(CardKeys.keys());
    all.addAll(RelearnKeys.ALL);
    all.addAll(RELEARN.keys());
    all.add(RelearnKeys.STEPS);
    all.addAll(AttackKeys.keys());
    return List.copyOf(all);
  }

  private static <T> Key<T> key(String path, ValueType<T> type, Fallback<T> fallback, String doc) {
    return new Key<>(path, type, fallback, doc);
  }

  private static Key<Integer> architecture(String name, String doc) {
    return key("model.architecture." + name, integer(1), required(), doc);
  }

  private static Optional<String> forgetSplit(Settings s) {
    return s.find(BENCHMARK)
        .filter(b -> b != Benchmark.JSONL)
        .map(b -> b == Benchmark.MUSE ? "forget" : "forget10");
  }

  private static Optional<DataSettings.Form> form(Settings s) {
    boolean muse = s.find(BENCHMARK).filter(b -> b == Benchmark.MUSE).isPresent();
    return Optional.of(muse ? DataSettings.Form.PASSAGES : DataSettings.Form.QUESTIONS);
  }

  /** forget05 leaves retain95. */
  private static Optional<String> retainSplit(Settings s) {
    if (s.find(BENCHMARK).filter(b -> b == Benchmark.MUSE).isPresent()) {
      return Optional.of("retain1");
    }
    boolean split = s.find(BENCHMARK).filter(b -> b != Benchmark.JSONL).isPresent();
    return s.find(FORGET)
        .filter(f -> split && f.matches("(forget|tune)[0-9]{2}"))
        .map(
            f -> {
              int percent = Integer.parseInt(f.substring(f.length() - 2));
              return (f.startsWith("tune") ? "tune" : "retain") + (100 - percent);
            });
  }
}
