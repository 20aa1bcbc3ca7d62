package org.unlearn4j.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What of CUDA the slim bundle may leave out. */
class SlimBundleTest {
  /**
   * Operations whose kernels on a GPU call cuDNN, cuFFT, cuSOLVER or cuSPARSE: convolutions,
   * pooling and batch normalisation; Fourier transforms; factorisations and solvers; products of
   * sparse matrices (TensorFlow 2.18, {@code core/kernels} and {@code core/kernels/linalg}).
   */
  private static final Pattern OTHERS =
      Pattern.compile(
          ".*Conv[23].*|.*Conv2D.*|Depthwise.*|.*BatchNorm.*|.*Pool.*|LRN.*|Cudnn.*|CTCLoss.*"
              + "|I?R?FFT.*|BatchFFT.*|Svd|Qr|.*Eig|Cholesky.*|BatchMatrix.*|LogMatrixDeterminant"
              + "|Matrix(Solve|Inverse|Determinant|TriangularSolve|SquareRoot|Logarithm).*"
              + "|Tridiagonal.*|Lu|CSR.*|Sparse(Tensor|Matrix).*|.*SparseMatMul|.*RNN.*|.*LSTM.*|.*GRU.*");

  private static final Pattern OPERATION =
      Pattern.compile("(?m)^ {2,}\\S+ {2,}([A-Z][A-Za-z0-9]*)(?: |$)");

  private static Map<String, String> slim() throws IOException {
    Map<String, String> slim = new HashMap<>();
    for (String line : Files.readAllLines(Path.of("pipeline/gpu/slim.txt"))) {
      if (!line.startsWith("#")) {
        String[] words = line.strip().split(" +", -1);
        assertEquals(2, words.length, line);
        assertEquals(null, slim.put(words[0], words[1]), line);
      }
    }
    return slim;
  }

  private static Set<String> operations(String listing) {
    Set<String> operations = new TreeSet<>();
    Matcher matcher = OPERATION.matcher(listing);
    while (matcher.find()) {
      operations.add(matcher.group(1));
    }
    return operations;
  }

  /** The listings are what is computed; another test holds them against the code. */
  @Test
  void noStepCallsWhatIsThereInNameOnly() throws IOException {
    List<Path> listings;
    try (Stream<Path> all = Files.list(Path.of("graphs"))) {
      listings = all.filter(p -> p.toString().matches(".*[.](step[.].*|forward)[.]?txt")).toList();
    }
    assertTrue(listings.size() > 30, listings.toString());
    Set<String> found = new TreeSet<>();
    for (Path listing : listings) {
      Set<String> operations = operations(Files.readString(listing));
      assertTrue(operations.size() > 10, listing + ": " + operations);
      found.addAll(operations);
    }
    assertTrue(found.contains("MatMul") && found.contains("Softmax"), found.toString());
    List<String> others = found.stream().filter(OTHERS.asMatchPredicate()).toList();
    assertEquals(List.of(), others);
  }

  @Test
  void whatWouldCallThemIsRecognised() {
    String listing = "operations\n  a  Svd  [3]\n  b  Conv2D  [1, 2]\n  c  MatMul  [2]\n";
    assertEquals(
        List.of("Conv2D", "Svd"),
        operations(listing).stream().filter(OTHERS.asMatchPredicate()).toList());
  }

  /** What TensorFlow opens at its start is there, were it in name only. */
  @Test
  void everyLibraryHasItsPlace() throws IOException {
    Map<String, String> slim = slim();
    Set<String> listed = new HashSet<>();
    for (String line : Files.readAllLines(Path.of("src/main/dist/etc/cuda-libraries.txt"))) {
      if (line.startsWith("lib") && !line.contains(" system")) {
        String[] words = line.split(" +", 2);
        listed.add(words[0]);
        String how = slim.getOrDefault(words[0], "nowhere");
        assertTrue(Set.of("real", "stand-in", "second").contains(how), line + ": " + how);
        if (words[1].equals("tensorflow")) {
          assertEquals("stand-in", how, line);
        }
        if (!words[1].contains("tensorflow") && !words[1].contains("optional")) {
          assertEquals("second", how, line);
        }
      }
    }
    assertEquals(listed, slim.keySet());
    for (String line : Files.readAllLines(Path.of("pipeline/gpu/cuda.sha256"))) {
      assertTrue(slim.containsKey(line.split(" +", -1)[1]), line);
    }
    for (String needed : List.of("libcublas.so.12", "libcublasLt.so.12", "libcudart.so.12")) {
      assertEquals("real", slim.get(needed));
    }
  }

  /** Function by function, with its version, of the very files. */
  @Test
  @Tag("slow")
  void standInsHaveEveryFunction() throws IOException {
    Path cuda = Path.of("build/cuda");
    assumeTrue(Files.isDirectory(cuda), "no build/cuda: make gpu-libs");
    int checked = 0;
    for (Map.Entry<String, String> entry : slim().entrySet()) {
      if (entry.getValue().equals("stand-in")) {
        Set<ElfSymbols.Symbol> given =
            new LinkedHashSet<>(ElfSymbols.read(cuda.resolve(entry.getKey())).given());
        given.removeIf(s -> s.name().equals(s.version()));
        byte[] standIn = StandIn.of(entry.getKey(), new ArrayList<>(given));
        assertEquals(given, ElfSymbols.of(ByteBuffer.wrap(standIn)).given(), entry.getKey());
        assertFalse(given.isEmpty(), entry.getKey());
        checked++;
      }
    }
    assertEquals(4, checked);
  }
}
