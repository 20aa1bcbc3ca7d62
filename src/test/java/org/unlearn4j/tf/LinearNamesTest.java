package org.unlearn4j.tf;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;

class LinearNamesTest {

  @Test
  void namesAreNumberedWhereTheyWereGiven() {
    try (Graph graph = new Graph()) {
      Ops tf = LinearNames.of(graph);
      Operand<?> first = tf.constant(1f);
      assertEquals("Const", name(first));
      assertEquals("Const_1", name(tf.constant(1f)));
      Ops a = tf.withSubScope("a");
      assertEquals("a/x", name(a.withName("x").constant(1f)));
      assertEquals("a/x_1", name(a.withName("x").constant(1f)));
      assertEquals("a/b/x", name(a.withSubScope("b").withName("x").constant(1f)));
      assertEquals("a_1/x", name(tf.withSubScope("a").withName("x").constant(1f)));
      Ops late = tf.withControlDependencies(first);
      assertEquals("Const_2", name(late.constant(1f)));
      assertEquals("Const_3", name(tf.constant(1f)));
    }
  }

  private static String name(Operand<?> x) {
    return x.asOutput().op().name();
  }
}
