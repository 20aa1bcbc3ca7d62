package org.unlearn4j.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.Hashes;

/**
 * Address space that is too small for what TensorFlow or ONNX Runtime want. Where a library says
 * so, the program says so and ends with 3; where it ends the process, which C++ does for an
 * exception that nobody catches, the launcher says so. In either case what was done stays.
 */
@Tag("slow")
class MemoryFaultsTest {
  private static final int MACHINE = 3;

  /** As the shell reports SIGABRT: C++ has ended the process. */
  private static final int ABORTED = 134;

  /** Address space in which TensorFlow starts and cannot train, in MiB. */
  private static final List<Integer> TENSORFLOW = List.of(1900, 2150);

  /** From what does not start ONNX Runtime to what is enough, in MiB. */
  private static final List<Integer> ONNX_RUNTIME = List.of(1000, 1150, 1300, 1450, 1600, 1900);

  @TempDir Path temp;
  private TinyProject project;

  @BeforeEach
  void wideBatches() throws IOException {
    project =
        new TinyProject(
            temp,
            Map.of(
                "layers: 1", "layers: 2",
                "hidden_size: 16", "hidden_size: 768",
                "ffn: 16", "ffn: 2048"));
  }

  private List<String> finetune() {
    return List.of(
        "finetune", "--pipeline", project.pipeline().toString(), "--out", temp + "/taught");
  }

  /** The ends below each limit; at least one is for want of memory, and all are as promised. */
  private void ends(List<String> arguments) throws IOException, InterruptedException {
    List<Integer> codes = new ArrayList<>();
    for (int limit : ONNX_RUNTIME) {
      Child.End end = new Child(temp).within(limit).run(arguments);
      codes.add(end.code());
      if (end.code() == MACHINE) {
        assertEquals(1, end.reasons().size(), end.err());
      } else {
        assertTrue(end.code() <= 1 || end.code() == ABORTED, limit + " MiB: " + end);
      }
    }
    assertTrue(codes.stream().anyMatch(c -> c > 1), "memory was never short: " + codes);
  }

  /** A checkpoint is there before; it is there after, and the run goes on from it. */
  @Test
  void tensorFlowWithoutMemoryLosesNoCheckpoint() throws IOException, InterruptedException {
    Child child = new Child(temp).hearing();
    Process process = child.start(finetune());
    Path log = temp.resolve("logs/finetune-taught.jsonl");
    while (process.isAlive() && !(Files.exists(log) && Files.size(log) > 100)) {
      Thread.sleep(20);
    }
    process.destroy(); // SIGTERM
    assertEquals(143, child.end(process).code());
    Path checkpoints = temp.resolve("checkpoints/taught");
    final Map<String, String> kept = hashes(checkpoints);
    assertEquals(1, kept.size());

    for (int limit : TENSORFLOW) {
      Child.End end = new Child(temp).within(limit).run(finetune());
      assertTrue(end.code() == MACHINE || end.code() == ABORTED, limit + " MiB: " + end);
      assertEquals(kept, hashes(checkpoints));
    }
    Child.End whole = new Child(temp).run(finetune());
    assertEquals(0, whole.code(), whole.err());
    assertTrue(whole.out().contains("taken up after step"), whole.out());
  }

  private static Map<String, String> hashes(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      Map<String, String> hashes = new TreeMap<>();
      for (Path file : files.filter(f -> f.toString().endsWith(".safetensors")).toList()) {
        hashes.put(String.valueOf(file.getFileName()), Hashes.sha256(file));
      }
      return hashes;
    }
  }

  @Test
  void onnxRuntimeWithoutMemory() throws IOException, InterruptedException {
    Child.End taught = new Child(temp).run(finetune());
    assertEquals(0, taught.code(), taught.err());
    Path onnx = temp.resolve("onnx");
    List<String> export = List.of("export", "--model", temp + "/taught", "--out", onnx.toString());
    assertEquals(0, new Child(temp).run(export).code());
    ends(
        List.of(
            "generate",
            "--model",
            onnx.toString(),
            "--runtime",
            "onnx:fp32",
            "--prompt",
            "Who is 1?",
            "--max-new-tokens",
            "4"));
  }
}
