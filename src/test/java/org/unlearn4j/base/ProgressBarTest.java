package org.unlearn4j.base;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A bar on a terminal, lines elsewhere. */
class ProgressBarTest {
  private final ByteArrayOutputStream written = new ByteArrayOutputStream();

  private String drawn(int columns) {
    PrintStream out = new PrintStream(written, false, StandardCharsets.UTF_8);
    try (ProgressBar bar = new ProgressBar("unlearned on onnx:fp32: generate", out, columns)) {
      bar.update(1, 2, "loss 0.5"); // too early to be shown
      bar.update(2, 2, "loss 0.25");
    }
    out.flush();
    return written.toString(StandardCharsets.UTF_8);
  }

  @Test
  void onATerminalOneLineIsDrawnOverAndNeverWraps() {
    for (int columns : List.of(80, 40, 1)) {
      written.reset();
      String text = drawn(columns);
      assertTrue(text.startsWith("\r"), text);
      assertTrue(text.endsWith("\033[K" + System.lineSeparator()), text);
      String line = text.substring(1, text.indexOf("\033[K"));
      assertTrue(line.length() < columns, line.length() + " of " + columns + " columns");
      assertEquals(columns >= 80, line.endsWith("loss 0.25"), line);
      assertTrue(columns < 80 || line.startsWith("[########################] unl"), line);
    }
  }

  @Test
  void elsewhereThereAreWholeLines() {
    String text = drawn(0);
    assertEquals(1, text.lines().count(), text);
    assertTrue(text.startsWith("unlearned on onnx:fp32: generate 2/2  0 s  loss 0.25"), text);
    assertFalse(text.contains("\r["), text);
  }
}
