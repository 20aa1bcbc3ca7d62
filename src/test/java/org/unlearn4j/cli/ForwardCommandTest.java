package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;
import static org.unlearn4j.fixtures.Fixture.doubles;
import static org.unlearn4j.fixtures.Fixture.ints;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.unlearn4j.fixtures.Fixture;

/** {@code forward}, and {@code export} on the way, as a user runs them, against float64 numbers. */
class ForwardCommandTest {
  @TempDir Path temp;

  static JsonNode json(CommandRun r) throws IOException {
    assertEquals(ExitCode.DONE, r.code(), r.err());
    assertEquals("", r.err());
    return new ObjectMapper().readTree(r.out());
  }

  private static JsonNode forward(Path model, String runtime, Path input, String... more)
      throws IOException {
    List<String> args = new ArrayList<>(List.of("forward", "--model", model.toString()));
    args.addAll(List.of("--runtime", runtime, "--input", input.toString()));
    args.addAll(List.of(more));
    return json(CommandRun.of(args.toArray(String[]::new)));
  }

  /** The folder that a runtime reads: the fixture's own, or what export makes of it. */
  private Path model(Fixture fixture, String runtime) {
    if (runtime.equals("tf")) {
      return fixture.folder();
    }
    Path onnx = temp.resolve("onnx");
    CommandRun r =
        CommandRun.of("export", "--model", fixture.folder().toString(), "--out", onnx.toString());
    assertEquals(ExitCode.DONE, r.code(), r.err());
    assertTrue(r.out().contains("model.onnx"), r.out());
    return onnx;
  }

  static Stream<Arguments> everywhere() {
    return Fixture.names()
        .flatMap(name -> Stream.of(Arguments.of(name, "tf"), Arguments.of(name, "onnx")));
  }

  @ParameterizedTest
  @MethodSource("everywhere")
  void reproducesTheReferenceNumbers(String name, String runtime) throws IOException {
    Fixture fixture = Fixture.named(name);
    Path model = model(fixture, runtime);
    // The fixture is an input as it stands: further keys are ignored.
    Path input = fixture.folder().resolve("expected.json");
    JsonNode expected = fixture.expected();
    JsonNode found = forward(model, runtime, input, "--pool", "--greedy", "8");
    logits(expected, found.path("logits"), null);
    hidden(expected.path("hidden_mean"), found.path("hidden"));
    assertArrayEquals(
        ints(expected.path("greedy").path("continuation")),
        ints(found.path("greedy").path(0)),
        "greedy");
    assertEquals(expected.path("input_ids").size(), found.path("greedy").size());

    int[] columns = {7, 1, 95};
    JsonNode chunked = forward(model, runtime, input, "--cached-from", "4", "--columns", "7,1,95");
    logits(expected, chunked.path("logits"), columns);
    assertFalse(chunked.has("hidden"));
    assertFalse(chunked.has("greedy"));
  }

  private static void logits(JsonNode expected, JsonNode found, int[] columns) {
    assertEquals(expected.path("logits").size(), found.size());
    for (int r = 0; r < found.size(); r++) {
      int length = expected.path("lengths").path(r).intValue();
      assertEquals(expected.path("input_ids").path(r).size(), found.path(r).size());
      for (int t = 0; t < found.path(r).size(); t++) {
        JsonNode at = found.path(r).path(t);
        assertEquals(t >= length, at.isNull(), "null at padding, row " + r + " position " + t);
        if (t < length) {
          double[] all = doubles(expected.path("logits").path(r).path(t));
          close(
              "logits[" + r + "][" + t + "]", columns == null ? all : some(all, columns), at, 5e-5);
        }
      }
    }
  }

  private static double[] some(double[] all, int[] columns) {
    double[] picked = new double[columns.length];
    for (int i = 0; i < picked.length; i++) {
      picked[i] = all[columns[i]];
    }
    return picked;
  }

  private static void hidden(JsonNode expected, JsonNode found) {
    int layers = expected.path("blocks").size();
    assertEquals(layers + 2, found.size());
    for (int r = 0; r < expected.path("embeddings").size(); r++) {
      pooled("embeddings", expected.path("embeddings").path(r), found, r);
      pooled("final_norm", expected.path("final_norm").path(r), found, r);
      for (int l = 0; l < layers; l++) {
        pooled(String.valueOf(l), expected.path("blocks").path(l).path(r), found, r);
      }
    }
  }

  private static void pooled(String layer, JsonNode expected, JsonNode found, int row) {
    close(layer + "[" + row + "]", doubles(expected), found.path(layer).path(row), 1e-5);
  }

  private static void close(String what, double[] expected, JsonNode found, double atol) {
    assertEquals(expected.length, found.size(), what);
    for (int i = 0; i < expected.length; i++) {
      assertTrue(found.path(i).isNumber(), what);
      assertClose(what + "[" + i + "]", expected[i], found.path(i).doubleValue(), atol, 0);
    }
  }

  /** Without labels every token but the first counts; without a mask every token is real. */
  @Test
  void maskAndLabelsMayBeLeftOut() throws IOException {
    Path model = Fixture.named("llama").folder();
    Path bare = Files.writeString(temp.resolve("a.json"), "{\"input_ids\": [[5, 6, 7]]}");
    Path full =
        Files.writeString(
            temp.resolve("b.json"),
            "{\"input_ids\": [[5, 6, 7, 0]], \"attention_mask\": [[1, 1, 1, 0]],"
                + " \"labels\": [[-100, 6, 7, -100]]}");
    JsonNode a = forward(model, "tf", bare, "--pool", "--columns", "3");
    JsonNode b = forward(model, "tf", full, "--pool", "--columns", "3");
    assertEquals(a.path("hidden"), b.path("hidden"));
    assertEquals(3, a.path("logits").path(0).size());
    // Rows given alone are their own width: nothing is left of a column of padding.
    assertEquals(a.path("logits"), b.path("logits"));
  }
}
