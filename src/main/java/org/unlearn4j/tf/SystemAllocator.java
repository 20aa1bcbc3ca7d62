package org.unlearn4j.tf;

import com.sun.jna.NativeLibrary;
import org.unlearn4j.base.Verbose;

/**
 * How TensorFlow takes the host's memory. With oneDNN its allocator keeps whatever it was ever
 * given, so that a process that closes a model still has its memory when it opens the next one.
 */
public final class SystemAllocator {
  /** Read when the first tensor is allocated: nothing but the environment tells TensorFlow. */
  static final String VARIABLE = "TF_ONEDNN_USE_SYSTEM_ALLOCATOR";

  private SystemAllocator() {}

  /**
   * Lets TensorFlow give memory back, for a process that computes nothing twice: a training step
   * would take the same memory from the system again and again. A value that the caller has set
   * stays. To be called before TensorFlow is loaded; later it has no effect.
   */
  public static void use() {
    try {
      NativeLibrary.getProcess().getFunction("setenv").invokeInt(new Object[] {VARIABLE, "1", 0});
    } catch (UnsatisfiedLinkError e) {
      Verbose.line(VARIABLE + " could not be set: " + e.getMessage());
    }
  }

  /** The variable's value as native libraries see it; null where it is not set. */
  static String value() {
    return NativeLibrary.getProcess()
        .getFunction("getenv")
        .invokeString(new Object[] {VARIABLE}, false);
  }
}
