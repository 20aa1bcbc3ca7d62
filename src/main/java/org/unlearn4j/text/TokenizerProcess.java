package org.unlearn4j.text;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;

/**
 * The other end of {@link ChildTokenizer}: reads a tokenizer and then questions from standard
 * input, and ends where that ends.
 *
 * <p>Both ways everything is a byte that says what follows, and numbers and texts with their
 * lengths in front, big-endian.
 */
public final class TokenizerProcess {
  static final int ENCODE = 'e';
  static final int DECODE = 'd';
  static final int DONE = 0;

  /** The library refused, with its words. */
  static final int REFUSED = 1;

  private TokenizerProcess() {}

  /** Serves until standard input ends. */
  public static void main(String[] args) throws IOException {
    DataInputStream in = new DataInputStream(new BufferedInputStream(System.in));
    DataOutputStream out = new DataOutputStream(new BufferedOutputStream(System.out));
    try (NativeTokenizer tokenizer = InProcessTokenizer.load(bytes(in))) {
      out.writeByte(DONE);
      out.flush();
      serve(tokenizer, in, out);
    } catch (EOFException e) {
      // whoever asked has gone
    } catch (IOException e) {
      refuse(out, e);
    }
  }

  private static void serve(NativeTokenizer tokenizer, DataInputStream in, DataOutputStream out)
      throws IOException {
    while (true) {
      int what = in.readByte();
      boolean special = in.readBoolean();
      try {
        if (what == ENCODE) {
          long[] ids = tokenizer.encode(text(in), special);
          out.writeByte(DONE);
          write(out, ids);
        } else {
          String text = tokenizer.decode(ids(in), special);
          out.writeByte(DONE);
          write(out, text);
        }
      } catch (RuntimeException e) {
        refuse(out, e);
      }
      out.flush();
    }
  }

  private static void refuse(DataOutputStream out, Exception e) throws IOException {
    out.writeByte(REFUSED);
    write(out, String.valueOf(e.getMessage()));
    out.flush();
  }

  static String text(DataInputStream in) throws IOException {
    char[] text = new char[in.readInt()];
    for (int i = 0; i < text.length; i++) {
      text[i] = in.readChar();
    }
    return new String(text);
  }

  static byte[] bytes(DataInputStream in) throws IOException {
    byte[] bytes = new byte[in.readInt()];
    in.readFully(bytes);
    return bytes;
  }

  static long[] ids(DataInputStream in) throws IOException {
    long[] ids = new long[in.readInt()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = in.readLong();
    }
    return ids;
  }

  /** As Java has it: in UTF-8 half of a surrogate pair would be another text. */
  static void write(DataOutputStream out, String text) throws IOException {
    out.writeInt(text.length());
    out.writeChars(text);
  }

  static void write(DataOutputStream out, byte[] bytes) throws IOException {
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  static void write(DataOutputStream out, long[] ids) throws IOException {
    out.writeInt(ids.length);
    for (long id : ids) {
      out.writeLong(id);
    }
  }
}
