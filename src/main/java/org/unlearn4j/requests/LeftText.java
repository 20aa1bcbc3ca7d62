package org.unlearn4j.requests;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.unlearn4j.base.MachineException;

/**
 * Looks for the text of rows in files of any kind. A text is known by its bytes as it is, as JSON
 * and as HTML write it; of a long one every piece of {@link #PIECE} characters is looked for, so
 * that a window of a passage is found, too. Texts of fewer than {@link #LEAST} bytes are left out:
 * they stand in files by chance.
 */
final class LeftText {
  private static final int PIECE = 32;
  private static final int LEAST = Long.BYTES;
  private static final int FILTER = 1 << 20;

  /** Fields with text of a row. */
  private static final List<String> FIELDS =
      List.of("question", "answer", "text", "paraphrased_question", "paraphrased_answer");

  private final Set<String> wanted = new HashSet<>();
  private final Set<Integer> lengths = new LinkedHashSet<>();

  /** Whether some wanted text may begin with eight bytes, by their hash. */
  private final boolean[] begins = new boolean[FILTER];

  /** The texts of all rows of a request that are forgotten. */
  static LeftText of(Path request, Map<String, byte[]> files) {
    LeftText left = new LeftText();
    for (String file : List.of(RequestFolder.FORGET, RequestFolder.PERTURBED)) {
      if (files.containsKey(file)) {
        RowFile.of(request.resolve(file), files.get(file)).rows().forEach(left::row);
      }
    }
    return left;
  }

  private void row(ObjectNode row) {
    FIELDS.forEach(field -> text(row.path(field)));
    row.path("messages").forEach(message -> text(message.path("content")));
  }

  private void text(JsonNode node) {
    String text = node.asText().strip();
    if (text.length() < 2 * PIECE) {
      piece(text);
      return;
    }
    for (int from = 0; from + PIECE <= text.length(); from += PIECE) {
      piece(text.substring(from, from + PIECE));
    }
  }

  private void piece(String text) {
    add(text);
    add(new String(JsonStringEncoder.getInstance().quoteAsString(text)));
    String html = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    add(html);
    add(html.replace("\"", "&quot;"));
    add(html.replace("\"", "&quot;").replace("'", "&#39;"));
  }

  /** Bytes are kept as Latin-1, in which each of them is one character. */
  private void add(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (bytes.length >= LEAST && wanted.add(new String(bytes, StandardCharsets.ISO_8859_1))) {
      lengths.add(bytes.length);
      long first = 0;
      for (int i = 0; i < LEAST; i++) {
        first = (first << 8) | (bytes[i] & 0xff);
      }
      begins[slot(first)] = true;
    }
  }

  private static int slot(long bytes) {
    return (int) ((bytes * 0x9E3779B97F4A7C15L) >>> 44); // the upper 20 bits, one of FILTER
  }

  /**
   * Files below a folder that hold any of the texts, sorted.
   *
   * @throws MachineException if a file cannot be read
   */
  List<Path> in(Path root) {
    try (Stream<Path> walk = Files.walk(root)) {
      return walk.filter(Files::isRegularFile).filter(this::isIn).sorted().toList();
    } catch (IOException | UncheckedIOException e) {
      throw new MachineException(root + ": could not be read (" + e + ").", e);
    }
  }

  private boolean isIn(Path file) {
    int longest = lengths.stream().mapToInt(Integer::intValue).max().orElse(0);
    if (longest == 0) {
      return false;
    }
    byte[] buffer = new byte[Math.max(1 << 20, 4 * longest)];
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
      int held = 0;
      while (true) {
        int read = in.readNBytes(buffer, held, buffer.length - held);
        int end = held + read;
        boolean last = end < buffer.length;
        if (holds(buffer, end, last ? end : end - longest)) {
          return true;
        }
        if (last) {
          return false;
        }
        // What begins near the end may go on in the next part.
        held = longest;
        System.arraycopy(buffer, end - held, buffer, 0, held);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether a text begins before {@code until} and ends before {@code end}. */
  private boolean holds(byte[] bytes, int end, int until) {
    long window = 0;
    for (int i = 0; i < end; i++) {
      window = (window << 8) | (bytes[i] & 0xff);
      int start = i - LEAST + 1;
      if (start >= until) {
        return false;
      }
      if (start >= 0 && begins[slot(window)] && isAt(bytes, start, end)) {
        return true;
      }
    }
    return false;
  }

  private boolean isAt(byte[] bytes, int start, int end) {
    for (int length : lengths) {
      if (start + length <= end
          && wanted.contains(new String(bytes, start, length, StandardCharsets.ISO_8859_1))) {
        return true;
      }
    }
    return false;
  }
}
