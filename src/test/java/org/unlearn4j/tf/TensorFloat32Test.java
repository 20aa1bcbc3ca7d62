package org.unlearn4j.tf;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** float32 means float32, which TensorFlow has to be told. */
class TensorFloat32Test {
  @Test
  void isTurnedOffAndOn() {
    boolean before = TensorFloat32.allowed();
    try {
      TensorFloat32.allow(false);
      assertFalse(TensorFloat32.allowed());
      TensorFloat32.allow(true);
      assertTrue(TensorFloat32.allowed());
    } finally {
      TensorFloat32.allow(before);
    }
  }
}
