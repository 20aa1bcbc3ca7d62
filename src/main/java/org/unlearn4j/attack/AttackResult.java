package org.unlearn4j.attack;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.config.AttackName;

/**
 * What attacks brought out: {@code attacks.json} of a run folder.
 *
 * @param models names of the models, those that are judged first
 * @param judged how many of them are
 * @param families in their order
 * @param probes all of them
 * @param judgements by model, {@code [probe]}
 * @param sampled of the models that were asked often
 * @param pushed of the models whose weights were pushed
 * @param learned what attacks learned from a few rows
 * @param lens probability of the taught answers read off each layer, by model and layer
 */
public record AttackResult(
    List<String> models,
    int judged,
    List<FamilyResult> families,
    List<Probe> probes,
    Map<String, List<Judgement>> judgements,
    List<Sampled> sampled,
    List<Pushed> pushed,
    List<Learned> learned,
    Map<String, Map<String, Double>> lens) {
  /** The name of the model that never saw the forget set: the yardstick. */
  public static final String RETAIN_ONLY = "retain_only";

  /** The name of the model before unlearning. */
  public static final String TARGET = "target";

  public AttackResult {
    models = List.copyOf(models);
    families = List.copyOf(families);
    probes = List.copyOf(probes);
    judgements = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(judgements));
    sampled = List.copyOf(sampled);
    pushed = List.copyOf(pushed);
    learned = List.copyOf(learned);
    lens = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(lens));
  }

  /** The same with what pushed weights gave away, what was learned, and what a lens reads. */
  public AttackResult with(
      List<Pushed> pushes, List<Learned> lessons, Map<String, Map<String, Double>> read) {
    return new AttackResult(
        models, judged, families, probes, judgements, sampled, pushes, lessons, read);
  }

  /**
   * Puts everything together.
   *
   * @param judged names of the models that limits are for
   * @param limits by family
   */
  public static AttackResult of(
      List<Probe> probes,
      Map<String, List<Judgement>> judgements,
      List<String> judged,
      Function<AttackName, OptionalDouble> limits,
      List<Sampled> sampled) {
    Map<AttackName, List<Integer>> byFamily = new LinkedHashMap<>();
    for (int i = 0; i < probes.size(); i++) {
      byFamily.computeIfAbsent(probes.get(i).family(), f -> new ArrayList<>()).add(i);
    }
    Optional<String> reference = Optional.of(RETAIN_ONLY).filter(judgements::containsKey);
    List<FamilyResult> families = new ArrayList<>();
    byFamily.forEach(
        (family, rows) -> {
          Map<String, List<Judgement>> own = new LinkedHashMap<>();
          judgements.forEach((name, all) -> own.put(name, rows.stream().map(all::get).toList()));
          families.add(
              FamilyResult.of(
                  family.spelling(),
                  rows.stream().map(probes::get).toList(),
                  own,
                  reference,
                  judged,
                  limits.apply(family)));
        });
    return new AttackResult(
        List.copyOf(judgements.keySet()),
        judged.size(),
        families,
        probes,
        judgements,
        sampled,
        List.of(),
        List.of(),
        Map.of());
  }

  /** Whether every limit holds. */
  public boolean pass() {
    return families.stream()
        .allMatch(f -> f.models().values().stream().allMatch(FamilyResult.Leak::pass));
  }

  /**
   * Writes the file, whole or not at all.
   *
   * @throws org.unlearn4j.base.MachineException if the disk refuses
   */
  public void write(Path file) {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode root = mapper.createObjectNode();
    root.put("judged", judged).put("pass", pass());
    ArrayNode names = root.putArray("models");
    models.forEach(names::add);
    ArrayNode list = root.putArray("families");
    families.forEach(f -> put(list.addObject(), f));
    ArrayNode samples = root.putArray("sampled");
    sampled.forEach(s -> s.put(samples.addObject()));
    ArrayNode pushes = root.putArray("pushed");
    pushed.forEach(p -> p.put(pushes.addObject()));
    ArrayNode lessons = root.putArray("learned");
    learned.forEach(l -> l.put(lessons.addObject()));
    ObjectNode layers = root.putObject("lens");
    lens.forEach(
        (model, all) -> {
          ObjectNode node = layers.putObject(model);
          all.forEach(node::put);
        });
    ArrayNode asked = root.putArray("probes");
    IntStream.range(0, probes.size()).forEach(i -> put(asked.addObject(), i));
    AtomicFiles.writeFile(
        file, p -> mapper.writerWithDefaultPrettyPrinter().writeValue(p.toFile(), root));
  }

  private static void put(ObjectNode node, FamilyResult family) {
    node.put("family", family.family()).put("probes", family.probes());
    ObjectNode models = node.putObject("models");
    family
        .models()
        .forEach(
            (name, leak) -> {
              ObjectNode model = models.putObject(name);
              model.put("leakage", leak.leakage()).put("probability", leak.probability());
              model.put("disagreements", leak.disagreements());
              leak.excess()
                  .ifPresent(
                      e ->
                          model
                              .put("excess", e.mean())
                              .put("excess_low", e.low())
                              .put("excess_high", e.high()));
              if (leak.limit().isPresent()) {
                model.put("limit", leak.limit().getAsDouble()).put("pass", leak.pass());
              }
            });
  }

  private void put(ObjectNode node, int i) {
    Probe probe = probes.get(i);
    node.put("family", probe.family().spelling()).put("row", probe.row());
    Prompt prompt = probe.prompt();
    if (!prompt.shots().isEmpty()) {
      ArrayNode shots = node.putArray("before");
      prompt
          .shots()
          .forEach(s -> shots.addObject().put("question", s.question()).put("answer", s.answer()));
    }
    node.put("question", prompt.question());
    if (!prompt.begun().isEmpty()) {
      node.put("begun", prompt.begun());
    }
    node.put("expected", probe.goal().expected());
    if (probe.goal() instanceof Goal.Say say) {
      ArrayNode keywords = node.putArray("keywords");
      say.keywords().forEach(keywords::add);
    }
    ObjectNode answers = node.putObject("answers");
    judgements.forEach(
        (name, all) -> {
          Judgement j = all.get(i);
          ObjectNode answer = answers.putObject(name);
          answer.put("said", j.said()).put("leakage", j.leakage());
          answer.put("probability", j.probability());
          if (j.disagrees()) {
            answer.put("disagrees", true);
          }
        });
  }
}
