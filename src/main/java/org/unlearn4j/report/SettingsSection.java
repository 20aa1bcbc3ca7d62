package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.report.ReportData.Role;

/** What was asked, from what, and what the run does not have. */
final class SettingsSection {
  private SettingsSection() {}

  /** Objective, regulariser, data and model; the rest folded away. */
  static Optional<Section> section(ReportData data) {
    List<String> absent = absent(data);
    if (data.pipeline().isEmpty() && data.provenance().isEmpty() && absent.isEmpty()) {
      return Optional.empty();
    }
    Section section = Section.of("asked", "Settings", "What was asked");
    if (!data.pipeline().isEmpty()) {
      Html grid = Html.tag("div").css("grid");
      Map<String, String> rest = new LinkedHashMap<>(data.pipeline());
      for (String[] part :
          List.of(
              new String[] {"Objective", "unlearn.objective."},
              new String[] {"CLReg", "unlearn.clreg."},
              new String[] {"Data", "data."},
              new String[] {"Model", "model."})) {
        Map<String, String> some = take(rest, part[1]);
        Html box = Html.tag("div").add(Html.tag("h3", part[0]));
        grid.add(
            box.add(some.isEmpty() ? Html.tag("p", "Not set.").css("absent") : Tables.pairs(some)));
      }
      section.add(grid).add(folded("All other settings", rest));
    }
    section.add(folded("Provenance: weights, data, seed, losses", data.provenance()));
    if (!absent.isEmpty()) {
      section.add(
          Html.tag(
                  "p",
                  "This run does not have the following, so this page does not show it: "
                      + String.join("; ", absent)
                      + ".")
              .css("absent"));
    }
    return Optional.of(section);
  }

  /** What a run can have and this one has not. */
  private static List<String> absent(ReportData data) {
    List<String> absent = new ArrayList<>();
    for (Role role : List.of(Role.TARGET, Role.RETAIN_ONLY)) {
      if (data.first(role).isEmpty()) {
        absent.add("an evaluation of the " + role.label() + " model");
      }
    }
    if (data.evaluations().stream().noneMatch(m -> m.role() == Role.UNLEARNED && m.onnx())) {
      absent.add("an evaluation of a deployed file");
    }
    if (data.verdict().isEmpty()) {
      absent.add("a verdict (verify.json)");
    }
    if (data.training().isEmpty()) {
      absent.add("a training log (logs/train.jsonl)");
    }
    if (data.unlearned().entanglement().isEmpty()) {
      absent.add("measures of features");
    }
    if (data.pipeline().isEmpty()) {
      absent.add("settings (pipeline.yaml)");
    }
    if (data.provenance().isEmpty()) {
      absent.add("hashes of weights and data (unlearning.json)");
    }
    if (data.relearning().isEmpty()) {
      absent.add("relearning (relearn.json)");
    }
    if (data.leaks().isEmpty()) {
      absent.add("attacks (attacks.json)");
    }
    return absent;
  }

  private static Map<String, String> take(Map<String, String> from, String prefix) {
    Map<String, String> taken = new LinkedHashMap<>();
    from.forEach(
        (name, value) -> {
          if (name.startsWith(prefix)) {
            taken.put(name.substring(prefix.length()), value);
          }
        });
    from.keySet().removeIf(name -> name.startsWith(prefix));
    return taken;
  }

  private static Html folded(String title, Map<String, String> pairs) {
    return pairs.isEmpty()
        ? Html.group()
        : Html.tag("details").add(Html.tag("summary", title)).add(Tables.pairs(pairs));
  }
}
