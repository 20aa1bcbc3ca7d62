package org.unlearn4j.requests;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.TargetLock;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.ModelSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.ledger.History;
import org.unlearn4j.ledger.Ledger;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * Strategies over seeds on Fable's five requests: one ledger each, without verdicts. What is there
 * is not made again.
 *
 * @param file it was read from
 * @param template pipeline of all runs
 * @param sets changes to it
 * @param seeds of training
 * @param strategies rows of the table, by name: see {@link Row}
 */
public record StrategyStudy(
    Path file, Path template, List<String> sets, List<Long> seeds, List<Row> strategies) {

  /**
   * A row of the table.
   *
   * @param name of the row and of its folders
   * @param sets changes to the template for it alone
   */
  public record Row(String name, Strategy strategy, Data data, List<String> sets) {
    public Row {
      sets = List.copyOf(sets);
    }
  }

  /**
   * Requests of a row.
   *
   * @param requests how many of Fable's five, from the first on
   * @param atOnce whether they come together, in one run
   */
  record Data(FableRequests.Kind kind, int requests, boolean atOnce) {}

  private static final List<String> KEYS =
      List.of("strategy", "rows", "requests", "at_once", "set");

  public StrategyStudy {
    sets = List.copyOf(sets);
    seeds = List.copyOf(seeds);
    strategies = List.copyOf(strategies);
  }

  /**
   * Reads a study file: {@code pipeline}, {@code set}, {@code seeds} and {@code strategies}, which
   * maps names of rows to {@code {strategy: NAME, rows: questions | articles, requests: N, at_once:
   * BOOLEAN, set: [KEY=VALUE]}}.
   *
   * @throws UserException if it is not of this form
   */
  public static StrategyStudy read(Path file) {
    Object root;
    try {
      LoaderOptions options = new LoaderOptions();
      options.setMaxAliasesForCollections(0);
      options.setAllowDuplicateKeys(false);
      root =
          new Yaml(new SafeConstructor(options))
              .load(Files.readString(file, StandardCharsets.UTF_8));
    } catch (YAMLException | IllegalArgumentException e) {
      throw UserException.at(file, "", String.valueOf(e.getMessage()), "YAML", e);
    } catch (IOException e) {
      throw UserException.at(file, "", "no file that can be read", "a study of strategies", e);
    }
    Map<?, ?> map = map(file, "", root);
    List<Row> rows = new ArrayList<>();
    map(file, "strategies", map.get("strategies"))
        .forEach(
            (name, value) -> {
              String place = "strategies." + name;
              Map<?, ?> row = map(file, place, value);
              String word = String.valueOf(row.get("strategy"));
              rows.add(
                  new Row(
                      String.valueOf(name),
                      Strategy.of(word)
                          .orElseThrow(
                              () ->
                                  UserException.at(
                                      file, place, word, String.join(", ", Strategy.names()))),
                      data(file, place, row),
                      texts(file, place + ".set", row.get("set"))));
            });
    List<Long> seeds = new ArrayList<>();
    for (String seed : texts(file, "seeds", map.get("seeds"))) {
      if (!seed.matches("[0-9]{1,9}")) {
        throw UserException.at(file, "seeds", seed, "whole numbers");
      }
      seeds.add(Long.valueOf(seed));
    }
    if (seeds.isEmpty() || rows.isEmpty() || !(map.get("pipeline") instanceof String pipeline)) {
      throw UserException.at(file, "", "too few keys", "pipeline, seeds and strategies");
    }
    return new StrategyStudy(
        file, Path.of(pipeline), texts(file, "set", map.get("set")), seeds, rows);
  }

  private static Data data(Path file, String place, Map<?, ?> row) {
    for (Object key : row.keySet()) {
      if (!KEYS.contains(String.valueOf(key))) {
        throw UserException.at(file, place, String.valueOf(key), String.join(", ", KEYS));
      }
    }
    Object kind = Optional.<Object>ofNullable(row.get("rows")).orElse("questions");
    Object count = Optional.<Object>ofNullable(row.get("requests")).orElse(FableRequests.REQUESTS);
    Object atOnce = Optional.<Object>ofNullable(row.get("at_once")).orElse(false);
    if (!(count instanceof Integer n) || n < 1 || n > FableRequests.REQUESTS) {
      throw UserException.at(
          file, place + ".requests", count + "", "1 to " + FableRequests.REQUESTS);
    }
    if (!(atOnce instanceof Boolean together)) {
      throw UserException.at(file, place + ".at_once", atOnce + "", "true or false");
    }
    for (FableRequests.Kind known : FableRequests.Kind.values()) {
      if (known.spelling().equals(kind)) {
        return new Data(known, n, together);
      }
    }
    throw UserException.at(file, place + ".rows", kind + "", "questions or articles");
  }

  private static Map<?, ?> map(Path file, String place, Object value) {
    if (value instanceof Map<?, ?> map) {
      return map;
    }
    throw UserException.at(file, place, String.valueOf(value), "a mapping");
  }

  private static List<String> texts(Path file, String place, Object value) {
    if (value == null) {
      return List.of();
    }
    if (value instanceof List<?> list) {
      return list.stream().map(String::valueOf).toList();
    }
    throw UserException.at(file, place, String.valueOf(value), "a list");
  }

  /** The same with one seed alone, or further changes. */
  public StrategyStudy with(Optional<Long> seed, List<String> more) {
    List<String> all = new ArrayList<>(sets);
    all.addAll(more);
    return new StrategyStudy(file, template, all, seed.map(List::of).orElse(seeds), strategies);
  }

  /**
   * Makes what is missing.
   *
   * @param out the folder of all ledgers
   */
  List<StrategyOutcome> run(Path out, PrintStream log) {
    strategies.forEach(this::requireSettled);
    return TargetLock.<List<StrategyOutcome>, RuntimeException>holding(
        out.resolve("study"),
        log::println,
        () -> {
          List<StrategyOutcome> outcomes = new ArrayList<>();
          Map<String, Optional<EvaluationResult>> yardsticks = new HashMap<>();
          for (long seed : seeds) {
            for (Row row : strategies) {
              outcomes.add(one(row, seed, out.resolve(row.name() + "-" + seed), yardsticks, log));
            }
          }
          return outcomes;
        });
  }

  /**
   * One ledger.
   *
   * @param yardsticks evaluations of the retain-only model, by what it was asked and how
   */
  private StrategyOutcome one(
      Row row,
      long seed,
      Path root,
      Map<String, Optional<EvaluationResult>> yardsticks,
      PrintStream log) {
    Data data = row.data();
    List<String> own = new ArrayList<>(sets(row));
    own.add("unlearn.seed=" + seed);
    folder(row, root, own);
    RequestsFile settings =
        new RequestsFile(template, Optional.empty(), row.strategy(), 0.93, 0.05, own);
    RequestFolder folder = new RequestFolder(root, Optional.empty());
    Requests requests = new Requests(folder, log);
    boolean ignored =
        requests.alone(
            () -> requests.run(settings, new Requests.Options(data.atOnce(), true), log));
    History history = Ledger.read(root).history();
    Optional<EvaluationResult> yardstick =
        yardsticks.computeIfAbsent(
            data.kind() + " " + data.requests() + " " + row.sets(),
            asked ->
                new RequestRun(folder, settings, history, List.of("retain-only"), true, log)
                    .retainOnly(StrategyOutcome.run(root, history)));
    return new StrategyOutcome(row, seed, history, StrategyOutcome.last(root, history), yardstick);
  }

  /**
   * Writes the folder of a row's requests if it is not there. What it is made by stands beside it:
   * {@code NAME-SEED.row}.
   *
   * @param own changes to the template, all of them
   * @throws UserException if the folder was made by another row, template or change
   */
  void folder(Row row, Path root, List<String> own) {
    String made =
        String.join(
                "\n",
                "strategy: " + row.strategy().spelling(),
                "rows: " + row.data().kind().spelling(),
                "requests: " + row.data().requests(),
                "at_once: " + row.data().atOnce(),
                "set: " + own,
                "template: " + Hashes.sha256(template))
            + "\n";
    Path record = root.resolveSibling(root.getFileName() + ".row");
    if (!Files.exists(root)) {
      AtomicFiles.writeString(record, made);
      FableRequests.write(root, template.toString(), row.data().kind(), row.data().requests());
      return;
    }
    List<String> found = lines(record);
    List<String> expected = made.lines().toList();
    if (!found.equals(expected)) {
      throw UserException.at(
          root,
          "a ledger of another row",
          String.join(", ", found.stream().filter(l -> !expected.contains(l)).toList()),
          String.join(", ", expected.stream().filter(l -> !found.contains(l)).toList())
              + " (a folder that does not exist is made anew)");
    }
  }

  private static List<String> lines(Path record) {
    try {
      return Files.exists(record) ? Files.readAllLines(record) : List.of("no " + record);
    } catch (IOException e) {
      throw UserException.at(record, "", "no file that can be read", "what a ledger is made by", e);
    }
  }

  private List<String> sets(Row row) {
    List<String> own = new ArrayList<>(sets);
    own.addAll(row.sets());
    return own;
  }

  /** Ledgers that are held against each other must not differ by a measurement of each. */
  private void requireSettled(Row row) {
    if (Pipeline.read(template, sets(row)).model().precision() == ModelSettings.Precision.AUTO) {
      throw UserException.at(
          file,
          "strategies." + row.name(),
          "model.precision=auto",
          "fp32, tf32 or bf16, so that all strategies have the same");
    }
  }

  /** Outcomes by row, in order. */
  static Map<Row, List<StrategyOutcome>> byRow(List<StrategyOutcome> outcomes) {
    Map<Row, List<StrategyOutcome>> rows = new LinkedHashMap<>();
    outcomes.forEach(o -> rows.computeIfAbsent(o.row(), r -> new ArrayList<>()).add(o));
    return rows;
  }
}
