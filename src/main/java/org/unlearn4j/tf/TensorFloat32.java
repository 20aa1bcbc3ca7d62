package org.unlearn4j.tf;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;

/**
 * Whether products of float32 matrices may be rounded to TF32's ten bits of mantissa on a GPU that
 * has it. TensorFlow allows it unless told otherwise, for the whole process, and its C API has no
 * word for that: the C++ function is called by its symbol.
 */
final class TensorFloat32 {
  private static final String LIBRARY = "libtensorflow_framework.so.2";
  private static final String ALLOW = "_ZN3tsl32enable_tensor_float_32_executionEb";
  private static final String ALLOWED = "_ZN3tsl33tensor_float_32_execution_enabledEv";

  private TensorFloat32() {}

  /**
   * Allows it or not, from now on and for every graph.
   *
   * @throws UnsatisfiedLinkError if this build of TensorFlow does not have the symbol
   */
  static void allow(boolean yes) {
    function(ALLOW).invokeVoid(new Object[] {yes ? 1 : 0});
  }

  static boolean allowed() {
    return (function(ALLOWED).invokeInt(new Object[0]) & 0xff) != 0; // a C++ bool is one byte
  }

  private static Function function(String symbol) {
    TfDevices.version(); // loads the library, whose soname is then enough to find it
    return NativeLibrary.getInstance(LIBRARY).getFunction(symbol);
  }
}
