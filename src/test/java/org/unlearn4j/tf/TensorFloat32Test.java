package org.unlearn4j.tf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.base.MachineException;

/** float32 means float32, which TensorFlow has to be told; asked of TensorFlow itself. */
class TensorFloat32Test {
  private boolean before;

  @BeforeEach
  void remember() {
    before = TensorFloat32.allowed();
  }

  @AfterEach
  void restore() {
    TensorFloat32.allow(before);
  }

  @Test
  void isTurnedOffAndOn() {
    TensorFloat32.allow(false);
    assertFalse(TensorFloat32.allowed());
    TensorFloat32.allow(true);
    assertTrue(TensorFloat32.allowed());
  }

  /** A graph with one product. */
  private record Product(TfRuntime runtime, Operand<TFloat32> fed, Operand<TFloat32> of)
      implements AutoCloseable {
    static Product on(TfRuntime runtime) {
      Operand<TFloat32> fed = runtime.ops().placeholder(TFloat32.class);
      return new Product(runtime, fed, runtime.ops().linalg.matMul(fed, fed));
    }

    void run(Precision precision) {
      try (Feeds feeds = new Feeds(runtime)) {
        feeds.floats(fed, new float[] {2}, 1, 1);
        runtime.run("product", precision, feeds.fetch(of)).close();
      }
    }

    @Override
    public void close() {
      runtime.close();
    }
  }

  /** As on a GPU, where the flag is set; nothing on a CPU reads it. */
  private static Product graph(Precision precision) {
    return Product.on(new TfRuntime(Computation.of(precision, Device.CPU), TensorFloat32::allow));
  }

  /**
   * As relearning runs: two arms are trained in TF32, and each is measured in float32 once it is
   * trained, by a graph that was made after the training graph. What the flag is after a run it was
   * during it: nobody else sets it.
   */
  @Test
  void everyRunHasItsOwnPrecision() {
    try (Product training = graph(Precision.TF32);
        Product measuring = graph(Precision.FP32)) {
      for (int arm = 0; arm < 2; arm++) {
        training.run(Precision.TF32);
        assertTrue(TensorFloat32.allowed(), "training of arm " + arm);
        measuring.run(Precision.FP32);
        assertFalse(TensorFloat32.allowed(), "measurement of arm " + arm);
      }
      // A part of the training graph may be in float32 as well.
      training.run(Precision.TF32);
      training.run(Precision.FP32);
      assertFalse(TensorFloat32.allowed());
    }
  }

  /** Graphs of the CPU leave the flag alone: where it is looked up there need not be a symbol. */
  @Test
  void theCpuDoesNotCare() {
    TensorFloat32.allow(false);
    try (Product product = Product.on(new TfRuntime(Computation.of(Precision.TF32, Device.CPU)))) {
      product.run(Precision.TF32);
    }
    assertFalse(TensorFloat32.allowed());
  }

  /**
   * A graph of a GPU sets it by itself. Where there is none the product runs on the host, and the
   * run says so: that is the check of a real run failing.
   */
  @Test
  void aGraphOfAGpuSetsIt() {
    assumeTrue(
        TfDevices.visible(0).stream().noneMatch(TfDevices.Device::gpu), "this machine has a GPU");
    for (Precision precision : new Precision[] {Precision.TF32, Precision.FP32, Precision.BF16}) {
      try (Product product = Product.on(new TfRuntime(Computation.of(precision, new Device(0))))) {
        TensorFloat32.allow(precision != Precision.TF32);
        MachineException e = assertThrows(MachineException.class, () -> product.run(precision));
        assertTrue(
            e.getMessage().matches("product: .* was computed on .*CPU:0.*GPU:0."), e.getMessage());
        assertEquals(precision == Precision.TF32, TensorFloat32.allowed());
      }
    }
  }
}
