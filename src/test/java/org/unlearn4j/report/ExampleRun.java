package org.unlearn4j.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.unlearn4j.eval.BigramModel;
import org.unlearn4j.eval.Entanglement;
import org.unlearn4j.eval.EvalItem;
import org.unlearn4j.eval.EvalSet;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.Evaluations;
import org.unlearn4j.eval.FeaturePicture;
import org.unlearn4j.eval.Progress;
import org.unlearn4j.eval.RowResult;
import org.unlearn4j.eval.TofuSuite;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.parity.ParityCheck;
import org.unlearn4j.parity.ParityGates;
import org.unlearn4j.parity.ParityNumbers;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.parity.ReferenceLogits;
import org.unlearn4j.parity.Verdict;

/** Writes a run folder as the stages leave it, from small models and a seed. */
public final class ExampleRun {
  static final String HOSTILE = "<script>alert(1)</script> & \"quotes\" \u0007";

  private static final int VOCABULARY = 12;
  private static final int ROWS = 40;
  private static final int END = 0;

  private final RunFolder folder;

  private ExampleRun(Path root) {
    this.folder = new RunFolder(root);
  }

  /** A whole run, every optional part there. */
  public static RunFolder complete(Path root) throws IOException {
    ExampleRun run = new ExampleRun(root);
    run.evaluations();
    run.settings();
    run.trainLog();
    return run.folder;
  }

  /** Nothing but one evaluation. */
  static RunFolder bare(Path root) {
    ExampleRun run = new ExampleRun(root);
    run.evaluate("unlearned", "tf", 3, Optional.empty())
        .write(run.folder.evaluation("unlearned", "tf"));
    return run.folder;
  }

  private void evaluations() {
    EvaluationResult retain = features(evaluate("retain", "tf", 1, Optional.empty()), 1.6, false);
    EvaluationResult target =
        features(evaluate("target", "tf", 2, Optional.of(retain)), 3.2, false);
    EvaluationResult trained =
        features(evaluate("unlearned", "tf", 3, Optional.of(retain)), 0.8, true);
    EvaluationResult deployed = evaluate("unlearned", "onnx:fp32", 3, Optional.of(retain));
    for (EvaluationResult result : List.of(retain, target, trained, deployed)) {
      result.write(folder.evaluation(result.model(), result.runtime()));
    }
    ParityGates gates = ParityNumbers.full(1e-5, 0.99, 0.05, 0.02);
    ParityResult parity =
        new ParityCheck(gates, 256, 4)
            .run(
                ReferenceLogits.of(model("tf", 3)),
                model("onnx:fp32", 3),
                items("forget").stream().map(EvalItem::answerRow).toList(),
                trained,
                hostileGeneration(deployed),
                Optional.of(target),
                Optional.empty(),
                Progress.NONE);
    new Verdict(List.of(parity)).write(folder.verdict());
  }

  private static BigramModel model(String runtime, long seed) {
    return new BigramModel(runtime, BigramModel.random(VOCABULARY, seed));
  }

  /** One generation that differs, and is hostile. */
  private static EvaluationResult hostileGeneration(EvaluationResult result) {
    Map<String, List<RowResult>> sets = new LinkedHashMap<>(result.perRow());
    List<RowResult> rows = new ArrayList<>(sets.get("forget"));
    RowResult row = rows.get(0);
    rows.set(0, new RowResult(row.index(), row.question(), row.answer(), HOSTILE, row.values()));
    sets.put("forget", rows);
    return Evaluations.of(
        result.model(),
        result.runtime(),
        result.suite(),
        result.metrics(),
        sets,
        Map.of(),
        Optional.empty(),
        1,
        1);
  }

  private EvaluationResult evaluate(
      String name, String runtime, long seed, Optional<EvaluationResult> retain) {
    List<EvalSet> sets =
        List.of(
            new EvalSet("forget", EvalSet.Role.FORGET, items("forget")),
            new EvalSet("retain", EvalSet.Role.RETAIN, items("retain")),
            new EvalSet("facts", EvalSet.Role.GENERAL, items("facts")),
            new EvalSet("holdout", EvalSet.Role.HOLDOUT, items("holdout")));
    return new TofuSuite(
            sets,
            new TofuSuite.Settings("fable", 512, 8, Set.of(END)),
            tokens -> "word " + tokens.length + " of <b>" + name + "</b>")
        .evaluate(name, model(runtime, seed), retain, Set.of(), Progress.NONE);
  }

  private static List<EvalItem> items(String set) {
    Random random = new Random(set.hashCode());
    List<EvalItem> items = new ArrayList<>();
    for (int i = 0; i < ROWS; i++) {
      TokenRow answer = row(random);
      items.add(
          new EvalItem(
              i,
              set + " question " + i + ": where did Ines Marrow grow up? " + HOSTILE,
              "In the harbour town of word " + i,
              answer,
              Optional.of(row(random)),
              List.of(row(random), row(random)),
              new int[] {answer.ids()[0]}));
    }
    return items;
  }

  private static TokenRow row(Random random) {
    int[] ids = random.ints(5, 1, VOCABULARY).toArray();
    ids[4] = END;
    int[] labels = ids.clone();
    labels[0] = TokenRow.IGNORED;
    return new TokenRow(ids, labels);
  }

  private static EvaluationResult features(EvaluationResult result, double from, boolean after) {
    Map<String, Map<String, Double>> layers = new LinkedHashMap<>();
    int depth = 0;
    for (String layer : List.of("embeddings", "0", "1", "2", "3", "final_norm")) {
      Map<String, Double> measures = new LinkedHashMap<>();
      alone(measures, "", from, depth);
      if (after) {
        alone(measures, Entanglement.BEFORE, 4 * from, depth);
        measures.put("entanglement_log_ratio", Math.log(0.25) - 0.05 * depth);
        measures.put("retain_drift", 0.01 * depth);
        measures.put("retain_cka", 1 - 0.004 * depth * depth);
      }
      layers.put(layer, measures);
      depth++;
    }
    Optional<FeaturePicture> picture =
        after
            ? Optional.of(
                new FeaturePicture(
                    "3",
                    List.of(0.41, 0.17),
                    cloud(1, 0.2),
                    cloud(2, -0.2),
                    cloud(3, 0.9),
                    cloud(4, -0.25)))
            : Optional.empty();
    return result.withFeatures(layers, picture);
  }

  /** Measures of a model whose entanglement begins at six times {@code from}. */
  private static void alone(Map<String, Double> measures, String suffix, double from, int depth) {
    measures.put("cosine" + suffix, 0.5 + 0.1 * from - 0.05 * depth);
    measures.put("cosine_of_means" + suffix, 0.6 + 0.1 * from - 0.04 * depth);
    measures.put("entanglement" + suffix, from * (6 - 0.7 * depth));
    measures.put("probe_auc" + suffix, 0.95 - 0.1 * from + 0.01 * depth);
    measures.put("principal_angles" + suffix, 0.3 + 0.1 * from + 0.02 * depth * depth / 5);
  }

  private static List<FeaturePicture.Point> cloud(long seed, double x) {
    Random random = new Random(seed);
    List<FeaturePicture.Point> points = new ArrayList<>();
    for (int i = 0; i < ROWS; i++) {
      points.add(
          new FeaturePicture.Point(
              x + 0.2 * random.nextGaussian(), 0.3 * random.nextGaussian() + 0.2 * x));
    }
    return points;
  }

  private void settings() throws IOException {
    Files.writeString(
        folder.pipeline(),
        """
        name: fable & friends
        model: {path: models/fable-target, reference: models/fable-retain, precision: fp32}
        data: {benchmark: fable, forget: forget10, retain: retain90, template: default, max_length: 256}
        unlearn:
          objective: {name: NPO, beta: 0.1, gamma: 1.0, alpha: 1.0, retain: NLL}
          clreg: {weight: 0.1, temperature: 0.1, layers: [last], pooling: mean, view: mask}
          epochs: 10
          learning_rate: 1.0e-4
        verify: {logit_atol: 1.0e-3, kl_max: 1.0e-5}
        """);
    Files.createDirectories(folder.unlearned());
    Files.writeString(
        folder.provenance(),
        """
        {"tool": "unlearn4j", "version": "0.1.0", "seed": 0, "steps": 250,
         "weights": {"model.safetensors":
           "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}}
        """);
  }

  private void trainLog() throws IOException {
    Random random = new Random(5);
    StringBuilder log = new StringBuilder();
    for (int step = 1; step <= 250; step++) {
      double t = step / 250.0;
      double forget = 13.8 * Math.exp(-3 * t) + 0.3 * random.nextDouble();
      double retain = 0.2 + 0.4 * t * (1 - t) + 0.05 * random.nextDouble();
      double clreg = 2.2 * Math.exp(-2 * t) + 0.1 * random.nextDouble();
      log.append(
          String.format(
              Locale.ROOT,
              "{\"step\": %d, \"epoch\": %d, \"lr\": %g, \"total\": %g, \"forget\": %g,"
                  + " \"retain\": %g, \"clreg\": %g, \"grad_norm\": %g, \"tokens_per_second\":"
                  + " 20480}%n",
              step,
              step / 25,
              1e-4 * Math.min(1, 10 * t) * (1 - t),
              forget + retain + 0.1 * clreg,
              forget,
              retain,
              clreg,
              1 + 3 * random.nextDouble()));
    }
    Files.createDirectories(folder.trainLog().getParent());
    Files.writeString(folder.trainLog(), log);
  }

  /** Writes the example to look at: {@code ExampleRun FOLDER}. */
  public static void main(String[] arguments) throws IOException {
    System.out.println(Report.write(complete(Path.of(arguments[0]))));
  }
}
