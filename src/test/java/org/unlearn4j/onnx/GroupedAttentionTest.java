package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.unlearn4j.base.UserException;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.fixtures.ForwardChecks;
import org.unlearn4j.lm.Decoding;
import org.unlearn4j.lm.Generation;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.parity.Gate;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.train.FreshWeights;
import org.unlearn4j.train.ModelFolder;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.GraphChoices;
import org.unlearn4j.weights.Variant;

/** Files whose attention is com.microsoft.GroupQueryAttention, and their cache in one buffer. */
class GroupedAttentionTest {
  @TempDir Path temp;

  private Path export(String fixture, Variant variant, int opset, boolean grouped) {
    Path onnx = temp.resolve(fixture + "-" + variant.label() + opset + grouped);
    OnnxExporter.export(
        Fixture.named(fixture).folder(),
        onnx,
        ExportOptions.of(List.of(variant.label()))
            .opset(opset)
            .choices(GraphChoices.defaults().attention(grouped)));
    return onnx;
  }

  static Stream<Arguments> models() {
    return Fixture.names()
        .filter(n -> ModelConfig.read(Fixture.named(n).folder()).headDim() % 8 == 0)
        .flatMap(
            n -> Stream.of(GraphForm.OLDER, GraphForm.LATEST).map(opset -> Arguments.of(n, opset)));
  }

  /**
   * Against float64, whatever the family has: windows, sinks, several rotary tables. In one pass,
   * in two, decoding a batch that is padded on the left.
   */
  @ParameterizedTest
  @MethodSource("models")
  void computesWhatTheFamilyDoes(String name, int opset) {
    Fixture fixture = Fixture.named(name);
    try (OrtModel model = OrtModel.open(export(name, Variant.FP32, opset, true), "fp32", 1)) {
      assertTrue(model.deployed().grouped(), "every layer's cache is the operator's");
      ForwardChecks.logits(fixture, model, 0);
      ForwardChecks.logits(fixture, model, 3);
      ForwardChecks.features(fixture, model);
      ForwardChecks.scores(fixture, model);
      ForwardChecks.next(fixture, model);
      ForwardChecks.greedy(fixture, model);
    }
  }

  /** The same proof as any other file: weights, graph, rounding, cache and padding on the left. */
  @ParameterizedTest
  @EnumSource(Variant.class)
  void passesTheGatesOfItsFormat(Variant variant) {
    Path onnx = export("llama", variant, GraphForm.LATEST, true);
    ParityResult result = ReadBacks.compare("llama", onnx, variant);
    List<String> failed = ReadBacks.failed(result, Gate.Level.WEIGHTS, Gate.Level.GRAPH);
    assertEquals(List.of(), failed, result.graph().toString());
    for (String name : List.of("chunked_prefill", "cached_decoding", "left_padding")) {
      List<Gate> own = result.gates().stream().filter(g -> g.name().startsWith(name)).toList();
      assertTrue(own.size() == 1 && own.get(0).pass(), name + ": " + own);
    }
    ReadBack.Counts counts = ReadBacks.counts(Fixture.named("llama").folder(), onnx, variant);
    assertEquals(0, counts.foreign().orElse(-1), "held against our own writer");
    assertTrue(
        OnnxSummary.of(OnnxFile.locate(onnx, variant.label()))
            .operators()
            .containsKey("GroupQueryAttention"));
  }

  /** A graph that is wrong is caught as it is with the other operator: scores twice as large. */
  @ParameterizedTest
  @EnumSource(Variant.class)
  void aWrongScaleIsCaught(Variant variant) {
    Mistake mistake =
        Mistake.graph(
            "scale x 2",
            g -> {
              g.getNodeBuilderList().stream()
                  .filter(n -> n.getOpType().equals("GroupQueryAttention"))
                  .flatMap(n -> n.getAttributeBuilderList().stream())
                  .filter(a -> a.getName().equals("scale"))
                  .forEach(a -> a.setF(2 * a.getF()));
              return true;
            });
    GraphChoices choices = GraphChoices.defaults().attention(true);
    Path onnx = temp.resolve("wrong");
    assertTrue(ReadBacks.wrong("llama", mistake, variant, GraphForm.LATEST, choices, onnx));
    ParityResult result = ReadBacks.compare("llama", onnx, variant);
    ReadBacks.requireCaught(result, variant, mistake.toString());
  }

  /**
   * No fixture has soft caps and heads that the operator takes, so here is a model of both. In
   * float16 the operator rounds queries and results too: a few times 2^-11 of logits up to 10.
   */
  @ParameterizedTest
  @EnumSource(
      value = Variant.class,
      names = {"FP32", "FP16"})
  void softCapsComeBeforeTheMask(Variant variant) throws IOException {
    List<TokenRow> rows = Fixture.rows(Fixture.named("gemma2").expected());
    double loose = apart(capped(50), variant, rows);
    assertTrue(loose < (variant.half() ? 0.02 : 2e-5), "a cap that hardly bends: " + loose);
    double tight = apart(capped(0.5), variant, rows);
    assertTrue(tight < (variant.half() ? 0.02 : 2e-5), "a cap that bends: " + tight);
    double other =
        difference(
            logits(capped(50), variant, true, rows), logits(capped(0.5), variant, true, rows));
    assertTrue(other > 0.2, "caps make a difference: " + other);
  }

  private Path capped(double cap) throws IOException {
    Path model = temp.resolve("capped" + cap);
    if (!Files.isDirectory(model)) {
      ObjectNode config = (ObjectNode) Fixture.named("gemma2").json("config.json");
      config.put("head_dim", 16).put("attn_logit_softcapping", cap);
      Decoder decoder = Decoder.of(ModelConfig.of(config));
      Function<Parameter, FloatBuffer> weights = FreshWeights.of(3, 0.3);
      ModelFolder.write(
          model,
          decoder,
          ModelFolder.fresh(decoder, DType.F32),
          (p, to) -> to.accept(weights.apply(p)),
          Fixture.named("gemma2").folder(),
          Optional.empty());
    }
    return model;
  }

  private double apart(Path model, Variant variant, List<TokenRow> rows) {
    return difference(logits(model, variant, false, rows), logits(model, variant, true, rows));
  }

  private float[][][] logits(Path model, Variant variant, boolean grouped, List<TokenRow> rows) {
    Path onnx = temp.resolve("onnx-" + model.getFileName() + grouped);
    OnnxExporter.export(
        model,
        onnx,
        ExportOptions.of(List.of(variant.label()))
            .choices(GraphChoices.defaults().attention(grouped)));
    try (OrtModel open = OrtModel.open(onnx, variant.label(), 1)) {
      return open.logits(rows, 0);
    }
  }

  private static double difference(float[][][] a, float[][][] b) {
    double most = 0;
    for (int r = 0; r < a.length; r++) {
      for (int t = 0; t < a[r].length; t++) {
        for (int v = 0; v < a[r][t].length; v++) {
          double d = Math.abs(a[r][t][v] - b[r][t][v]);
          most = Double.isNaN(d) ? Double.POSITIVE_INFINITY : Math.max(most, d);
        }
      }
    }
    return most;
  }

  /**
   * A client with a cache of 24 columns: every run reads and writes the same memory, and columns
   * behind the last token stay zero. Tokens are those of a cache that grows.
   */
  @ParameterizedTest
  @EnumSource(
      value = Variant.class,
      names = {"FP32", "Q4F16"})
  void theCacheMayBeOneBuffer(Variant variant) throws OrtException {
    Path onnx = export("llama", variant, GraphForm.LATEST, true);
    int[] prompt = {3, 14, 15, 9, 2};
    int length = 24;
    int steps = 6;
    try (OrtModel model = OrtModel.open(onnx, variant.label(), 1);
        CacheBuffer cache =
            CacheBuffer.of(OrtEnvironment.getEnvironment(), model.deployed().cache(), 1, length)) {
      List<Integer> said = new ArrayList<>();
      Decoding d =
          new Decoding(
              List.of(prompt), Generation.greedy(steps, Set.of()), 64, (r, t) -> said.add(t));
      while (!d.done()) {
        try (OrtLogits logits = model.deployed().logits(1);
            OrtFeeds feeds =
                model.deployed().buffered(Deployed.Tokens.of(d, 1), 0, d.width(), cache)) {
          Map<String, OnnxTensor> given = new HashMap<>(cache.presents());
          given.put("logits", model.deployed().part(logits, 0, d.width()));
          feeds.run(Set.of(), given).close();
          int last = d.width() - 1;
          d.accept((row, into) -> logits.read(row, last, into), model.shape().vocabSize());
        }
      }
      Path standard = export("llama", variant, GraphForm.LATEST, false);
      try (OrtModel grows = OrtModel.open(standard, variant.label(), 1)) {
        int[] due = grows.generate(List.of(prompt), steps, Set.of()).get(0);
        assertArrayEquals(due, said.stream().mapToInt(Integer::intValue).toArray());
      }
      int written = prompt.length + steps - 1; // the last token is not fed
      for (OnnxTensor slot : cache.presents().values()) {
        long[] shape = slot.getInfo().getShape();
        FloatBuffer values = slot.getFloatBuffer();
        for (int i = 0; i < values.capacity(); i++) {
          int column = (int) (i / shape[3] % shape[2]);
          assertEquals(column < written, values.get(i) != 0, "column " + column);
        }
      }
    }
  }

  /** Rows that end at different lengths, more prompts than threads, positions that run out. */
  @Test
  void generatesWhatAGrowingCacheDoes() {
    List<int[]> prompts = List.of(new int[] {3, 14, 15}, new int[] {9}, new int[] {2, 6, 5, 3, 5});
    try (OrtModel buffered = OrtModel.open(export("qwen2", Variant.FP32, 23, true), "fp32", 2);
        OrtModel grows = OrtModel.open(export("qwen2", Variant.FP32, 23, false), "fp32", 2)) {
      int all = grows.shape().maxPositions();
      List<int[]> due = grows.generate(prompts, all, Set.of(7));
      List<int[]> found = buffered.generate(prompts, all, Set.of(7));
      for (int i = 0; i < due.size(); i++) {
        assertArrayEquals(due.get(i), found.get(i), "row " + i);
      }
      assertArrayEquals(
          grows.samples(prompts, 2, Generation.greedy(4, Set.of())).get(2).get(1),
          buffered.samples(prompts, 2, Generation.greedy(4, Set.of())).get(2).get(1));
    }
  }

  /** Who reads the folder is told; who asks for the usual operator is told the other thing. */
  @Test
  void onnxruntimeGenaiIsTold() throws IOException {
    for (boolean grouped : List.of(true, false)) {
      Path onnx = export("llama", Variant.INT4, GraphForm.LATEST, grouped);
      JsonNode genai = new ObjectMapper().readTree(onnx.resolve("genai_config.json").toFile());
      JsonNode shared = genai.path("search").path("past_present_share_buffer");
      assertTrue(shared.isBoolean());
      assertEquals(grouped, shared.booleanValue());
      Map<String, String> metadata = OnnxFile.read(OnnxFile.locate(onnx, "int4")).metadata();
      assertEquals(grouped ? "attention=grouped" : null, metadata.get(Provenance.CHOICES));
    }
  }

  @Test
  void headsThatTheOperatorRefusesAreAnError() {
    UserException e =
        assertThrows(UserException.class, () -> export("qwen3", Variant.FP32, 23, true));
    assertEquals(
        Fixture.named("qwen3").folder()
            + ", config.json: found heads of 12 features beside attention grouped, whose operator"
            + " needs a multiple of 8, expected attention standard.",
        e.getMessage());
    assertFalse(Files.exists(temp.resolve("qwen3-fp3223true")));
  }
}
