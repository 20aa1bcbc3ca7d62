package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.Median;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.lm.Generation;
import org.unlearn4j.lm.Logits;
import org.unlearn4j.lm.PaddedBatch;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.run.TaskData;
import org.unlearn4j.weights.GraphChoices;
import org.unlearn4j.weights.Variant;

/**
 * What each format of an unlearned Fable costs and keeps: the table of docs/reference/export.md. It
 * reads a run's folder ({@code -Dformats.run}, runs/fable), and writes into the page with {@code
 * -Dformats.page=true}.
 */
@Tag("slow")
class FormatTableTest {
  private static final int BATCH = 16;
  private static final int PROMPT = 96;
  private static final int NEW = 96;
  private static final int TIMES = 7;
  private static final Path PAGE = Path.of("docs/reference/export.md");
  private static final String BEGIN = "<!-- from FormatTableTest -->\n";
  private static final String END = "<!-- from FormatTableTest: end -->";
  private static final String HEAD =
      """
      | format | MB | prefill, tokens/s | decoding, tokens/s | mean KL | top-1 | rebound |
      |---|---|---|---|---|---|---|
      """;

  @TempDir Path temp;

  /** A row of the table. */
  private record Format(String name, Variant variant, String changes) {}

  private static List<Format> formats() {
    return List.of(
        new Format("fp32", Variant.FP32, ""),
        new Format("fp16", Variant.FP16, ""),
        new Format("int8", Variant.INT8, ""),
        new Format("int8-dynamic", Variant.INT8_DYNAMIC, ""),
        new Format("int4", Variant.INT4, ""),
        new Format("int4, block 16", Variant.INT4, "block_size=16"),
        new Format(
            "int4, asymmetric, least error", Variant.INT4, "symmetric=false,scales=least_error"),
        new Format(
            "int4, head and layer 0 in 8 bits", Variant.INT4, "head_bits=8,eight_bit_layers=0"),
        new Format("q4f16", Variant.Q4F16, ""),
        new Format("fp32, grouped attention", Variant.FP32, "attention=grouped"),
        new Format("int4, grouped attention", Variant.INT4, "attention=grouped"),
        new Format("q4f16, grouped attention", Variant.Q4F16, "attention=grouped"));
  }

  @Test
  void measured() throws Exception {
    Path run = Path.of(System.getProperty("formats.run", "runs/fable"));
    Path unlearned = run.resolve("unlearned");
    assumeTrue(Files.isDirectory(unlearned), unlearned + " is not there: make");
    Pipeline pipeline = Pipeline.read(Path.of("pipeline/fable.yaml"), List.of());
    Path target = Path.of("models/fable-target");
    List<TokenRow> forget;
    List<TokenRow> all = new ArrayList<>();
    try (TaskData data = new TaskData(pipeline, target, 256)) {
      forget = data.forget();
      all.addAll(forget);
      all.addAll(data.retain().subList(0, forget.size()));
    }
    Path before = export(target, new Format("before", Variant.FP32, ""));
    double known;
    try (OrtModel model = OrtModel.open(before, "fp32", 2)) {
      known = probability(model, forget);
    }
    Path whole = export(unlearned, new Format("trained", Variant.FP32, ""));
    StringBuilder table = new StringBuilder(HEAD);
    double usual = 0;
    double finer = 0;
    try (OrtModel trained = OrtModel.open(whole, "fp32", 2)) {
      double forgotten = probability(trained, forget);
      assertTrue(known > 2 * forgotten, known + " before, " + forgotten + " after");
      for (Format format : formats()) {
        Path onnx = export(unlearned, format);
        try (OrtModel file = OrtModel.open(onnx, format.variant().label(), 2)) {
          double[] apart = apart(trained, file, all);
          double back = (probability(file, forget) - forgotten) / (known - forgotten);
          table.append(
              String.format(
                  Locale.ROOT,
                  "| %s | %.2f | %.0f | %.0f | %.2g | %.4f | %.4f |%n",
                  format.name(),
                  size(onnx) / 1e6,
                  PROMPT / seconds(() -> prefill(file)),
                  NEW / seconds(() -> decode(file)),
                  apart[0],
                  apart[1],
                  back));
          usual = format.name().equals("int4") ? apart[0] : usual;
          finer = format.name().endsWith("8 bits") ? apart[0] : finer;
        }
      }
    }
    System.out.print(table);
    if (Boolean.getBoolean("formats.page")) {
      String page = Files.readString(PAGE);
      int from = page.indexOf(BEGIN) + BEGIN.length();
      int to = page.indexOf(END);
      assertTrue(from >= BEGIN.length() && to >= from, PAGE + ": no place for the table");
      Files.writeString(PAGE, page.substring(0, from) + table + page.substring(to));
    }
    assertTrue(finer < usual, "eight bits where it matters: " + finer + " of " + usual);
  }

  private Path export(Path model, Format format) {
    Path onnx = temp.resolve(format.name().replaceAll("[^a-z0-9]", "-"));
    GraphChoices choices = GraphChoices.read(format.variant(), format.changes(), format.name());
    ExportOptions options = ExportOptions.of(List.of(format.variant().label())).choices(choices);
    OnnxExporter.export(model, onnx, options);
    return onnx;
  }

  private static double size(Path onnx) throws IOException {
    try (Stream<Path> files = Files.list(onnx.resolve("onnx"))) {
      return files.mapToLong(FormatTableTest::bytes).sum();
    }
  }

  private static long bytes(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static double seconds(Runnable work) {
    work.run();
    double[] all = new double[TIMES];
    for (int i = 0; i < TIMES; i++) {
      long begin = System.nanoTime();
      work.run();
      all[i] = (System.nanoTime() - begin) / 1e9;
    }
    return Median.of(all);
  }

  private static int[] prompt(int length) {
    int[] ids = new int[length];
    Arrays.setAll(ids, i -> 10 + i * 7 % 200);
    return ids;
  }

  private static void prefill(OrtModel model) {
    PaddedBatch b = PaddedBatch.of(List.of(TokenRow.unlabelled(prompt(PROMPT))));
    OrtSession.Result result = model.deployed().pass(b, 0, b.time(), null, Set.of("logits"));
    result.close();
  }

  /** Behind a short prompt, so that it is steps of one token that are timed. */
  private static void decode(OrtModel model) {
    model.generate(List.of(prompt(4)), Generation.greedy(NEW, Set.of()), (row, token) -> {});
  }

  /** Mean over rows of the geometric mean of an answer's token probabilities. */
  private static double probability(OrtModel model, List<TokenRow> rows) {
    double sum = 0;
    for (int at = 0; at < rows.size(); at += BATCH) {
      List<TokenRow> some = rows.subList(at, Math.min(rows.size(), at + BATCH));
      sum += model.score(some).stream().mapToDouble(s -> Math.exp(-s.avgNll())).sum();
    }
    return sum / rows.size();
  }

  /** Mean KL divergence in nats and share of equal top-1 tokens, over labelled tokens. */
  private static double[] apart(OrtModel trained, OrtModel file, List<TokenRow> rows) {
    double kl = 0;
    int same = 0;
    int n = 0;
    for (int at = 0; at < rows.size(); at += BATCH) {
      List<TokenRow> some = rows.subList(at, Math.min(rows.size(), at + BATCH));
      try (Logits due = trained.openLogits(some, 0);
          Logits found = file.openLogits(some, 0)) {
        float[] p = new float[trained.shape().vocabSize()];
        float[] q = new float[p.length];
        for (int r = 0; r < some.size(); r++) {
          for (int t = 1; t < some.get(r).length(); t++) {
            if (some.get(r).labels()[t] != TokenRow.IGNORED) {
              due.read(r, t - 1, p);
              found.read(r, t - 1, q);
              kl += divergence(p, q);
              same += best(p) == best(q) ? 1 : 0;
              n++;
            }
          }
        }
      }
    }
    return new double[] {kl / n, (double) same / n};
  }

  private static double divergence(float[] p, float[] q) {
    double a = logSum(p);
    double b = logSum(q);
    double sum = 0;
    for (int v = 0; v < p.length; v++) {
      sum += Math.exp(p[v] - a) * (p[v] - a - (q[v] - b));
    }
    return sum;
  }

  private static double logSum(float[] x) {
    double most = x[best(x)];
    double sum = 0;
    for (float v : x) {
      sum += Math.exp(v - most);
    }
    return most + Math.log(sum);
  }

  private static int best(float[] x) {
    int best = 0;
    for (int v = 1; v < x.length; v++) {
      best = x[v] > x[best] ? v : best;
    }
    return best;
  }
}
