package org.unlearn4j.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.UserException;

/**
 * A UTF-8 text as a whole, without a byte order mark: for files that are one passage, or one JSON
 * value on one long line.
 *
 * @param sha256 of the bytes, lower-case hexadecimal
 */
record WholeText(String text, String sha256) {
  /** A book has one or two MiB; more than this is not what a benchmark publishes as a file. */
  static final int MAX_BYTES = 64 << 20;

  private static final char BYTE_ORDER_MARK = '\uFEFF';

  /**
   * Reads a file or resource.
   *
   * @throws UserException if it is too long, or not UTF-8 (with the line)
   */
  static WholeText read(DataSource source) {
    byte[] bytes;
    try (InputStream in = source.opener().open()) {
      bytes = in.readNBytes(MAX_BYTES + 1);
    } catch (IOException e) {
      throw new MachineException(source.name() + ": could not be read (" + e + ").", e);
    }
    if (bytes.length > MAX_BYTES) {
      int line = line(bytes, MAX_BYTES);
      throw source.error(
          line, "more than 64 MiB up to here", "less, because this file is read as a whole");
    }
    String text = decode(source, bytes);
    boolean marked = !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK;
    String sha256 = HexFormat.of().formatHex(Hashes.digest().digest(bytes));
    return new WholeText(marked ? text.substring(1) : text, sha256);
  }

  private static String decode(DataSource source, byte[] bytes) {
    CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(bytes.length);
    CoderResult result = decoder.decode(in, out, true);
    if (result.isError()) {
      throw source.error(line(bytes, in.position()), "bytes that are not UTF-8", "UTF-8 text");
    }
    return out.flip().toString();
  }

  private static int line(byte[] bytes, int position) {
    int line = 1;
    for (int i = 0; i < position; i++) {
      line += bytes[i] == '\n' ? 1 : 0;
    }
    return line;
  }
}
