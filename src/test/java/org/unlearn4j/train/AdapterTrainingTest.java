package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.UnlearnSettings;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Values;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepControl;
import org.unlearn4j.unlearn.StepGraph;
import org.unlearn4j.weights.SafeTensors;

/** Adapters over many steps: dropped, accumulated, attacked, killed and taken up again. */
class AdapterTrainingTest {
  private static final List<String> SETTINGS =
      List.of(
          "unlearn.adapter={rank: 2, dropout: 0.25, train_bias: true}",
          "unlearn.clreg={weight: 0.1, queue: 5}",
          "unlearn.epochs=3",
          "unlearn.batch_size=2",
          "unlearn.accumulate=2",
          "unlearn.learning_rate=1.0e-3");

  @TempDir Path folder;

  private final StepFixture fixture = new StepFixture("gpt2"); // every linear map has a bias

  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private static UnlearnSettings unlearn(List<String> settings) {
    return Pipeline.defaults("NPO", settings).unlearn();
  }

  private TrainingStep step(List<String> settings, Computation computation) {
    UnlearnSettings unlearn = unlearn(settings);
    Objective objective = Objectives.forTraining(unlearn, fixture.decoder(), Map.of());
    StepGraph graph = new StepGraph(fixture.decoder(), objective, computation);
    return new TrainingStep(
        graph, OptimizerSettings.adamW(0.01, 1), unlearn.loop().accumulate(), unlearn.robust());
  }

  /** Base weights, Gaussian A and B, biases of the base. */
  private void begin(TrainingStep step) {
    fixture.assignPolicy(step.graph());
    try (SafeTensors base = SafeTensors.open(fixture.fixture().folder())) {
      step.graph()
          .learned()
          .assign(
              p ->
                  FloatBuffer.wrap(
                      p.name().endsWith(".bias") ? base.floats(p.name()) : gaussian(p)));
    }
  }

  private static float[] gaussian(Parameter p) {
    Random random = new Random(p.name().hashCode());
    float[] v = new float[(int) p.size()];
    for (int i = 0; i < v.length; i++) {
      v[i] = (float) (0.1 * random.nextGaussian());
    }
    return v;
  }

  private Map<String, float[]> learned(TrainingStep step) {
    Map<String, float[]> all = new LinkedHashMap<>();
    try (Values values = step.graph().learned().values()) {
      step.graph().learned().parameters().forEach(p -> all.put(p.name(), values.of(p).array()));
    }
    return all;
  }

  private List<TokenRow> rows(Segment a, Segment b) {
    List<TokenRow> rows = new ArrayList<>(fixture.rows().get(a));
    rows.addAll(fixture.rows().get(b));
    return rows;
  }

  private Trainer.Finished run(TrainingStep step, String name, Trainer.Listener listener) {
    begin(step);
    LoopSettings loop = unlearn(SETTINGS).loop();
    List<TokenRow> forget = rows(Segment.FORGET, Segment.RETAIN);
    double[] reference = new Random(3).doubles(forget.size(), 10, 30).toArray();
    TrainingData data =
        new TrainingData(
            forget,
            rows(Segment.RETAIN, Segment.ALTERNATE),
            List.of(),
            Map.of(Segment.FORGET, reference));
    MaskView view = new MaskView(3, Set.of(0, 1, 2), 0.15, 11);
    Trainer.Files files =
        new Trainer.Files(
            folder.resolve(name).resolve("checkpoints"),
            folder.resolve(name).resolve("log.jsonl"),
            "run");
    return new Trainer(step, loop, data, new Trainer.Regularisation(0.1, 3, Optional.of(view), 5))
        .run(files, listener);
  }

  @Test
  void aRunThatWasKilledIsTheRunThatWasNot() throws Exception {
    Map<String, float[]> expected;
    Map<String, float[]> base;
    try (TrainingStep step = step(SETTINGS, Computations.FP32)) {
      assertEquals(6, run(step, "unbroken", (d, t, o) -> {}).steps());
      expected = learned(step);
      base = StepFixture.weights(step.graph());
      assertThrows(
          Killed.class,
          () ->
              run(
                  step,
                  "broken",
                  (done, t, o) -> {
                    if (done == 5) {
                      throw new Killed();
                    }
                  }));
    }
    // The base is in no checkpoint: what it holds is the adapters' and their moments.
    try (Stream<Path> files = Files.list(folder.resolve("broken/checkpoints"))) {
      try (SafeTensors saved = SafeTensors.open(files.findFirst().orElseThrow())) {
        Set<String> allowed = expected.keySet();
        for (String name : saved.names()) {
          String own = name.substring(name.indexOf('/') + 1);
          assertTrue(name.startsWith("queue/") || allowed.contains(own), name);
        }
      }
    }
    try (TrainingStep step = step(SETTINGS, Computations.FP32)) {
      Trainer.Finished resumed = run(step, "broken", (d, t, o) -> {});
      assertEquals(List.of(6, 4), List.of(resumed.steps(), resumed.resumedAt()));
      Map<String, float[]> actual = learned(step);
      assertEquals(expected.keySet(), actual.keySet());
      expected.forEach((name, e) -> assertArrayEquals(e, actual.get(name), 0f, name));
      Map<String, float[]> after = StepFixture.weights(step.graph());
      base.forEach((name, b) -> assertArrayEquals(b, after.get(name), 0f, name));
    }
    assertTrue(expected.keySet().stream().anyMatch(n -> n.endsWith(".bias")));
  }

  private double loss(TrainingStep step, long seed) {
    StepControl control = new StepControl(1, 0.1, new StepControl.ViewSeed(seed, 0, 0));
    return StepFixture.run(step.graph(), fixture.batch(step.graph().objective()), control).total();
  }

  /** What is dropped is drawn from the seed, also where a block is computed a second time. */
  @Test
  void dropoutIsDrawnFromTheSeedAndScaled() {
    List<String> dropping =
        List.of("unlearn.adapter={rank: 2, dropout: 0.25}", "unlearn.clreg.weight=0.1");
    List<String> whole = List.of("unlearn.adapter={rank: 2}", "unlearn.clreg.weight=0.1");
    try (TrainingStep kept = step(dropping, Computations.FP32);
        TrainingStep again = step(dropping, Computations.FP32.recomputing(true));
        TrainingStep none = step(whole, Computations.FP32)) {
      List.of(kept, again, none).forEach(this::begin);
      double one = loss(kept, 1);
      assertEquals(one, loss(kept, 1));
      assertNotEquals(one, loss(kept, 2));
      assertClose("recomputed", one, loss(again, 1), 0, 1e-6);
      StepControl control = new StepControl(1, 0.1, new StepControl.ViewSeed(1, 0, 0));
      var batch = fixture.batch(kept.graph().objective());
      var a = StepFixture.run(kept.graph(), batch, control).gradients();
      var b = StepFixture.run(again.graph(), batch, control).gradients();
      a.forEach(
          (name, g) -> {
            double norm = StepFixture.Values.l2(g);
            float[] difference = g.clone();
            for (int i = 0; i < g.length; i++) {
              difference[i] -= b.get(name)[i];
            }
            assertTrue(StepFixture.Values.l2(difference) <= 1e-5 * norm + 1e-9, name);
          });
      // Scaled by 4/3, what is left is right on average: 40 draws scatter around the whole sum.
      double[] draws = new Random(0).longs(40).mapToDouble(s -> loss(kept, s)).toArray();
      double mean = java.util.Arrays.stream(draws).average().orElseThrow();
      double spread =
          Math.sqrt(
              java.util.Arrays.stream(draws).map(d -> (d - mean) * (d - mean)).sum() / 39 / 40);
      double expected = loss(none, 1);
      // The loss is not linear: half of a single draw's scatter is left for that.
      assertTrue(
          Math.abs(mean - expected) < 4 * spread + 0.5 * spread * Math.sqrt(40),
          mean + " +- " + spread + " against " + expected);
    }
  }

  /** An attack moves A and B and puts them back; the base is what it was. */
  @Test
  void aRobustStepMovesTheAdapters() {
    List<String> robust =
        List.of("unlearn.adapter={rank: 2}", "unlearn.robust={attack: relearn, rate: 1.0e-2}");
    try (TrainingStep step = step(robust, Computations.FP32)) {
      begin(step);
      step.reset();
      Map<String, float[]> before = learned(step);
      var whole = fixture.batch(step.graph().objective());
      var lesson =
          org.unlearn4j.unlearn.StepBatch.lesson(
              fixture.rows().get(Segment.FORGET),
              org.unlearn4j.unlearn.StepBatch.Totals.over(List.of(whole.rows())));
      StepControl control = new StepControl(1, 0, new StepControl.ViewSeed(0, 0, 0));
      TrainingStep.Outcome seen =
          step.runCollated(1, step.collate(List.of(whole), List.of(lesson)), 0, control);
      assertTrue(seen.gradNorm() > 0 && Double.isFinite(seen.gradNorm()));
      Map<String, float[]> after = learned(step);
      before.forEach((name, b) -> assertArrayEquals(b, after.get(name), 0f, name));
      double plain;
      try (TrainingStep unattacked =
          step(List.of("unlearn.adapter={rank: 2}"), Computations.FP32)) {
        begin(unattacked);
        plain = StepFixture.run(unattacked.graph(), whole, control).terms().get("forget");
      }
      assertNotEquals(plain, seen.terms().get("forget"), 1e-4);
      assertFalse(Double.isNaN(seen.terms().get("forget")));
    }
  }
}
