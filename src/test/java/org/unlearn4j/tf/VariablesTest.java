package org.unlearn4j.tf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.tensorflow.op.Op;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.weights.DType;

class VariablesTest {
  private static final Parameter A = Parameter.matrix("a", 2, 3);
  private static final Parameter B = Parameter.matrix("b", 2, 3);
  private static final Parameter C = Parameter.matrix("c", 1, 1);
  private static final int MIB = 1 << 18; // float32 values

  @Test
  void keepWhatTheyAreAssigned() {
    try (TfRuntime runtime = new TfRuntime(Computations.FP32)) {
      Variables variables = new Variables(runtime, "", List.of(A, B, C));
      variables.assign(p -> FloatBuffer.wrap(numbers(p)));
      try (Values values = variables.values()) {
        for (Parameter p : List.of(C, A, B)) {
          assertArrayEquals(numbers(p), values.of(p).array(), p.name());
          List<Float> pieces = new ArrayList<>();
          values.read(
              p,
              piece -> {
                while (piece.hasRemaining()) {
                  pieces.add(piece.get());
                }
              });
          assertEquals(p.size(), pieces.size());
          assertEquals(numbers(p)[pieces.size() - 1], pieces.get(pieces.size() - 1));
        }
        Parameter none = Parameter.matrix("none", 1, 1);
        assertThrows(IllegalArgumentException.class, () -> values.of(none));
      }
      assertEquals(2, runtime.signatures(), "one to assign, one to read");
    }
  }

  private static float[] numbers(Parameter p) {
    float[] numbers = new float[Math.toIntExact(p.size())];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = p.name().charAt(0) + i;
    }
    return numbers;
  }

  /**
   * Two rows of A are 24 bytes, all that a run may feed: B goes alone, L in three runs, and what is
   * left of it not with the one after it. Twice: the second time replaces values.
   */
  @Test
  void rowsAreAssignedInAFewSignatures() {
    Parameter l = Parameter.matrix("l", 5, 3);
    Parameter gain = Parameter.vector("g", 4, Parameter.Init.ONES);
    List<Parameter> all = List.of(A, B, l, gain);
    try (TfRuntime runtime = new TfRuntime(Computations.FP32)) {
      Variables variables = new Variables(runtime, "", all, p -> DType.F32, 24);
      for (float shift : new float[] {0, 100}) {
        variables.assign(
            (p, from, to) -> {
              while (to.hasRemaining()) {
                to.put(numbers(p)[(int) from++] + shift);
              }
            });
        try (Values values = variables.values()) {
          for (Parameter p : all) {
            float[] due = numbers(p);
            for (int i = 0; i < due.length; i++) {
              due[i] += shift;
            }
            assertArrayEquals(due, values.of(p).array(), p.name());
          }
        }
      }
      assertEquals(3, runtime.signatures(), "one to make, one to assign rows, one to read");
    }
  }

  @Test
  void rowsOfSixteenBitsAreAssignedToo() {
    try (TfRuntime runtime = new TfRuntime(Computations.FP32)) {
      Variables variables = new Variables(runtime, "", List.of(A, C), p -> DType.BF16, 6);
      variables.assign((p, from, to) -> to.put(numbers(p), (int) from, to.remaining()));
      try (Values values = variables.values()) {
        assertArrayEquals(numbers(A), values.of(A).array(), "97 to 102 have seven bits");
        assertArrayEquals(numbers(C), values.of(C).array());
      }
    }
  }

  /** Both are fed one tensor of zeros; an update of one must not be seen in the other. */
  @Test
  void zerosAreNotShared() {
    try (TfRuntime runtime = new TfRuntime(Computations.FP32)) {
      Variables variables = new Variables(runtime, "sums", List.of(A, B));
      var ones = runtime.ops().placeholder(org.tensorflow.types.TFloat32.class);
      Op add = runtime.ops().assignAddVariableOp(variables.handle(A), ones);
      variables.zero();
      try (Feeds feeds = new Feeds(runtime)) {
        feeds.floats(ones, new float[] {1, 1, 1, 1, 1, 1}, 2, 3);
        runtime.run("update", feeds.target(add)).close();
      }
      try (Values values = variables.values()) {
        assertArrayEquals(new float[] {1, 1, 1, 1, 1, 1}, values.of(A).array());
        assertArrayEquals(new float[6], values.of(B).array());
      }
      variables.zero();
      try (Values values = variables.values()) {
        assertArrayEquals(new float[6], values.of(A).array());
      }
    }
  }

  /** 4,000 parameters of 1 MiB are moved by eight runs. */
  @Test
  void largeSetsMoveInAFewPortions() {
    List<Parameter> many = new ArrayList<>();
    for (int i = 0; i < 4000; i++) {
      many.add(Parameter.matrix("p" + i, 1, MIB));
    }
    List<List<Parameter>> portions = Portions.of(many);
    assertEquals(many, portions.stream().flatMap(List::stream).toList());
    assertEquals(8, portions.size());
    for (List<Parameter> portion : portions) {
      assertTrue(portion.size() <= 500, portion.size() + " MiB at once");
    }
    // What is small moves at once, and a parameter larger than any portion alone.
    assertEquals(List.of(many.subList(0, 256)), Portions.of(many.subList(0, 256)));
    assertEquals(Long.MAX_VALUE, Portions.rows(many.subList(0, 256)));
    assertEquals(64L << 20, Portions.rows(many.subList(0, 257)));
    Parameter large = Parameter.matrix("large", 1000, MIB);
    List<Parameter> mixed = List.of(many.get(0), large, many.get(1));
    assertEquals(
        List.of(List.of(many.get(0)), List.of(large), List.of(many.get(1))), Portions.of(mixed));
  }
}
