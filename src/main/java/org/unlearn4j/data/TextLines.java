package org.unlearn4j.data;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.UserException;

/**
 * The lines of a UTF-8 text, read as a stream, counted as editors count them: from 1, and the break
 * that ends the last line begins no other one. A byte order mark is passed over. The SHA-256 of the
 * bytes is taken on the way, so that what is recorded is what was read.
 */
final class TextLines {
  /** A longer line is a file without line breaks. */
  static final int MAX_LINE_BYTES = 16 << 20;

  private static final char BYTE_ORDER_MARK = '\uFEFF';

  /** Told of each line, without its line feed. */
  @FunctionalInterface
  interface Consumer {
    void line(String text, int line);
  }

  private final DataSource source;
  private final String expected;
  private final Consumer consumer;
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(1 << 12);
  private int line = 1;

  private TextLines(DataSource source, String expected, Consumer consumer) {
    this.source = source;
    this.expected = expected;
    this.consumer = consumer;
  }

  /**
   * Reads all lines.
   *
   * @param expected what the lines are to be, for the complaint about an endless one
   * @return SHA-256 of the bytes, in lower-case hexadecimal
   * @throws UserException at the first line that is no UTF-8 or longer than {@link #MAX_LINE_BYTES}
   */
  static String read(DataSource source, String expected, Consumer consumer) {
    return new TextLines(source, expected, consumer).read();
  }

  private String read() {
    MessageDigest digest = Hashes.digest();
    try (InputStream in = new DigestInputStream(source.opener().open(), digest)) {
      byte[] block = new byte[1 << 16];
      for (int n = in.read(block); n >= 0; n = in.read(block)) {
        int from = 0;
        for (int i = 0; i < n; i++) {
          if (block[i] == '\n') {
            append(block, from, i);
            end();
            from = i + 1;
          }
        }
        append(block, from, n);
      }
      if (bytes.size() > 0) {
        end();
      }
    } catch (IOException e) {
      throw new MachineException(source.name() + ": could not be read (" + e + ").", e);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private void append(byte[] block, int from, int to) {
    if (bytes.size() + (to - from) > MAX_LINE_BYTES) {
      throw source.error(line, "a line of more than 16 MiB", expected);
    }
    bytes.write(block, from, to - from);
  }

  private void end() {
    String text = decode(bytes.toByteArray());
    bytes.reset();
    boolean marked = line == 1 && !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK;
    consumer.line(marked ? text.substring(1) : text, line++);
  }

  private String decode(byte[] encoded) {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .onUnmappableCharacter(CodingErrorAction.REPORT)
          .decode(ByteBuffer.wrap(encoded))
          .toString();
    } catch (CharacterCodingException e) {
      throw source.error(line, "bytes that are not UTF-8", "UTF-8 text", e);
    }
  }
}
