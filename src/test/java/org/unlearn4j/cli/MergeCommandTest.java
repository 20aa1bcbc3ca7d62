package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.adapter.AdapterFolder;
import org.unlearn4j.adapter.LowRank;
import org.unlearn4j.adapter.MergedWeights;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.fixtures.Adapters;
import org.unlearn4j.nn.Adapter;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.onnx.AdapterFile;
import org.unlearn4j.train.FreshWeights;
import org.unlearn4j.train.ModelFolder;
import org.unlearn4j.weights.CheckpointLayout;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.TensorInfo;

/** A base of several bfloat16 files, to which adapters are added. */
class MergeCommandTest {
  private static final Path TOKENIZER = Path.of("src/test/resources/fable-tokenizer");

  @TempDir Path temp;
  private final Decoder decoder = Adapters.decoder("llama");
  private final LowRank one = Adapters.random(decoder, 1, false, "q", "down");
  private final LowRank two = Adapters.random(decoder, 2, false, "q", "head");

  @BeforeEach
  void folders() throws IOException {
    Function<Parameter, FloatBuffer> weights = FreshWeights.of(1, 0.3);
    List<TensorInfo> tensors =
        decoder.parameters().stream()
            .map(p -> new TensorInfo(p.name(), DType.BF16, p.shape()))
            .toList();
    ModelFolder.write(
        base(),
        decoder,
        CheckpointLayout.fresh(tensors, 20_000),
        (p, pieces) -> pieces.accept(weights.apply(p)),
        TOKENIZER,
        Optional.empty());
    AdapterFolder.write(temp.resolve("one"), one, decoder, "base");
    AdapterFolder.write(temp.resolve("two"), two, decoder, "base");
  }

  private Path base() {
    return temp.resolve("base");
  }

  private CommandRun merge(String out, String... more) {
    List<String> line =
        new ArrayList<>(List.of("merge", "--model", "" + base(), "--out", "" + temp.resolve(out)));
    line.addAll(Arrays.asList(more));
    return CommandRun.withNotes(line.toArray(String[]::new));
  }

  private String folder(String name) {
    return temp.resolve(name).toString();
  }

  /** What the float32 sum becomes in the base's format, which rounds once more. */
  private void assertMerged(Path out, List<MergedWeights.Weighted> adapters) {
    try (SafeTensors before = SafeTensors.open(base());
        SafeTensors after = SafeTensors.open(out)) {
      MergedWeights merged = new MergedWeights(before, adapters);
      for (Parameter p : decoder.parameters()) {
        assertEquals(DType.BF16, after.info(p.name()).dtype());
        float[] expected = merged.all(p);
        for (int i = 0; i < expected.length; i++) {
          int bits = Float.floatToRawIntBits(expected[i]);
          expected[i] = Float.intBitsToFloat((bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000);
        }
        assertArrayEquals(expected, after.floats(p.name()), p.name());
      }
    }
  }

  @Test
  void theMergedFolderIsLikeTheBase() throws IOException {
    CommandRun run = merge("out", "--adapter", folder("one"));
    assertEquals(0, run.code(), run.err());
    assertEquals(folder("out"), run.out().strip());
    assertTrue(
        run.err()
            .contains(
                folder("one")
                    + ": rank 2, scale 1.50000, weight 1.00000: 6 linear maps (q_proj, down_proj)"
                    + " in 3 blocks"),
        run.err());
    assertMerged(temp.resolve("out"), List.of(MergedWeights.Weighted.whole(one)));
    List<String> was = names(base());
    assertEquals(was, names(temp.resolve("out")));
    assertTrue(was.stream().filter(n -> n.endsWith(".safetensors")).count() > 1, "" + was);
    for (String same : List.of("config.json", "tokenizer.json", "model.safetensors.index.json")) {
      assertEquals(-1, Files.mismatch(base().resolve(same), temp.resolve("out").resolve(same)));
    }
    // Not the base once more: an adapted matrix differs, the one beside it does not.
    try (SafeTensors before = SafeTensors.open(base());
        SafeTensors after = SafeTensors.open(temp.resolve("out"))) {
      String q = "model.layers.0.self_attn.q_proj.weight";
      assertFalse(Arrays.equals(before.floats(q), after.floats(q)));
      String k = "model.layers.0.self_attn.k_proj.weight";
      assertArrayEquals(before.floats(k), after.floats(k));
    }
  }

  private static List<String> names(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files.map(f -> String.valueOf(f.getFileName())).sorted().toList();
    }
  }

  @Test
  void severalAreAddedEachWithItsWeight() {
    CommandRun run =
        merge(
            "out",
            "--adapter",
            folder("one"),
            "--adapter",
            folder("two"),
            "--weight",
            "0.5",
            "--weight",
            "-2");
    assertEquals(0, run.code(), run.err());
    assertMerged(
        temp.resolve("out"),
        List.of(new MergedWeights.Weighted(one, 0.5), new MergedWeights.Weighted(two, -2)));
    assertTrue(run.err().contains("weight -2.00000: 4 linear maps (q_proj, lm_head)"), run.err());
  }

  /** The record of the unlearning that the adapter holds goes along, with what it was added to. */
  @Test
  void theRecordSaysWhatWasMerged() throws IOException {
    Files.writeString(base().resolve("unlearning.json"), "{\"objective\": \"GradDiff\"}");
    Files.writeString(temp.resolve("two").resolve("unlearning.json"), "{\"objective\": \"NPO\"}");
    assertEquals(0, merge("out", "--adapter", folder("one"), "--adapter", folder("two")).code());
    JsonNode record =
        new ObjectMapper().readTree(temp.resolve("out").resolve("unlearning.json").toFile());
    assertEquals("NPO", record.path("objective").textValue());
    JsonNode adapters = record.path("merged").path("adapters");
    assertEquals(2, adapters.size());
    assertEquals(
        Hashes.sha256(temp.resolve("one").resolve("adapter_model.safetensors")),
        adapters.path(0).path("sha256").textValue());
    assertEquals(
        "{\"rank\":2,\"scale\":1.5,\"linear_maps\":4}",
        adapters.path(1).path("shapes").path(0).toString());
    assertNotEquals(0, record.path("merged").path("source_sha256").size());
  }

  /** q of both: A of each beside the other's, B with 1.5 of its own scale and its weight. */
  @Test
  void aSumBecomesOneFileForOnnxRuntime() {
    String out = folder("both.onnx_adapter");
    CommandRun run =
        merge(
            "both.onnx_adapter",
            "--form",
            "onnx_adapter",
            "--adapter",
            folder("one"),
            "--adapter",
            folder("two"),
            "--weight",
            "1",
            "--weight",
            "-2");
    assertEquals(0, run.code(), run.err());
    assertEquals(out, run.out().strip());
    AdapterFile file = AdapterFile.read(Path.of(out));
    assertEquals(2 * (3 + 3 + 1), file.factors().size(), "q and down of three blocks, the head");
    Adapter.Target q = two.adapter().targets().get(0);
    float[] up = file.up(q.linear().module()).orElseThrow().values().get();
    float[] b = two.values().all(q.up());
    assertEquals(4 * q.linear().out(), up.length);
    assertEquals((float) (-2 * 1.5 * b[1]), up[3 * q.linear().out()]);
    float[] down = file.down(q.linear().module()).orElseThrow().values().get();
    assertEquals(two.values().all(q.down())[q.linear().in()], down[3]);

    CommandRun ending = merge("out", "--form", "onnx_adapter", "--adapter", folder("one"));
    assertEquals(2, ending.code());
    assertTrue(ending.err().contains("expected .onnx_adapter"), ending.err());
    CommandRun form = merge("out", "--form", "gguf", "--adapter", folder("one"));
    assertTrue(form.err().contains("--form: found gguf, expected weights or onnx_adapter."));
  }

  @Test
  void mistakesOfAllAdaptersComeAtOnce() throws IOException {
    Files.delete(temp.resolve("one").resolve("adapter_config.json"));
    Files.delete(temp.resolve("two").resolve("adapter_model.safetensors"));
    CommandRun run = merge("out", "--adapter", folder("one"), "--adapter", folder("two"));
    assertEquals(2, run.code());
    assertTrue(run.err().contains("one/adapter_config.json: found no such file"), run.err());
    assertTrue(run.err().contains("two/adapter_model.safetensors: found no such"), run.err());
    assertFalse(Files.exists(temp.resolve("out")));
  }

  @Test
  void nothingElseIsReplaced() {
    CommandRun into = merge("base", "--adapter", folder("one"));
    assertEquals(2, into.code());
    assertTrue(into.err().contains("the model to start from"), into.err());
    CommandRun over = merge("one", "--adapter", folder("one"));
    assertEquals(2, over.code());
    assertTrue(over.err().contains("files but no config.json"), over.err());
    CommandRun above = merge(".", "--adapter", folder("one"));
    assertEquals(2, above.code());
    CommandRun twice = merge("out", "--adapter", folder("one"), "--adapter", folder("one"));
    assertEquals(2, twice.code());
    assertTrue(twice.err().contains("found this adapter twice"), twice.err());
    CommandRun weights = merge("out", "--adapter", folder("one"), "--weight", "1", "--weight", "2");
    assertEquals(2, weights.code());
    assertTrue(
        weights.err().contains("--weight: found 2 of them, expected one for each --adapter (1)"),
        weights.err());
    CommandRun word = merge("out", "--adapter", folder("one"), "--weight", "all");
    assertTrue(word.err().contains("--weight: found all, expected a number."), word.err());
    assertFalse(Files.exists(temp.resolve("out")));
  }
}
