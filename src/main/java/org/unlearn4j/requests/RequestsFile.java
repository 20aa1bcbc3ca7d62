package org.unlearn4j.requests;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.Nearest;
import org.unlearn4j.base.UserException;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * {@code requests.yaml}: how requests of a folder are run.
 *
 * @param pipeline the template: everything but name, model and data
 * @param model the first model; empty: the template's
 * @param strategy see {@link Strategy}
 * @param utilityMin share of the first model's utility below which full retraining is due
 * @param hold how far a request's forget probability may rise over what it was after its own run
 * @param sets changes to the template, each {@code a.b=c}
 */
public record RequestsFile(
    Path pipeline,
    Optional<Path> model,
    Strategy strategy,
    double utilityMin,
    double hold,
    List<String> sets) {
  /** Its name in the folder of requests. */
  public static final String FILE = "requests.yaml";

  private static final List<String> KEYS =
      List.of("pipeline", "model", "strategy", "utility_min", "hold", "set");

  public RequestsFile {
    sets = List.copyOf(sets);
  }

  /** The same with another strategy and further changes. */
  RequestsFile with(Strategy other, List<String> more) {
    List<String> all = new ArrayList<>(sets);
    all.addAll(more);
    return new RequestsFile(pipeline, model, other, utilityMin, hold, all);
  }

  /**
   * Reads the file of a folder.
   *
   * @throws UserException naming every mistake at once, one sentence each
   */
  public static RequestsFile read(Path folder) {
    Path file = folder.resolve(FILE);
    Map<String, Object> values = values(file);
    List<String> mistakes = new ArrayList<>();
    for (String key : values.keySet()) {
      if (!KEYS.contains(key)) {
        mistakes.add(
            sentence(
                file,
                key,
                "an unknown key",
                "one of " + String.join(", ", KEYS) + Nearest.hint(key, KEYS)));
      }
    }
    Optional<String> pipeline = text(file, values, "pipeline", mistakes);
    if (pipeline.isEmpty() && !values.containsKey("pipeline")) {
      mistakes.add(sentence(file, "pipeline", "nothing", "the pipeline file that runs begin with"));
    }
    Optional<Path> model = text(file, values, "model", mistakes).map(Path::of);
    String name = text(file, values, "strategy", mistakes).orElse(Strategy.TOGETHER.spelling());
    Optional<Strategy> strategy = Strategy.of(name);
    if (strategy.isEmpty()) {
      mistakes.add(
          sentence(file, "strategy", name, "one of " + String.join(", ", Strategy.names())));
    }
    double utilityMin = share(file, values, "utility_min", 0.93, mistakes);
    double hold = share(file, values, "hold", 0.05, mistakes);
    List<String> sets = sets(file, values, mistakes);
    if (!mistakes.isEmpty()) {
      throw new UserException(String.join("\n", mistakes));
    }
    return new RequestsFile(
        Path.of(pipeline.orElseThrow()), model, strategy.orElseThrow(), utilityMin, hold, sets);
  }

  private static Map<String, Object> values(Path file) {
    if (!Files.isRegularFile(file)) {
      throw UserException.at(file, "", "no such file", "how the requests of this folder are run");
    }
    LoaderOptions options = new LoaderOptions();
    options.setMaxAliasesForCollections(0);
    options.setAllowDuplicateKeys(false);
    Object root;
    try {
      root =
          new Yaml(new SafeConstructor(options))
              .load(Files.readString(file, StandardCharsets.UTF_8));
    } catch (MarkedYAMLException e) {
      String place = e.getProblemMark() == null ? "" : "line " + (e.getProblemMark().getLine() + 1);
      throw UserException.at(file, place, String.valueOf(e.getProblem()), "YAML", e);
    } catch (YAMLException | IllegalArgumentException e) {
      throw UserException.at(file, "", String.valueOf(e.getMessage()), "YAML", e);
    } catch (IOException e) {
      throw new MachineException(file + ": could not be read (" + e + ").", e);
    }
    if (!(root instanceof Map<?, ?> map)) {
      throw UserException.at(
          file, "", root == null ? "nothing" : "no mapping", "a mapping with " + KEYS);
    }
    Map<String, Object> values = new LinkedHashMap<>();
    map.forEach((key, value) -> values.put(String.valueOf(key), value));
    return values;
  }

  private static Optional<String> text(
      Path file, Map<String, Object> values, String key, List<String> mistakes) {
    Object value = values.get(key);
    if (value == null) {
      return Optional.empty();
    }
    if (value instanceof String text && !text.isBlank()) {
      return Optional.of(text);
    }
    mistakes.add(sentence(file, key, String.valueOf(value), "a text"));
    return Optional.empty();
  }

  private static double share(
      Path file, Map<String, Object> values, String key, double usual, List<String> mistakes) {
    Object value = values.getOrDefault(key, usual);
    if (value instanceof Number number && number.doubleValue() >= 0 && number.doubleValue() <= 1) {
      return number.doubleValue();
    }
    mistakes.add(sentence(file, key, String.valueOf(value), "a number from 0 to 1"));
    return usual;
  }

  private static List<String> sets(Path file, Map<String, Object> values, List<String> mistakes) {
    Object value = values.get("set");
    List<String> sets = new ArrayList<>();
    if (value instanceof List<?> list) {
      for (Object set : list) {
        if (set instanceof String text && text.matches("[a-z_.0-9]+=.*")) {
          sets.add(text);
        } else {
          mistakes.add(sentence(file, "set", String.valueOf(set), "KEY=VALUE in each line"));
        }
      }
    } else if (value != null) {
      mistakes.add(sentence(file, "set", String.valueOf(value), "a list of KEY=VALUE"));
    }
    return sets;
  }

  private static String sentence(Path file, String place, String found, String expected) {
    return UserException.at(file, place, found, expected).getMessage();
  }
}
