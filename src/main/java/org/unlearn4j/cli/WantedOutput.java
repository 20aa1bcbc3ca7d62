package org.unlearn4j.cli;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Locale;

/**
 * Standard output that stops where nobody reads it any more: {@code unlearn4j ... | head} has got
 * what it wanted, and that is no failure. Every other error is one.
 */
final class WantedOutput extends FilterOutputStream {
  private boolean wanted = true;

  WantedOutput(OutputStream to) {
    super(to);
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int from, int length) throws IOException {
    if (!wanted) {
      return;
    }
    try {
      out.write(bytes, from, length);
    } catch (IOException e) {
      if (!String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT).contains("broken pipe")) {
        throw e;
      }
      wanted = false;
    }
  }

  @Override
  public void flush() throws IOException {
    if (wanted) {
      out.flush();
    }
  }
}
