package org.unlearn4j.run;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.attack.Encoded;
import org.unlearn4j.attack.Fact;
import org.unlearn4j.attack.Families;
import org.unlearn4j.attack.Neighbourhood;
import org.unlearn4j.attack.OwnPrompts;
import org.unlearn4j.attack.Probe;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.AttackName;
import org.unlearn4j.config.AttackSettings;
import org.unlearn4j.config.DataSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.data.AttackFile;
import org.unlearn4j.data.Benchmark;
import org.unlearn4j.data.Excerpt;
import org.unlearn4j.data.Passages;
import org.unlearn4j.data.QaExample;

/**
 * The probes of a pipeline's attacks.
 *
 * @param encoded in a model's tokens, family after family
 * @param notes sentences on what could not be asked
 */
record AttackData(List<Encoded> encoded, List<String> notes) {
  AttackData {
    encoded = List.copyOf(encoded);
    notes = List.copyOf(notes);
  }

  List<Probe> probes() {
    return encoded.stream().map(Encoded::probe).toList();
  }

  /**
   * Reads the data and applies the rules.
   *
   * @param positions longest sequence of the model
   * @throws UserException if the data is at fault, or gives nothing to ask
   */
  static AttackData of(Pipeline pipeline, AttackSettings settings, TaskData data, int positions) {
    AttackData all = encoded(pipeline, settings, data, positions, settings.families());
    if (all.encoded.isEmpty()) {
      throw new UserException(
          "attack.families: found "
              + settings.families().stream().map(AttackName::spelling).toList()
              + ", but no row of this data suits these families, expected another family.");
    }
    return all;
  }

  /**
   * What was taught, asked as it was taught: the questions, or where there is none the beginnings
   * of texts. May be empty.
   *
   * @param positions longest sequence, after what stands before every row
   */
  static AttackData taught(
      Pipeline pipeline, AttackSettings settings, TaskData data, int positions) {
    AttackData questions = encoded(pipeline, settings, data, positions, List.of(AttackName.DIRECT));
    return questions.encoded.isEmpty() && questions.notes.isEmpty()
        ? encoded(pipeline, settings, data, positions, List.of(AttackName.ARTICLE))
        : questions;
  }

  private static AttackData encoded(
      Pipeline pipeline,
      AttackSettings settings,
      TaskData data,
      int positions,
      List<AttackName> families) {
    int most = pipeline.evaluate().limit().orElse(Integer.MAX_VALUE);
    Benchmark benchmark = data.benchmark();
    List<Fact> facts = facts(pipeline, benchmark, settings).facts(most);
    AttackPrompts prompts =
        new AttackPrompts(data.tokenizer(), data.template(), positions, settings.maxNewTokens());
    List<Encoded> encoded = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    Set<AttackName> wanted = EnumSet.copyOf(families);
    for (AttackName family : wanted) {
      List<Probe> probes =
          switch (family) {
            case ARTICLE ->
                OwnPrompts.articles(texts(pipeline, data, settings.maxNewTokens()), most);
            case OWN ->
                settings.prompts().map(f -> OwnPrompts.of(AttackFile.prompts(f))).orElse(List.of());
            default -> Families.probes(family, facts);
          };
      List<Encoded> own = probes.stream().map(prompts::encode).flatMap(Optional::stream).toList();
      if (own.size() < probes.size()) {
        notes.add(
            String.format(
                Locale.ROOT,
                "attack %s: %d of %d prompts are longer than the model's %d positions and are not"
                    + " asked.",
                family.spelling(),
                probes.size() - own.size(),
                probes.size(),
                positions));
      }
      encoded.addAll(own);
    }
    return new AttackData(encoded, notes);
  }

  /**
   * Beginnings of texts to forget with their continuations, where texts are forgotten.
   *
   * @param most tokens of a continuation of one's own texts
   */
  private static List<Excerpt> texts(Pipeline pipeline, TaskData data, int most) {
    DataSettings split = pipeline.data();
    return data.own()
        .map(o -> o.excerpts(split.forget(), most))
        .or(
            () ->
                data.passages()
                    .filter(p -> split.form() != DataSettings.Form.QUESTIONS)
                    .map(p -> p.verbatim(split.forget())))
        .orElse(List.of());
  }

  private static Neighbourhood facts(
      Pipeline pipeline, Benchmark benchmark, AttackSettings settings) {
    DataSettings split = pipeline.data();
    Map<String, List<String>> aliases =
        settings.aliases().map(AttackFile::aliases).orElse(Map.of());
    if (benchmark.name().equals("muse")) {
      Passages passages = benchmark.passages().orElseThrow();
      return new Neighbourhood(
          passages.aboutForget(split.forget()).pairs(), passages.aboutRetain().pairs(), aliases);
    }
    List<QaExample> kept = benchmark.retain(split.retain());
    List<QaExample> forgotten =
        TuningRows.of(pipeline, benchmark).reported(benchmark.forgetEvaluation(split.forget()));
    return new Neighbourhood(forgotten, kept, aliases);
  }
}
