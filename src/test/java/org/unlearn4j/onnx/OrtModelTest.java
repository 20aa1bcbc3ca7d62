package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.fixtures.ForwardChecks;
import org.unlearn4j.lm.Decoding;
import org.unlearn4j.lm.Generation;
import org.unlearn4j.lm.PaddedBatch;
import org.unlearn4j.lm.Sampling;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;

/** The exported file on ONNX Runtime against float64 reference numbers. */
class OrtModelTest {
  @TempDir Path temp;

  @ParameterizedTest
  @MethodSource("org.unlearn4j.fixtures.Fixture#names")
  void reproducesTheReferenceNumbers(String name) {
    checkAll(Fixture.named(name), Exports.inline(name, temp.resolve(name)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void reproducesThemWithExternalData(String name) {
    checkAll(Fixture.named(name), Exports.external(name, temp.resolve(name)));
  }

  @ParameterizedTest
  @MethodSource("org.unlearn4j.fixtures.Fixture#names")
  void reproducesThemFromTheOlderConfigSpelling(String name) throws IOException {
    Fixture fixture = Fixture.named(name).older(temp.resolve("source"));
    Path folder = temp.resolve(name);
    OnnxExporter.export(fixture.folder(), folder, ExportOptions.defaults());
    try (OrtModel model = OrtModel.open(folder)) {
      ForwardChecks.logits(fixture, model, 0);
    }
  }

  private static void checkAll(Fixture fixture, Path folder) {
    try (OrtModel model = OrtModel.open(folder)) {
      ForwardChecks.logits(fixture, model, 0);
      ForwardChecks.logits(fixture, model, 4);
      ForwardChecks.features(fixture, model);
      ForwardChecks.scores(fixture, model);
      ForwardChecks.greedy(fixture, model);
      ForwardChecks.next(fixture, model);
      int[] dimensions = {
        model.shape().vocabSize(), model.shape().hiddenSize(), model.shape().layers()
      };
      var expected = fixture.expected().path("dimensions");
      assertEquals(expected.path("vocab").intValue(), dimensions[0]);
      assertEquals(expected.path("hidden").intValue(), dimensions[1]);
      assertEquals(expected.path("layers").intValue(), dimensions[2]);
      assertEquals("onnx:fp32", model.runtime());
    }
  }

  @ParameterizedTest
  @MethodSource("org.unlearn4j.fixtures.Fixture#names")
  void aPrefillInTwoChunksIsOneForwardPass(String name) {
    List<TokenRow> rows = Fixture.rows(Fixture.named(name).expected());
    try (OrtModel model = OrtModel.open(Exports.inline(name, temp.resolve(name)))) {
      float[][][] whole = model.logits(rows);
      for (int chunk : new int[] {1, 5, 8}) {
        float[][][] chunked = model.logits(rows, chunk);
        for (int r = 0; r < whole.length; r++) {
          for (int t = 0; t < whole[r].length; t++) {
            String what = "cached from " + chunk + ", logits[" + r + "][" + t + "]";
            assertClose(what, doubles(whole[r][t]), chunked[r][t], 1e-5, 0);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("org.unlearn4j.fixtures.Fixture#names")
  void decodingStepByStepPicksWhatAFullForwardPassPicks(String name) {
    List<int[]> prompts =
        Fixture.rows(Fixture.named(name).expected()).stream().map(TokenRow::ids).toList();
    try (OrtModel model = OrtModel.open(Exports.inline(name, temp.resolve(name)))) {
      List<int[]> continuations = model.generate(prompts, 8, Set.of());
      for (int r = 0; r < prompts.size(); r++) {
        int[] prompt = prompts.get(r);
        int[] all = Arrays.copyOf(prompt, prompt.length + 8);
        System.arraycopy(continuations.get(r), 0, all, prompt.length, 8);
        float[][] logits = model.logits(List.of(TokenRow.unlabelled(all)))[0];
        for (int i = 0; i < 8; i++) {
          int picked = Sampling.mostProbable(logits[prompt.length - 1 + i]);
          assertEquals(picked, continuations.get(r)[i], "row " + r + ", token " + i);
        }
      }
    }
  }

  @Test
  void generationEndsAtAStopTokenAndAtTheLastPosition() {
    Fixture fixture = Fixture.named("llama");
    int[] prompt = Fixture.ints(fixture.expected().path("greedy").path("prompt"));
    int[] expected = Fixture.ints(fixture.expected().path("greedy").path("continuation"));
    try (OrtModel model = OrtModel.open(Exports.inline("llama", temp.resolve("llama")))) {
      int[] stopped = model.generate(List.of(prompt), 8, Set.of(expected[2])).get(0);
      assertEquals(2, stopped.length, Arrays.toString(stopped));
      int room = 3;
      int[] long0 = new int[model.shape().maxPositions() - room];
      assertEquals(room, model.generate(List.of(long0), 8, Set.of()).get(0).length);
    }
  }

  /** The same rule of scoring, written twice: cut-out graphs and logits scored in Java. */
  @Test
  void aFileWithoutNamedHiddenStatesIsScoredFromItsLogits() {
    Fixture fixture = Fixture.named("gpt2");
    Path folder = Exports.inline("gpt2", temp.resolve("gpt2"));
    Exports.edit(folder, g -> rename(g, "hidden.final_norm", "somebody_else"));
    try (OrtModel model = OrtModel.open(folder)) {
      ForwardChecks.scores(fixture, model);
      assertThrows(
          org.unlearn4j.base.UserException.class,
          () -> model.features(Fixture.rows(fixture.expected())));
    }
  }

  @Test
  void scoringInChunksChangesNothing() {
    Path folder = Exports.external("llama", temp.resolve("llama"));
    OnnxFile file = OnnxFile.read(Exports.model(folder));
    PaddedBatch batch = PaddedBatch.of(Fixture.rows(Fixture.named("llama").expected()));
    OrtRuntime runtime = new OrtRuntime(OrtSettings.cpu(1));
    MeasuringGraphs graphs = MeasuringGraphs.of(file.model()).orElseThrow();
    try (OrtModel model = OrtModel.open(folder);
        Measurement m =
            new Measurement(
                runtime,
                graphs,
                file.path(),
                model.deployed().cache(),
                new Measurement.Sizes(32, 5))) {
      List<TokenScores> whole = model.score(Fixture.rows(Fixture.named("llama").expected()));
      LabelScores chunked = m.score(batch);
      int n = 0;
      for (TokenScores row : whole) {
        float[] part = Arrays.copyOfRange(chunked.logProbs, n, n + row.tokens());
        assertClose("from label " + n, doubles(row.logProbs()), part, 1e-6, 0);
        n += row.tokens();
      }
      assertEquals(n, chunked.logProbs.length);
    }
  }

  /** Prompts of different length, as many columns at a time as the limit on logits allows. */
  @Test
  void promptsFedInPiecesAreContinuedAlike() {
    try (OrtModel model = OrtModel.open(Exports.inline("llama", temp.resolve("llama")))) {
      int vocab = model.shape().vocabSize();
      List<int[]> prompts =
          List.of(new int[] {1, 2, 3, 4, 5, 6, 7}, new int[] {8, 9}, new int[] {3});
      Generation how = Generation.greedy(5, Set.of());
      List<int[]> due = model.generate(prompts, 5, Set.of());
      for (int columns : new int[] {1, 2, 3, 7}) {
        Decoding decoding =
            new Decoding(prompts, how, model.shape().maxPositions(), (row, token) -> {});
        long most = (long) columns * prompts.size() * vocab * Float.BYTES;
        try (OrtDecoding rounds = new OrtDecoding(model.deployed(), prompts.size(), most)) {
          rounds.run(decoding);
        }
        for (int i = 0; i < prompts.size(); i++) {
          assertArrayEquals(
              due.get(i), decoding.continuations().get(i), columns + " columns, prompt " + i);
        }
      }
    }
  }

  @Test
  void rowsWithoutLabelsScoreNothingAndHaveZeroFeatures() {
    try (OrtModel model = OrtModel.open(Exports.inline("llama", temp.resolve("llama")))) {
      List<TokenRow> rows = List.of(TokenRow.unlabelled(1, 2, 3), TokenRow.unlabelled(4));
      assertEquals(List.of(0, 0), model.score(rows).stream().map(TokenScores::tokens).toList());
      assertClose("features", new double[32], model.features(rows)[2][1], 0, 0);
    }
  }

  @Test
  void negativeControlTheNeighbourPairRopeMisses() {
    Path folder = Exports.inline("llama", temp.resolve("llama"));
    Exports.edit(folder, OrtModelTest::interleave);
    try (OrtModel model = OrtModel.open(folder)) {
      AssertionFailedError miss =
          assertThrows(
              AssertionFailedError.class,
              () -> ForwardChecks.logits(Fixture.named("llama"), model, 0));
      assertTrue(miss.getMessage().startsWith("logits[0][1]"), miss.getMessage());
    }
  }

  private static void interleave(GraphProto.Builder graph) {
    for (NodeProto.Builder node : graph.getNodeBuilderList()) {
      for (AttributeProto.Builder a : node.getAttributeBuilderList()) {
        if (a.getName().equals("interleaved")) {
          a.setI(1);
        }
      }
    }
  }

  /**
   * What the Attention operator of opset 23 was first specified to do: blocked scores are capped.
   */
  @Test
  void negativeControlTheCapAfterTheMaskMisses() {
    Path folder = Exports.inline("gemma2", temp.resolve("gemma2"));
    Exports.edit(folder, OrtModelTest::capAfterMask);
    try (OrtModel model = OrtModel.open(folder)) {
      AssertionFailedError miss =
          assertThrows(
              AssertionFailedError.class,
              () -> ForwardChecks.logits(Fixture.named("gemma2"), model, 0));
      assertTrue(miss.getMessage().startsWith("logits[0][0]"), miss.getMessage());
    }
  }

  /** scale, tanh, cap, add the mask becomes add the mask, scale, tanh, cap. */
  private static void capAfterMask(GraphProto.Builder graph) {
    List<NodeProto> nodes = new ArrayList<>(graph.getNodeList());
    for (int i = 0; i < nodes.size(); i++) {
      if (nodes.get(i).getName().endsWith("/masked/Add")) {
        NodeProto add = nodes.get(i);
        NodeProto cap = producer(nodes, add.getInput(0));
        NodeProto tanh = producer(nodes, cap.getInput(0));
        NodeProto scale = producer(nodes, tanh.getInput(0));
        String masked = add.getOutput(0);
        NodeProto first =
            add.toBuilder().setInput(0, scale.getInput(0)).setOutput(0, masked + "_first").build();
        nodes.removeAll(List.of(add, cap, tanh, scale));
        nodes.addAll(
            i - 3,
            List.of(
                first,
                scale.toBuilder().setInput(0, masked + "_first").build(),
                tanh,
                cap.toBuilder().setOutput(0, masked).build()));
      }
    }
    graph.clearNode().addAllNode(nodes);
    graph.clearValueInfo();
  }

  private static NodeProto producer(List<NodeProto> nodes, String value) {
    return nodes.stream().filter(n -> n.getOutputList().contains(value)).findFirst().orElseThrow();
  }

  private static void rename(GraphProto.Builder graph, String from, String to) {
    for (NodeProto.Builder node : graph.getNodeBuilderList()) {
      for (int i = 0; i < node.getInputCount(); i++) {
        node.setInput(i, node.getInput(i).equals(from) ? to : node.getInput(i));
      }
      for (int i = 0; i < node.getOutputCount(); i++) {
        node.setOutput(i, node.getOutput(i).equals(from) ? to : node.getOutput(i));
      }
    }
    graph.clearValueInfo();
  }

  private static double[] doubles(float[] values) {
    double[] wide = new double[values.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }
}
