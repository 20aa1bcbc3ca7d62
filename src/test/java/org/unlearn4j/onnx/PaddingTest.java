package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;
import static org.unlearn4j.fixtures.Fixture.doubles;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.lm.TokenRow;

/** The deployed graph as a third party may feed it: rows padded on the left. */
class PaddingTest {
  @TempDir Path temp;

  @ParameterizedTest
  @MethodSource("org.unlearn4j.fixtures.Fixture#names")
  void leftPaddedRowsGiveTheLogitsOfUnpaddedOnes(String name) throws OrtException {
    Fixture fixture = Fixture.named(name);
    Path file = Exports.model(Exports.inline(name, temp.resolve(name)));
    check(fixture.expected(), logits(fixture, file, true));
    // Negative control: with the padding attended to, rows 1 and 2 miss the same tolerance.
    float[] unmasked = logits(fixture, file, false);
    assertThrows(AssertionFailedError.class, () -> check(fixture.expected(), unmasked));
  }

  /** What is left of a batch that is filled up to a fixed number of rows. */
  @ParameterizedTest
  @MethodSource("org.unlearn4j.fixtures.Fixture#names")
  void aRowOfNothingButPaddingIsFinite(String name) throws OrtException {
    Fixture fixture = Fixture.named(name);
    Path file = Exports.model(Exports.inline(name, temp.resolve(name)));
    int[] blank = new int[2 * 20];
    for (float z : logits(file, blank, blank, blank, 2)) {
      assertTrue(Float.isFinite(z), fixture.folder() + ": " + z);
    }
  }

  private static void check(JsonNode expected, float[] flat) {
    List<TokenRow> rows = Fixture.rows(expected);
    int time = rows.get(0).length();
    int vocab = flat.length / (rows.size() * time);
    for (int r = 0; r < rows.size(); r++) {
      int pad = time - rows.get(r).length();
      for (int t = 0; t < time; t++) {
        float[] actual = new float[vocab];
        System.arraycopy(flat, (r * time + t) * vocab, actual, 0, vocab);
        if (t < pad) {
          // A padding query sees no key at all: its value has no meaning, but NaN would spread.
          for (float z : actual) {
            assertTrue(Float.isFinite(z), "padding, logits[" + r + "][" + t + "]: " + z);
          }
        } else {
          assertClose(
              "logits[" + r + "][" + (t - pad) + "]",
              doubles(expected.path("logits").path(r).path(t - pad)),
              actual,
              5e-5,
              0);
        }
      }
    }
  }

  private static float[] logits(Fixture fixture, Path file, boolean masked) throws OrtException {
    List<TokenRow> rows = Fixture.rows(fixture.expected());
    int time = rows.get(0).length();
    int[] ids = new int[rows.size() * time];
    int[] mask = new int[ids.length];
    int[] positions = new int[ids.length];
    for (int r = 0; r < rows.size(); r++) {
      int pad = time - rows.get(r).length();
      for (int t = 0; t < time; t++) {
        int at = r * time + t;
        ids[at] = t < pad ? 0 : rows.get(r).ids()[t - pad];
        mask[at] = t < pad && masked ? 0 : 1;
        positions[at] = Math.max(0, t - pad);
      }
    }
    return logits(file, ids, mask, positions, rows.size());
  }

  private static float[] logits(Path file, int[] ids, int[] mask, int[] positions, int rows)
      throws OrtException {
    int time = ids.length / rows;
    OrtRuntime runtime = new OrtRuntime(OrtSettings.cpu(1));
    try (OrtSession session = runtime.open(OnnxFile.read(file));
        OrtFeeds feeds = new OrtFeeds(runtime, session)) {
      feeds.ints("input_ids", ids, rows, time);
      feeds.ints("attention_mask", mask, rows, time);
      feeds.ints("position_ids", positions, rows, time);
      KeyValueCache.of(session, Path.of("model.onnx")).feed(feeds, rows, null);
      try (OrtSession.Result result = feeds.run(Set.of("logits"))) {
        FloatBuffer values = ((OnnxTensor) result.get("logits").orElseThrow()).getFloatBuffer();
        float[] flat = new float[values.remaining()];
        values.get(flat);
        return flat;
      }
    }
  }
}
