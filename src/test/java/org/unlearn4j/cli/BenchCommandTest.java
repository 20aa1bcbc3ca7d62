package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.train.BenchShape;

class BenchCommandTest {
  private static final String[] TINY = {
    "bench", "--hidden", "16", "--layers", "1", "--heads", "2", "--kv-heads", "1", "--ffn", "24",
    "--vocab", "40", "--rows", "2", "--tokens", "8", "--labelled", "0.5", "--steps", "3", "--clreg"
  };

  private static CommandRun bench(String... more) {
    List<String> args = new ArrayList<>(List.of(TINY));
    args.addAll(List.of(more));
    return CommandRun.of(args.toArray(String[]::new));
  }

  @Test
  void printsWhatIsDocumented() throws IOException {
    JsonNode found = ForwardCommandTest.json(bench("--json"));
    for (String key :
        List.of(
            "first_step_s",
            "signatures",
            "step_ms",
            "tokens_per_second",
            "peak_rss_mb",
            "gemm_gflops",
            "final_loss")) {
      assertTrue(found.path(key).isNumber() && found.path(key).doubleValue() > 0, key);
    }
    // The processor's clock ticks every 10 ms, so a step this small may take none of it.
    assertTrue(found.path("processor_ms").isNumber(), "processor_ms");
    assertTrue(found.path("processor_ms").doubleValue() >= 0, "processor_ms");
    double share = found.path("utilisation").doubleValue();
    assertTrue(found.path("utilisation").isNumber() && share >= 0 && share < 1, "" + share);
    assertTrue(found.path("fastest_ms").doubleValue() <= found.path("step_ms").doubleValue());
    assertTrue(found.path("step_ms").doubleValue() <= found.path("slowest_ms").doubleValue());
    // 40 x 16 embeddings, tied; q and o 16 x 16, k and v 8 x 16, three of 24 x 16, three norms.
    assertEquals(640 + 512 + 256 + 1152 + 48, found.path("parameters").intValue());
    assertEquals("NPO+CLReg", found.path("objective").asText());
    // Three segments of two rows of eight tokens.
    assertEquals(
        48 / found.path("step_ms").doubleValue() * 1000,
        found.path("tokens_per_second").doubleValue(),
        0.05 * found.path("tokens_per_second").doubleValue());
  }

  /**
   * Seven linear maps and the head, each with a product forwards and two backwards, and CLReg's
   * similarities, forwards and backwards.
   */
  @Test
  void aTraceListsOperations() throws IOException {
    JsonNode found = ForwardCommandTest.json(bench("--trace", "--json"));
    List<String> types = new ArrayList<>();
    found.fieldNames().forEachRemaining(types::add);
    assertTrue(types.stream().anyMatch(t -> t.matches("(_Mkl)?MatMul x 26")), types.toString());
    assertTrue(types.contains("BatchMatMulV3 x 6"), types.toString());
  }

  @Test
  void aHistoryShowsItsTrend(@TempDir Path temp) throws IOException {
    Path file = temp.resolve("bench.jsonl");
    for (int i = 0; i < 2; i++) {
      assertEquals(ExitCode.DONE, bench("--history", file.toString()).code());
    }
    List<String> lines = Files.readAllLines(file);
    assertEquals(2, lines.size());
    for (String told :
        List.of(
            "\"labelled\":0.5",
            "\"stored\":\"fp32\"",
            "\"adapter\":\"none\"",
            "\"optimizer\":\"adamw\"",
            "\"sets\":\"unlearn.clreg.weight=0.1\"",
            "\"shape\":\"hidden 16 layers 1 heads 2/1 ffn 24 vocab 40\"")) {
      assertTrue(lines.get(0).contains(told), told + " in " + lines.get(0));
    }
    CommandRun r = CommandRun.of("bench", "--trend", file.toString(), "--json");
    JsonNode trend = ForwardCommandTest.json(r).elements().next();
    assertEquals(2, trend.path("measurements").intValue());
    assertEquals(
        trend.path("last_ms").doubleValue() / trend.path("first_ms").doubleValue(),
        trend.path("last_to_median").doubleValue(),
        0.05);
  }

  /** The counts of the published models of these shapes; the smallest is made for this project. */
  @Test
  void shapesHaveNames() {
    assertEquals("5m, 135m, 1b, 8b", BenchShape.spellings());
    assertEquals(5.3e6, (double) parameters(BenchShape.SHAPE_5M), 0.05e6);
    assertEquals(134_515_008, parameters(BenchShape.SHAPE_135M)); // SmolLM-135M
    assertEquals(1_235_814_400, parameters(BenchShape.SHAPE_1B)); // Llama-3.2-1B
    // Llama-3.1-8B has 8_030_261_248, with a head of its own.
    assertEquals(8_030_261_248L - 128_256L * 4096, parameters(BenchShape.SHAPE_8B));
    refuses("--shape: found 7b, expected one of 5m, 135m, 1b, 8b.", "--shape", "7b");
  }

  /**
   * Tied embeddings, four projections of attention, three of the MLP, two norms, one at the end.
   */
  private static long parameters(BenchShape shape) {
    BenchShape.Numbers n = shape.numbers();
    long h = n.hidden();
    long keyValue = h / n.heads() * n.kvHeads();
    long block = 2 * h * h + 2 * h * keyValue + 3 * h * n.ffn() + 2 * h;
    return n.vocab() * h + n.layers() * block + h;
  }

  @Test
  void mistakes() {
    refuses("--labelled: found 1.5, expected more than 0 and at most 1.", "--labelled", "1.5");
    refuses("--precision: found fp64, expected fp32, tf32 or bf16.", "--precision", "fp64");
    refuses("--objective: ", "--objective", "Oblivion");
    refuses("nowhere.jsonl: found no such file, expected", "--trend", "nowhere.jsonl");
    // Before anything is measured, which would end with a history and pictures nowhere.
    refuses("pom.xml: found a file, expected a folder for pictures", "--growth", "pom.xml");
    refuses("src: found a folder, expected a file with measurements", "--history", "src");
    refuses("pom.xml, line 1: found invalid JSON", "--history", "pom.xml");
    String one = ", expected one of --growth, --history, --memory, --trace, --trend.";
    refuses("found --history and --memory" + one, "--memory", "--history", "a.jsonl");
    refuses("found --history and --trend" + one, "--trend", "a.jsonl", "--history", "a.jsonl");
    refuses("found --memory and --trace" + one, "--memory", "--trace");
    refuses(
        "--set unlearn.salient_share: found 0.5, expected 1 (this command has no forget set",
        "--set",
        "unlearn.salient_share=0.5");
    refuses(
        "--set unlearn.retain_rows: found 2, expected 1 (this command's steps",
        "--set",
        "unlearn.retain_rows=2");
    refuses(
        "unlearn.router_loss: found 1 for a model without experts (llama), expected 0.",
        "--set",
        "unlearn.router_loss=1");
  }

  private static void refuses(String message, String... args) {
    List<String> all = new ArrayList<>(List.of("bench"));
    all.addAll(List.of(args));
    CommandRun r = CommandRun.of(all.toArray(String[]::new));
    assertEquals(ExitCode.USER, r.code(), r.err());
    assertTrue(r.err().contains(message), r.err());
  }
}
