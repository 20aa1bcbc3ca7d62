package org.unlearn4j.ledger;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.UserException;

/**
 * The user's own key: 32 bytes, from which one key for encrypting and one for keyed hashes are
 * derived (HMAC-SHA256 of their purpose), so that neither use says anything about the other.
 */
public final class RequestKey {
  private static final String HMAC = "HmacSHA256";
  private static final int BYTES = 32;
  private static final String EXPECTED =
      "a key: 64 hexadecimal digits (openssl rand -hex 32 makes one)";

  private final byte[] secret;

  private RequestKey(byte[] secret) {
    this.secret = secret;
  }

  /**
   * Reads a key file: 64 hexadecimal digits.
   *
   * @throws UserException if it is not there or holds something else; it is never quoted
   */
  public static RequestKey read(Path file) {
    if (!Files.isRegularFile(file)) {
      throw UserException.at(file, "", "no such file", EXPECTED);
    }
    try {
      if (Files.size(file) > 4096) {
        throw UserException.at(file, "", Files.size(file) + " bytes", EXPECTED);
      }
      String text = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).strip();
      if (!text.matches("[0-9a-fA-F]{" + 2 * BYTES + "}")) {
        throw UserException.at(file, "", "something else (not shown)", EXPECTED);
      }
      return new RequestKey(HexFormat.of().parseHex(text));
    } catch (IOException e) {
      throw new MachineException(file + ": could not be read (" + e + ").", e);
    }
  }

  /** The key for AES-256. */
  SecretKeySpec encrypting() {
    return new SecretKeySpec(mac(secret, "unlearn4j requests: rows"), "AES");
  }

  /** HMAC-SHA256 of a row under the key for hashes, in lower-case hexadecimal. */
  String hash(String row) {
    return HexFormat.of().formatHex(mac(mac(secret, "unlearn4j requests: hashes"), row));
  }

  private static byte[] mac(byte[] key, String text) {
    try {
      Mac mac = Mac.getInstance(HMAC);
      mac.init(new SecretKeySpec(key, HMAC));
      return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has " + HMAC, e);
    }
  }
}
