package org.unlearn4j.tf;

import com.sun.jna.Function;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.unlearn4j.base.Verbose;

/**
 * The sizes of the processor's caches as oneDNN knows them. On AMD it asks CPUID's leaf 0x8000001D.
 * Virtual machines that hide this leaf answer zeros, from which oneDNN 3.5 computes three caches of
 * one byte, and then blocks every product in bfloat16 by a single row of the result: a register
 * tile of 4 accumulators where 20 and more fit, which takes 2.5 to 3.5 times as long. Without such
 * an answer it would assume 32 KiB, 512 KiB and 1 MiB.
 *
 * <p>This takes the wrong answer back, so that oneDNN assumes those. Neither TensorFlow nor oneDNN
 * has a setting for it. Nothing is touched unless everything is found as it is described here, and
 * what was done is checked by oneDNN's own function and undone if that does not agree.
 */
final class OneDnnCaches {
  /** Turns the correction off, where set to {@code false}: a property of the JVM. */
  static final String PROPERTY = "unlearn4j.onednn.caches";

  private static final String LIBRARY = "libtensorflow_cc.so.2";
  private static final String PROCESSOR = "_ZN4dnnl4impl3cpu3x643cpuEv";
  private static final String SIZE = "_ZN4dnnl4impl3cpu8platform23get_per_core_cache_sizeEi";

  /** Where Linux shows the caches; it asks the same leaf. */
  private static final Path SHOWN = Path.of("/sys/devices/system/cpu/cpu0/cache/index0");

  /** No processor with AVX has less in its first level. */
  private static final int LEAST = 4096;

  // Fields of Xbyak::util::Cpu: sizes of ten levels in bytes, cores that share each, levels known.
  private static final int SIZES = 0x1c;
  private static final int SHARING = 0x44;
  private static final int LEVELS = 0x6c;

  private static boolean done;

  private OneDnnCaches() {}

  /**
   * Corrects the sizes if they are wrong, once a process; to be called before the first product.
   */
  static synchronized void correct() {
    if (done) {
      return;
    }
    done = true;
    if (Files.exists(SHOWN) || !Boolean.parseBoolean(System.getProperty(PROPERTY, "true"))) {
      return;
    }
    try {
      TfDevices.version(); // loads the library
      Map<String, Long> at = LibrarySymbols.addresses(LIBRARY, List.of(PROCESSOR, SIZE));
      if (at.size() == 2) {
        boolean changed = correct(function(at.get(PROCESSOR)), function(at.get(SIZE)));
        Verbose.line(
            "oneDNN's cache sizes "
                + (changed
                    ? "were unknown; it now assumes 32 KiB, 512 KiB and 1 MiB"
                    : "are left"));
      }
    } catch (IOException | UnsatisfiedLinkError e) {
      Verbose.line("oneDNN's cache sizes could not be looked up: " + e.getMessage());
    }
  }

  private static Function function(long address) {
    return Function.getFunction(new Pointer(address));
  }

  /**
   * The same.
   *
   * @param processor oneDNN's function that returns what it knows of the processor
   * @param size its function that returns the bytes of a cache level, 1 to 3
   * @return whether the sizes were wrong and are corrected
   */
  static boolean correct(Function processor, Function size) {
    Pointer known = processor.invokePointer(new Object[0]);
    int levels = known.getInt(LEVELS);
    boolean asDescribed =
        levels == 3 && IntStream.range(0, levels).allMatch(l -> fits(known, size, l));
    if (!asDescribed || bytes(size, 1) >= LEAST) {
      return false;
    }
    known.setInt(LEVELS, 0);
    if (bytes(size, 1) >= LEAST) {
      return true;
    }
    known.setInt(LEVELS, levels);
    return false;
  }

  private static boolean fits(Pointer known, Function size, int level) {
    int sharing = known.getInt(SHARING + Integer.BYTES * level);
    return sharing > 0
        && known.getInt(SIZES + Integer.BYTES * level) / sharing == bytes(size, level + 1);
  }

  private static int bytes(Function size, int level) {
    return size.invokeInt(new Object[] {level});
  }

  /** Bytes of the first level, as oneDNN has it; -1 where it cannot be asked. */
  static int firstLevel() throws IOException {
    TfDevices.version();
    Long at = LibrarySymbols.addresses(LIBRARY, List.of(SIZE)).get(SIZE);
    return at == null ? -1 : bytes(function(at), 1);
  }
}
