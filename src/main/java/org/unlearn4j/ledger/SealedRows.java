package org.unlearn4j.ledger;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.UserException;

/**
 * Files of a request in one encrypted file: {@code U4JROWS1}, a nonce of 12 bytes, and AES-256-GCM
 * of the files, bound to the request's name. Within: the number of files, then name, length and
 * bytes of each.
 */
public final class SealedRows {
  /** Its name in a request's folder. */
  public static final String FILE = "rows.sealed";

  private static final byte[] MAGIC = "U4JROWS1".getBytes(StandardCharsets.US_ASCII);
  private static final int NONCE = 12;
  private static final int TAG_BITS = 128;

  private SealedRows() {}

  /**
   * Writes files encrypted; whole or not at all.
   *
   * @param request name of the request
   * @param files content by name
   */
  public static void write(Path out, String request, Map<String, byte[]> files, RequestKey key) {
    byte[] nonce = new byte[NONCE];
    new SecureRandom().nextBytes(nonce);
    byte[] hidden = crypt(Cipher.ENCRYPT_MODE, out, request, key, nonce, packed(files));
    AtomicFiles.writeFile(
        out,
        beside -> {
          try (var stream = Files.newOutputStream(beside)) {
            stream.write(MAGIC);
            stream.write(nonce);
            stream.write(hidden);
          }
        });
  }

  /**
   * Reads files back.
   *
   * @throws UserException if the key is another one, or the file was changed or is another
   *     request's
   */
  public static SortedMap<String, byte[]> read(Path file, String request, RequestKey key) {
    byte[] all = Ledger.bytes(file);
    int head = MAGIC.length + NONCE;
    if (all.length < head || !Arrays.equals(MAGIC, Arrays.copyOf(all, MAGIC.length))) {
      throw UserException.at(file, "", "no sealed rows", "a file that requests seal wrote");
    }
    byte[] nonce = Arrays.copyOfRange(all, MAGIC.length, head);
    byte[] hidden = Arrays.copyOfRange(all, head, all.length);
    return unpacked(crypt(Cipher.DECRYPT_MODE, file, request, key, nonce, hidden));
  }

  private static byte[] crypt(
      int mode, Path file, String request, RequestKey key, byte[] nonce, byte[] bytes) {
    try {
      Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
      cipher.init(mode, key.encrypting(), new GCMParameterSpec(TAG_BITS, nonce));
      cipher.updateAAD(request.getBytes(StandardCharsets.UTF_8));
      return cipher.doFinal(bytes);
    } catch (AEADBadTagException e) {
      throw UserException.at(
          file,
          "",
          "rows that this key does not open",
          "the key that sealed request " + request + ", and the file as it was written",
          e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has AES in Galois counter mode", e);
    }
  }

  private static byte[] packed(Map<String, byte[]> files) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      SortedMap<String, byte[]> sorted = new TreeMap<>(files);
      out.writeInt(sorted.size());
      for (Map.Entry<String, byte[]> file : sorted.entrySet()) {
        out.writeUTF(file.getKey());
        out.writeInt(file.getValue().length);
        out.write(file.getValue());
      }
    } catch (IOException e) {
      throw new MachineException("rows could not be packed (" + e + ").", e);
    }
    return bytes.toByteArray();
  }

  /** What this class packed: the tag vouches for it. */
  private static SortedMap<String, byte[]> unpacked(byte[] packed) {
    SortedMap<String, byte[]> files = new TreeMap<>();
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(packed))) {
      int count = in.readInt();
      for (int i = 0; i < count; i++) {
        String name = in.readUTF();
        files.put(name, in.readNBytes(in.readInt()));
      }
    } catch (IOException e) {
      throw new MachineException("sealed rows could not be unpacked (" + e + ").", e);
    }
    return files;
  }
}
