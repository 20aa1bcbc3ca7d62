package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.adapter.AdapterFolder;
import org.unlearn4j.adapter.LowRank;
import org.unlearn4j.adapter.MergedWeights;
import org.unlearn4j.adapter.MergedWeights.Weighted;
import org.unlearn4j.base.UserException;
import org.unlearn4j.fixtures.Adapters;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.lm.Generation;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.onnx.AdapterFactor;
import org.unlearn4j.onnx.AdapterFile;
import org.unlearn4j.onnx.ExportOptions;
import org.unlearn4j.onnx.OnnxExporter;
import org.unlearn4j.onnx.OrtModel;
import org.unlearn4j.onnx.OrtSettings;
import org.unlearn4j.tf.AdapterWeights;
import org.unlearn4j.tf.ModelWeights;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.tf.TfRuntime;
import org.unlearn4j.tf.Variables;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.Variant;

/**
 * The four forms of an adapted model: merged and unmerged under TensorFlow, merged and as a base
 * with an adapter under ONNX Runtime.
 */
class SeparateAdapterTest {
  /**
   * Float32 sums of at most some hundred terms in another order, and weights that are rounded once
   * more where they are merged: relative to the largest logit. Adapters of 0.3 move logits by much
   * more, which every test makes sure of.
   */
  private static final double ROUNDING = 2e-5;

  private static final PrintStream SILENT =
      new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);

  @TempDir Path temp;

  private List<TokenRow> rows;

  /** The model, whose fixture's rows are what is computed from now on. */
  private Path base(String family) {
    rows = Fixture.rows(Fixture.named(family).expected());
    return Fixture.named(family).folder();
  }

  private static double worst(float[][][] a, float[][][] b) {
    double worst = 0;
    for (int r = 0; r < a.length; r++) {
      for (int t = 0; t < a[r].length; t++) {
        for (int v = 0; v < a[r][t].length; v++) {
          double off = Math.abs(a[r][t][v] - b[r][t][v]);
          worst = Double.isNaN(off) ? Double.POSITIVE_INFINITY : Math.max(worst, off);
        }
      }
    }
    return worst;
  }

  private static double largest(float[][][] logits) {
    double largest = 0;
    for (float[][] row : logits) {
      for (float[] column : row) {
        for (float v : column) {
          largest = Math.max(largest, Math.abs(v));
        }
      }
    }
    return largest;
  }

  private void assertSame(float[][][] expected, float[][][] found, String what) {
    double relative = worst(expected, found) / largest(expected);
    assertTrue(relative <= ROUNDING, what + ": " + relative + ", expected " + ROUNDING);
  }

  private void assertOther(float[][][] expected, float[][][] found, String what) {
    double relative = worst(expected, found) / largest(expected);
    assertTrue(relative > 1e-2, what + ": only " + relative + " away");
  }

  private float[][][] logits(LanguageModel open) {
    try (LanguageModel model = open) {
      float[][][] whole = model.logits(rows, 0);
      if (List.of("tf", "onnx:fp32").contains(model.runtime())) { // others round by batches
        assertSame(whole, model.logits(rows, 3), "with the cache");
      }
      return whole;
    }
  }

  /** Base and adapter apart, under TensorFlow. */
  private float[][][] unmerged(String family, LowRank adapter) {
    Decoder decoder = Adapters.decoder(family);
    try (TfRuntime runtime = new TfRuntime(Computations.FP32);
        SafeTensors weights = SafeTensors.open(base(family))) {
      Variables variables = new Variables(runtime, "", decoder.parameters());
      AdapterWeights factors = new AdapterWeights(runtime, adapter.adapter(), false);
      ModelWeights both = new ModelWeights(variables, Optional.of(factors));
      TensorFlowModel model = TensorFlowModel.within(runtime, decoder, both, Precision.FP32);
      variables.assign(TfRuntime.checkpoint(weights, decoder.parameters()));
      factors.learned().assign(p -> FloatBuffer.wrap(adapter.values().all(p)));
      return logits(model);
    }
  }

  private float[][][] mergedTf(String family, List<Weighted> adapters) {
    Decoder decoder = Adapters.decoder(family);
    try (SafeTensors weights = SafeTensors.open(base(family))) {
      return logits(
          TensorFlowModel.of(decoder, new MergedWeights(weights, adapters), Computations.FP32));
    }
  }

  private Path export(String family, String out, List<Weighted> adapters, Variant... variants) {
    ExportOptions options =
        ExportOptions.of(List.of(variants).stream().map(Variant::label).toList())
            .adapter(
                Optional.of(adapters)
                    .filter(a -> !a.isEmpty())
                    .map(a -> AdapterFiles.separate(base(family), a)));
    OnnxExporter.export(base(family), temp.resolve(out), options);
    return temp.resolve(out);
  }

  private static OrtModel on(Path folder, Variant variant) {
    return OrtModel.open(folder, variant.label(), 1);
  }

  private static OrtModel off(Path folder, Variant variant) {
    return OrtModel.open(folder, variant.label(), OrtSettings.defaults(), Optional.empty());
  }

  private static List<Weighted> whole(LowRank adapter) {
    return List.of(Weighted.whole(adapter));
  }

  private static Path file(Path folder) {
    return folder.resolve("onnx").resolve(AdapterFile.NAME);
  }

  /** Separate matrices, fused ones, matrices that lie the other way round, and experts. */
  @ParameterizedTest
  @ValueSource(strings = {"llama", "phi3", "gpt2", "gpt_neox", "gemma2", "mixtral"})
  void allFormsComputeTheSame(String family) {
    Decoder decoder = Adapters.decoder(family);
    LowRank adapter = Adapters.random(decoder, 1, false, "all-linear");
    float[][][] apart = unmerged(family, adapter);
    assertSame(apart, mergedTf(family, whole(adapter)), "merged, TensorFlow");

    AdapterFolder.write(temp.resolve("adapter"), adapter, decoder, "base");
    MergeStage.run(
        base(family),
        List.of(new MergeStage.Part(temp.resolve("adapter"), 1)),
        temp.resolve("merged"),
        SILENT);
    OnnxExporter.export(
        temp.resolve("merged"), temp.resolve("merged.onnx"), ExportOptions.defaults());
    assertSame(apart, logits(on(temp.resolve("merged.onnx"), Variant.FP32)), "merged, ORT");

    Path pair = export(family, "pair", whole(adapter), Variant.FP32);
    assertSame(apart, logits(on(pair, Variant.FP32)), "base and adapter, ORT");
    float[][][] without = logits(off(pair, Variant.FP32));
    assertOther(apart, without, "without the adapter");
    Path plain = export(family, "plain", List.of(), Variant.FP32);
    assertArrayEquals(logits(on(plain, Variant.FP32)), without, "the base to the bit");
  }

  /** Scores, features and samples come from graphs that are cut out of the file. */
  @Test
  void measuringGraphsHaveTheAdapterToo() {
    LowRank adapter = Adapters.random(Adapters.decoder("gpt_neox"), 1, false, "all-linear", "head");
    Path pair = export("gpt_neox", "pair", whole(adapter), Variant.FP32);
    Decoder decoder = Adapters.decoder("gpt_neox");
    try (SafeTensors weights = SafeTensors.open(base("gpt_neox"));
        LanguageModel merged =
            TensorFlowModel.of(
                decoder, new MergedWeights(weights, whole(adapter)), Computations.FP32);
        OrtModel deployed = on(pair, Variant.FP32);
        OrtModel without = off(pair, Variant.FP32)) {
      float[][][] due = merged.features(rows);
      assertSame(due, deployed.features(rows), "features");
      assertOther(due, without.features(rows), "features without");
      for (int r = 0; r < rows.size(); r++) {
        float[] expected = merged.score(rows).get(r).logProbs();
        assertArrayEquals(expected, deployed.score(rows).get(r).logProbs(), 1e-3f);
      }
      int[] prompt = rows.get(0).ids();
      List<int[]> prompts = List.of(Arrays.copyOf(prompt, 3));
      Generation greedy = Generation.greedy(4, Set.of());
      assertArrayEquals(
          merged.generate(prompts, greedy, (row, token) -> {}).get(0),
          deployed.generate(prompts, greedy, (row, token) -> {}).get(0));
    }
  }

  /** The base's numbers are the variant's own; what is added to them is float32 in all of them. */
  @ParameterizedTest
  @CsvSource({"llama", "phi3", "gpt2", "mixtral"})
  void everyVariantServesBoth(String family) {
    Variant[] all = Variant.values();
    LowRank adapter = Adapters.random(Adapters.decoder(family), 1, false, "q", "o", "down");
    Path pair = export(family, "pair", whole(adapter), all);
    Path plain = export(family, "plain", List.of(), all);
    for (Variant variant : all) {
      float[][][] base = logits(on(plain, variant));
      assertArrayEquals(base, logits(off(pair, variant)), variant.label());
      assertOther(base, logits(on(pair, variant)), variant.label());
    }
  }

  private float[][][] spoiled(Path pair, UnaryOperator<AdapterFactor> change) {
    AdapterFile whole = AdapterFile.read(file(pair));
    Path other = temp.resolve("spoiled" + AdapterFile.ENDING);
    AdapterFile.write(
        other, whole.modelVersion(), whole.factors().values().stream().map(change).toList());
    return logits(OrtModel.open(pair, "fp32", OrtSettings.defaults(), Optional.of(other)));
  }

  /** The plausible mistakes are not within the tolerance: no scale, factors of the wrong layout. */
  @Test
  void plausibleMistakesAreFarAway() {
    LowRank adapter = Adapters.random(Adapters.decoder("llama"), 1, false, "q", "o");
    Path pair = export("llama", "pair", whole(adapter), Variant.FP32);
    float[][][] due = unmerged("llama", adapter);
    assertSame(due, spoiled(pair, f -> f), "written again");
    double scale = adapter.adapter().shape().scale();
    assertOther(due, spoiled(pair, f -> scaled(f, 1 / scale)), "without the scale");
    // The values in PEFT's own order: [rank, in] where [in, rank] is read.
    assertOther(due, spoiled(pair, SeparateAdapterTest::turned), "A and B as PEFT lays them out");
    UserException swapped =
        assertThrows(
            UserException.class,
            () ->
                spoiled(
                    pair,
                    f ->
                        new AdapterFactor(
                            f.name().endsWith(".lora_A")
                                ? f.name().replace(".lora_A", ".lora_B")
                                : f.name().replace(".lora_B", ".lora_A"),
                            f.rows(),
                            f.columns(),
                            f.values())));
    assertTrue(swapped.getMessage().contains("expected that of the input"), swapped.getMessage());
  }

  private static AdapterFactor scaled(AdapterFactor f, double by) {
    float[] values = f.values().get();
    for (int i = 0; i < values.length; i++) {
      values[i] *= f.name().endsWith(".lora_B") ? (float) by : 1;
    }
    return new AdapterFactor(f.name(), f.rows(), f.columns(), () -> values);
  }

  private static AdapterFactor turned(AdapterFactor f) {
    float[] values = f.values().get();
    float[] turned = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      turned[i % f.columns() * f.rows() + i / f.columns()] = values[i];
    }
    return new AdapterFactor(f.name(), f.rows(), f.columns(), () -> turned);
  }

  /** [A1 A2] [B1; B2] is the sum, of maps that both adapt and of those that one adapts. */
  @Test
  void severalAdaptersInOneFileAreTheirSum() {
    Decoder decoder = Adapters.decoder("phi3");
    LowRank one = Adapters.random(decoder, 1, false, "all-linear");
    LowRank two = Adapters.random(decoder, 2, false, "o");
    List<Weighted> both = List.of(Weighted.whole(one), new Weighted(two, -0.5));
    float[][][] due = mergedTf("phi3", both);
    Path pair = export("phi3", "pair", both, Variant.FP32);
    assertSame(due, logits(on(pair, Variant.FP32)), "the sum");
    assertOther(due, mergedTf("phi3", whole(one)), "the first alone");
    AdapterFactor o =
        AdapterFile.read(file(pair)).factors().get("model.layers.0.self_attn.o_proj.lora_A");
    assertEquals(4, o.columns(), "the ranks of both");
  }

  @Test
  void anAdapterOfAnotherModelIsRefused() {
    LowRank adapter = Adapters.random(Adapters.decoder("llama"), 1, false, "q");
    Path pair = export("llama", "pair", whole(adapter), Variant.FP32);
    AdapterFile own = AdapterFile.read(file(pair));
    Path other = temp.resolve("other" + AdapterFile.ENDING);
    AdapterFile.write(other, own.modelVersion() ^ 2, List.copyOf(own.factors().values()));
    assertRefused(pair, other, "found an adapter of the model ");
    LowRank more = Adapters.random(Adapters.decoder("llama"), 1, false, "q", "o");
    AdapterFile.write(other, 0, AdapterFiles.factors(whole(more)));
    assertRefused(pair, other, "parameter model.layers.0.self_attn.o_proj.lora_A: found shape");
    Path plain = export("llama", "plain", List.of(), Variant.FP32);
    assertRefused(plain, file(pair), "found no inputs for an adapter");
  }

  private static void assertRefused(Path folder, Path adapter, String sentence) {
    UserException e =
        assertThrows(
            UserException.class,
            () -> OrtModel.open(folder, "fp32", OrtSettings.defaults(), Optional.of(adapter)));
    assertTrue(e.getMessage().contains(sentence), e.getMessage());
  }

  @Test
  void whatReplacesParametersIsRefused() {
    LowRank biases = Adapters.random(Adapters.decoder("gpt2"), 1, true, "q");
    Parameter first = biases.replaced().get(0);
    UserException e = assertThrows(UserException.class, () -> AdapterFiles.factors(whole(biases)));
    assertTrue(e.getMessage().contains(first.name()), e.getMessage());
  }
}
