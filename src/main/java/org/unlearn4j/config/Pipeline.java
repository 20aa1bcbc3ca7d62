package org.unlearn4j.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.unlearn4j.base.UserException;

/**
 * A pipeline, checked and with every default in its place. Immutable; there is no other way to one
 * than through the schema, so what holds here has been validated.
 */
public final class Pipeline {
  private final PipelineReader.Source source;
  private final boolean checkFiles;
  private final Settings settings;
  private final ModelSettings model;
  private final DataSettings data;
  private final Optional<FinetuneSettings> finetune;
  private final UnlearnSettings unlearn;
  private final ExportSettings export;
  private final EvaluateSettings evaluate;
  private final VerifySettings verify;
  private final CardSettings card;
  private final Optional<RelearnSettings> relearn;
  private final Optional<AttackSettings> attack;

  private Pipeline(PipelineReader.Source source, boolean checkFiles) {
    this.source = source;
    this.checkFiles = checkFiles;
    settings = PipelineReader.read(source, checkFiles);
    model = PipelineRecords.model(settings);
    data = PipelineRecords.data(settings);
    finetune = PipelineRecords.finetune(settings);
    unlearn = PipelineRecords.unlearn(settings);
    export = PipelineRecords.export(settings);
    evaluate = PipelineRecords.evaluate(settings);
    verify = PipelineRecords.verify(settings);
    card = PipelineRecords.card(settings);
    relearn = PipelineRecords.relearn(settings);
    attack = PipelineRecords.attack(settings);
  }

  /**
   * Reads a pipeline file.
   *
   * @param sets overrides, each {@code a.b=c}; later ones win
   * @throws UserException naming every mistake at once (unknown, missing or doubled keys, wrong
   *     types, values out of range, combinations that cannot be, files that do not exist), one
   *     sentence a line
   */
  public static Pipeline read(Path file, List<String> sets) {
    return new Pipeline(PipelineReader.Source.of(file, sets), true);
  }

  /**
   * As {@link #read}, of a text that is no file yet.
   *
   * @param file that it will be, for messages
   */
  public static Pipeline ofText(Path file, String text) {
    return new Pipeline(new PipelineReader.Source(Optional.of(file), text, List.of()), true);
  }

  /** As {@link #read}, but the models and data that the file names need not be there any more. */
  public static Pipeline readRecord(Path file) {
    return new Pipeline(PipelineReader.Source.of(file, List.of()), false);
  }

  /**
   * The defaults of an objective, with overrides on top and without any file: for probing a batch.
   * CLReg is off unless an override gives {@code unlearn.clreg.weight}.
   *
   * @throws UserException naming every mistake at once
   */
  public static Pipeline defaults(String objective, List<String> sets) {
    List<String> all =
        new ArrayList<>(
            List.of(
                "name=defaults",
                "model.path=.",
                "data.benchmark=fable",
                "unlearn.clreg.weight=0",
                "unlearn.objective.name=" + objective));
    all.addAll(sets);
    return new Pipeline(PipelineReader.Source.of(all), false);
  }

  /**
   * The same pipeline with further overrides: what follows from a key that changes follows again.
   *
   * @param sets each {@code a.b=c}; later ones win
   * @throws UserException naming every mistake at once
   */
  public Pipeline with(String... sets) {
    return new Pipeline(source.with(List.of(sets)), checkFiles);
  }

  /** As {@link #with}, but the models that the overrides name need not be there yet. */
  public Pipeline startingFrom(Path model, Path reference) {
    return new Pipeline(
        source.with(List.of("model.path=" + model, "model.reference=" + reference)), false);
  }

  public String name() {
    return settings.get(Schema.NAME);
  }

  public ModelSettings model() {
    return model;
  }

  public DataSettings data() {
    return data;
  }

  /** Empty where the pipeline has no such stage. */
  public Optional<FinetuneSettings> finetune() {
    return finetune;
  }

  public UnlearnSettings unlearn() {
    return unlearn;
  }

  public ExportSettings export() {
    return export;
  }

  public EvaluateSettings evaluate() {
    return evaluate;
  }

  public VerifySettings verify() {
    return verify;
  }

  public CardSettings card() {
    return card;
  }

  /** Empty where the pipeline has no such stage. */
  public Optional<RelearnSettings> relearn() {
    return relearn;
  }

  /** Empty where the pipeline has no such stage. */
  public Optional<AttackSettings> attack() {
    return attack;
  }

  /** The pipeline file with every default spelled out; it reads back as an equal pipeline. */
  public String toYaml() {
    StringBuilder out = new StringBuilder();
    Set<String> opened = new HashSet<>(Set.of(""));
    Schema.KEYS.forEach(key -> write(key, opened, out));
    return out.toString();
  }

  /**
   * The part of {@link #toYaml} that lies in some blocks: what a stage depends on.
   *
   * @param blocks such as {@code model} or {@code unlearn}
   */
  public String toYaml(Set<String> blocks) {
    Set<String> opened = new HashSet<>(Set.of(""));
    StringBuilder out = new StringBuilder();
    Schema.KEYS.stream()
        .filter(key -> blocks.contains(key.section().replaceAll("[.].*", "")))
        .forEach(key -> write(key, opened, out));
    return out.toString();
  }

  /**
   * The same part as plain values, for records: blocks are maps, and values are numbers, truth
   * values, lists, or texts as they are spelled in the file. Paths are left out, since they say
   * where things lay on one machine, not what was done; records name files by their hashes.
   */
  public Map<String, Object> values(Set<String> blocks) {
    Map<String, Object> values = new LinkedHashMap<>();
    Schema.KEYS.stream()
        .filter(key -> blocks.contains(key.section().replaceAll("[.].*", "")))
        .forEach(key -> put(key, values));
    return values;
  }

  /**
   * Settings by dotted key as the file spells them, without paths: what is computed, not where
   * files lie.
   *
   * @param prefixes keys, or blocks of them
   */
  public SortedMap<String, String> settings(Collection<String> prefixes) {
    SortedMap<String, String> texts = new TreeMap<>();
    for (Key<?> key : Schema.KEYS) {
      String path = key.path();
      if (prefixes.stream().anyMatch(p -> path.equals(p) || path.startsWith(p + "."))) {
        text(key).ifPresent(text -> texts.put(path, text));
      }
    }
    return texts;
  }

  private <T> Optional<String> text(Key<T> key) {
    return settings.find(key).filter(v -> !(v instanceof Path)).map(key.type()::write);
  }

  private void put(Key<?> key, Map<String, Object> into) {
    Object value = settings.values().get(key.path());
    if (value != null && !(value instanceof Path)) {
      block(key.section(), into).put(key.name(), plain(value));
    }
  }

  /** The map of a block, made where it is not there yet. */
  private static Map<String, Object> block(String section, Map<String, Object> root) {
    Map<String, Object> block = root;
    for (String name : section.split("[.]", -1)) {
      @SuppressWarnings("unchecked") // no key has the name of a block
      Map<String, Object> inner =
          (Map<String, Object>) block.computeIfAbsent(name, n -> new LinkedHashMap<>());
      block = inner;
    }
    return block;
  }

  private static Object plain(Object value) {
    if (value instanceof List<?> list) {
      return list.stream().map(Pipeline::plain).toList();
    }
    if (value instanceof Spelled spelled) {
      return spelled.spelling();
    }
    if (value instanceof DeviceSetting device) {
      return device.several() ? device.names() : device.first();
    }
    boolean json = value instanceof Number || value instanceof Boolean;
    return json ? value : value.toString();
  }

  private <T> void write(Key<T> key, Set<String> opened, StringBuilder out) {
    Optional<T> value = settings.find(key);
    if (value.isPresent()) {
      open(key.section(), opened, out);
      out.append(indent(key.path())).append(key.name()).append(": ");
      out.append(key.type().write(value.get())).append('\n');
    }
  }

  private static void open(String section, Set<String> opened, StringBuilder out) {
    if (!opened.add(section)) {
      return;
    }
    int dot = section.lastIndexOf('.');
    open(dot < 0 ? "" : section.substring(0, dot), opened, out);
    out.append(indent(section)).append(section.substring(dot + 1)).append(":\n");
  }

  private static String indent(String path) {
    return "  ".repeat((int) path.chars().filter(c -> c == '.').count());
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Pipeline p && settings.values().equals(p.settings.values());
  }

  @Override
  public int hashCode() {
    return settings.values().hashCode();
  }

  @Override
  public String toString() {
    return toYaml();
  }
}
