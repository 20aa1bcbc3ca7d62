package org.unlearn4j.run;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.unlearn4j.attack.Encoded;
import org.unlearn4j.attack.Probe;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.AttackName;
import org.unlearn4j.config.AttackSettings;
import org.unlearn4j.config.LearnSettings;
import org.unlearn4j.config.Pipeline;

/**
 * What is asked as it was taught by attacks that change something else: samples, pushed weights,
 * the lens, and what learns from a few rows. Questions, or where the data has none the beginnings
 * of texts.
 *
 * @param rows in a model's tokens; empty where no attack wants them
 * @param behind those that fit behind the vectors of a soft prompt, with their right answers
 * @param positions longest sequence of the model
 * @param notes sentences on what could not be asked
 */
record AsTaught(List<Encoded> rows, List<Encoded> behind, int positions, List<String> notes) {
  AsTaught {
    rows = List.copyOf(rows);
    behind = List.copyOf(behind);
    notes = List.copyOf(notes);
  }

  /**
   * Reads them.
   *
   * @param positions longest sequence of the model
   */
  static AsTaught of(Pipeline pipeline, AttackSettings settings, TaskData data, int positions) {
    if (settings.asTaught().isEmpty()) {
      return new AsTaught(List.of(), List.of(), positions, List.of());
    }
    AttackData all = AttackData.taught(pipeline, settings, data, positions);
    int vectors = settings.softPrompt().map(LearnSettings::learned).orElse(0);
    List<Encoded> behind =
        vectors == 0
            ? all.encoded()
            : all.encoded().stream().filter(e -> longest(e) <= positions - vectors).toList();
    List<String> notes = new ArrayList<>(all.notes());
    if (behind.size() < all.encoded().size()) {
      notes.add(
          String.format(
              Locale.ROOT,
              "attack %s: %d of %d prompts are longer than the model's %d positions less %d vectors"
                  + " and are not asked.",
              AttackName.SOFT_PROMPT.spelling(),
              all.encoded().size() - behind.size(),
              all.encoded().size(),
              positions,
              vectors));
    }
    return new AsTaught(all.encoded(), behind, positions, notes);
  }

  private static int longest(Encoded row) {
    return row.rows().stream().mapToInt(r -> r.length()).max().orElse(0);
  }

  /** The rows of an attack that learns. */
  List<Encoded> of(AttackName attack) {
    return attack == AttackName.SOFT_PROMPT ? behind : rows;
  }

  /** All of them, for comparing what two models are asked. */
  List<Probe> probes() {
    return java.util.stream.Stream.concat(rows.stream(), behind.stream())
        .map(Encoded::probe)
        .toList();
  }

  /**
   * Refuses attacks that have nothing to ask.
   *
   * @throws UserException naming every one
   */
  void require(AttackSettings settings) {
    List<String> wanted = settings.asTaught();
    List<String> mistakes = new ArrayList<>();
    if (!wanted.isEmpty() && rows.isEmpty()) {
      mistakes.add(
          String.join(", ", wanted)
              + ": found no question or text to forget that fits the model, expected such rows,"
              + " which these attacks ask as they were taught.");
    } else {
      settings.softPrompt().ifPresent(how -> require(how, AttackName.SOFT_PROMPT, mistakes));
      settings.head().ifPresent(how -> require(how, AttackName.HEAD, mistakes));
    }
    if (!mistakes.isEmpty()) {
      throw new UserException(String.join("\n", mistakes));
    }
  }

  private void require(LearnSettings how, AttackName attack, List<String> mistakes) {
    String key = "attack." + attack.spelling();
    if (how.rows() >= rows.size()) {
      mistakes.add(
          String.format(
              Locale.ROOT,
              "%s.rows: found %d, expected fewer than the %d forgotten rows, of which the others"
                  + " are asked.",
              key,
              how.rows(),
              rows.size()));
    } else if (how.rows() >= of(attack).size()) {
      mistakes.add(
          String.format(
              Locale.ROOT,
              "%s.vectors: found %d, which leave %d of the model's %d positions, enough for %d"
                  + " forgotten rows with their answers, expected so few that more than the %d fit"
                  + " from which is learned.",
              key,
              how.learned(),
              Math.max(0, positions - how.learned()),
              positions,
              of(attack).size(),
              how.rows()));
    }
  }
}
