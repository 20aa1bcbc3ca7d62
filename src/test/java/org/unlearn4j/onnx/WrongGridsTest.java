package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.parity.Gate;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.weights.GraphChoices;
import org.unlearn4j.weights.Variant;

/**
 * Every way to be wrong, on files whose codes have another grid: a named gate does not hold. What
 * is wrong in weights, codes, scales or zero points is counted without running anything.
 */
@Tag("slow")
class WrongGridsTest {
  @TempDir Path temp;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "INT4|23|symmetric=false,scales=least_error",
        "INT4|17|block_size=16,symmetric=false,head_bits=8,eight_bit_layers=0",
        "INT8|23|block_size=16,symmetric=false",
        "Q4F16|23|block_size=16",
        "Q4F16|17|symmetric=false,scales=least_error"
      })
  void everyWrongFileIsCaught(Variant variant, int opset, String changes) {
    GraphChoices choices = GraphChoices.read(variant, changes, "test");
    boolean zeros = changes.contains("symmetric=false");
    List<Mistake> all =
        Stream.concat(Mistake.all(), zeros ? Stream.of(Mistake.ofZeroPoints()) : Stream.empty())
            .toList();
    Set<String> gates = new TreeSet<>();
    int files = 0;
    int read = 0;
    for (Mistake mistake : all) {
      Path onnx = temp.resolve("wrong" + files);
      if (!ReadBacks.wrong("llama", mistake, variant, opset, choices, onnx)) {
        assertTrue(!mistake.equals(all.get(all.size() - 1)) || !zeros, "zero points are there");
        continue;
      }
      files++;
      String what = mistake + ", " + variant.label() + " " + changes + ", opset " + opset;
      ParityResult result = ReadBacks.compare("llama", onnx, variant);
      if (mistake.inWeights()) {
        ReadBack.Counts c = ReadBacks.counts(Fixture.named("llama").folder(), onnx, variant);
        assertFalse(ReadBacks.clean(c), what + ": " + c);
        List<String> failed = ReadBacks.failed(result, Gate.Level.WEIGHTS);
        assertFalse(failed.isEmpty(), what + ": no gate on weights");
        gates.addAll(failed);
        read++;
      } else {
        ReadBacks.requireCaught(result, variant, what);
      }
    }
    assertTrue(files >= 20 && read >= 14, files + " wrong files, " + read + " in weights");
    assertTrue(gates.size() >= 2, "weights and codes have gates of their own: " + gates);
  }
}
