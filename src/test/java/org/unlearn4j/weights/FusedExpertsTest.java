package org.unlearn4j.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;

/** Parts of a tensor that holds the matrices of two experts, with values written down by hand. */
class FusedExpertsTest {
  private static final String BOTH = "m.experts.gate_up_proj";
  private static final List<String> PARTS =
      List.of(
          BOTH + ".0.gate_proj.weight",
          BOTH + ".0.up_proj.weight",
          BOTH + ".1.gate_proj.weight",
          BOTH + ".1.up_proj.weight",
          BOTH + ".0.gate_proj.bias",
          BOTH + ".0.up_proj.bias",
          BOTH + ".1.gate_proj.bias",
          BOTH + ".1.up_proj.bias");

  @TempDir Path folder;

  private Path file(List<TensorInfo> tensors, Map<String, float[]> values) {
    Path file = folder.resolve("model.safetensors");
    SafeTensorsWriter.write(
        file, tensors, t -> FloatBuffer.wrap(values.get(t.name())), Map.of("format", "pt"));
    return file;
  }

  /** {@code [2 experts, 3 in, 4 columns]}: the value is expert, row and column as digits. */
  private Path digits() {
    float[] matrices = new float[24];
    float[] biases = new float[8];
    for (int i = 0; i < matrices.length; i++) {
      matrices[i] = i / 12 * 100 + i / 4 % 3 * 10 + i % 4;
    }
    for (int i = 0; i < biases.length; i++) {
      biases[i] = i / 4 * 100 + i % 4;
    }
    return file(
        List.of(
            new TensorInfo(BOTH, DType.F32, List.of(2, 3, 4)),
            new TensorInfo(BOTH + "_bias", DType.F32, List.of(2, 4))),
        Map.of(BOTH, matrices, BOTH + "_bias", biases));
  }

  @Test
  void evenColumnsAreTheGatesAndOddOnesUps() {
    try (SafeTensors weights = SafeTensors.open(digits())) {
      assertEquals(List.of(2, 3), weights.info(PARTS.get(3)).shape());
      assertArrayEquals(new float[] {0, 10, 20, 2, 12, 22}, weights.floats(PARTS.get(0)));
      assertArrayEquals(new float[] {1, 11, 21, 3, 13, 23}, weights.floats(PARTS.get(1)));
      assertArrayEquals(new float[] {101, 111, 121, 103, 113, 123}, weights.floats(PARTS.get(3)));
      assertArrayEquals(new float[] {100, 102}, weights.floats(PARTS.get(6)));
      FloatBuffer some = FloatBuffer.allocate(3);
      weights.read(PARTS.get(0), 2, some);
      assertArrayEquals(new float[] {20, 2, 12}, some.array());
      Map<String, List<Integer>> shapes = new LinkedHashMap<>();
      PARTS.forEach(p -> shapes.put(p, p.endsWith("bias") ? List.of(2) : List.of(2, 3)));
      weights.require(shapes);
    }
  }

  @Test
  void theSameFileIsWrittenFromThem() throws IOException {
    Path source = digits();
    Path out = Files.createDirectory(folder.resolve("out"));
    try (SafeTensors weights = SafeTensors.open(source)) {
      weights
          .layout(PARTS)
          .write(out, (name, pieces) -> pieces.accept(FloatBuffer.wrap(weights.floats(name))));
      TensorInfo first = weights.info(PARTS.get(0));
      assertEquals(
          List.of(new TensorInfo(BOTH, DType.F32, List.of(2, 3, 4))),
          FusedExperts.fused(
              List.of(first, new TensorInfo(PARTS.get(3), DType.F32, List.of(2, 3)))));
    }
    assertArrayEquals(
        Files.readAllBytes(source), Files.readAllBytes(out.resolve("model.safetensors")));
  }

  @Test
  void whatDoesNotFitIsSaid() {
    try (SafeTensors weights = SafeTensors.open(digits())) {
      refuses(weights, BOTH + ".2.gate_proj.weight", "found 2 experts, expected as many");
    }
    Path odd =
        file(
            List.of(new TensorInfo(BOTH, DType.F32, List.of(1, 1, 3))), Map.of(BOTH, new float[3]));
    try (SafeTensors weights = SafeTensors.open(odd)) {
      refuses(weights, PARTS.get(0), "found shape [1, 1, 3], expected [experts, in, columns]");
    }
    String blocks = BOTH + "_blocks";
    Path alone =
        file(
            List.of(new TensorInfo(blocks, DType.U8, List.of(1, 2, 1, 16))),
            Map.of(blocks, new float[32]));
    try (SafeTensors weights = SafeTensors.open(alone)) {
      refuses(weights, PARTS.get(0), "for its scales no tensor");
    }
  }

  /** 2 experts x 4 columns x 1 block of 16 bytes are 256 numbers; a scale is none. */
  @Test
  void codesAreCountedAsTheNumbersTheyStandFor() {
    List<Integer> blocks = List.of(2, 4, 1, 16);
    assertEquals(256, new TensorInfo(BOTH + "_blocks", DType.U8, blocks).parameters());
    assertEquals(0, new TensorInfo(BOTH + "_scales", DType.U8, List.of(2, 4, 1)).parameters());
    assertEquals(128, new TensorInfo("mask", DType.U8, blocks).parameters(), "not packed");
    assertEquals(128, new TensorInfo(BOTH + "_blocks", DType.F32, blocks).parameters());
  }

  private static void refuses(SafeTensors weights, String name, String part) {
    String message = assertThrows(UserException.class, () -> weights.info(name)).getMessage();
    assertTrue(message.contains(part), message);
  }
}
