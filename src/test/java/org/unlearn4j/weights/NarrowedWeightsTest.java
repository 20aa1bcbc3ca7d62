package org.unlearn4j.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.MachineException;

/** Weights in a narrower format than they were trained in. */
class NarrowedWeightsTest {
  @TempDir Path folder;

  private Path write(DType type, float... values) {
    Path file = folder.resolve("x.safetensors");
    SafeTensorsWriter.write(
        file,
        List.of(new TensorInfo("w", type, List.of(values.length))),
        t -> FloatBuffer.wrap(values),
        Map.of());
    return file;
  }

  /** 65519.996 is the last that rounds to 65504, float16's largest; a tie at 65520 goes up. */
  @Test
  void aWeightBeyondFloat16() {
    float last = Math.nextDown(65520f);
    try (SafeTensors read = SafeTensors.open(write(DType.F16, last, -last, 1))) {
      assertArrayEquals(new float[] {65504, -65504, 1}, read.floats("w"));
    }
    for (float beyond : new float[] {65520, -65520, 1e30f}) {
      MachineException e =
          assertThrows(MachineException.class, () -> write(DType.F16, 1, beyond), "" + beyond);
      assertTrue(e.getMessage().startsWith("Tensor w: found " + beyond), e.getMessage());
      assertTrue(e.getMessage().contains("beyond float16"), e.getMessage());
    }
    assertFalse(Files.exists(folder.resolve(".x.safetensors.part")));
  }

  /** Float32 goes on for half a step beyond bfloat16's largest number. */
  @Test
  void aWeightBeyondBfloat16() {
    write(DType.BF16, 3.38e38f);
    assertThrows(MachineException.class, () -> write(DType.BF16, Float.MAX_VALUE));
  }

  /** What is infinite or no number already is written as it is: a copy is a copy. */
  @Test
  void whatIsNoNumberAnyhow() {
    float[] odd = {Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN};
    for (DType type : DType.OF_WEIGHTS) {
      try (SafeTensors read = SafeTensors.open(write(type, odd))) {
        assertArrayEquals(odd, read.floats("w"), type.name());
      }
    }
  }

  /** Codes are integers from 0 to 255; the file of a run's state holds them exactly. */
  @Test
  void aCodeIsAnIntegerOfOneByte() {
    float[] codes = {0, 1, 127, 128, 255};
    try (SafeTensors read = SafeTensors.ofState(write(DType.U8, codes))) {
      assertArrayEquals(codes, read.floats("w"));
    }
    for (float none : new float[] {-1, 0.5f, 256, Float.NaN, Float.POSITIVE_INFINITY}) {
      MachineException e =
          assertThrows(MachineException.class, () -> write(DType.U8, none), "" + none);
      assertTrue(e.getMessage().contains("no integer from 0 to 255"), e.getMessage());
    }
  }

  /** In an Arabic locale the digits of a number are others, and no reader finds such a file. */
  @Test
  void namesOfFilesAreNotInTheUsersLanguage() {
    Locale before = Locale.getDefault();
    Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
    try {
      TensorInfo two = new TensorInfo("a", DType.F32, List.of(2));
      CheckpointLayout layout =
          CheckpointLayout.fresh(List.of(two, new TensorInfo("b", DType.F32, List.of(2))), 8);
      assertEquals(
          Set.of("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"),
          layout.files().keySet());
    } finally {
      Locale.setDefault(before);
    }
  }
}
