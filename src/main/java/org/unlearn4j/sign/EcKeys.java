package org.unlearn4j.sign;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.ECKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.UserException;

/**
 * Keys of elliptic curves in PEM: P-256, P-384 and P-521, each with the hash of its size, as
 * OpenSSF Model Signing has them.
 */
final class EcKeys {
  private static final Pattern PEM =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\\s]+)-----END \\1-----");
  private static final String PUBLIC = "PUBLIC KEY";
  private static final String PKCS8 = "PRIVATE KEY";
  private static final String SEC1 = "EC PRIVATE KEY";
  private static final String WANTED = "a key of P-256, P-384 or P-521 in PEM";

  /** 1.2.840.10045.2.1: id-ecPublicKey. */
  private static final byte[] EC = {0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 2, 1};

  private EcKeys() {}

  @SuppressWarnings("ArrayRecordComponent") // made here, read once
  private record Block(String label, byte[] bytes) {}

  /** The first key in a file; others, as {@code openssl ecparam} writes them, are passed over. */
  private static Block block(Path file, String... labels) {
    String text;
    try {
      text = Files.readString(file, StandardCharsets.US_ASCII);
    } catch (IOException e) {
      throw UserException.at(file, "", Files.exists(file) ? "no text" : "no such file", WANTED, e);
    }
    Matcher m = PEM.matcher(text);
    String found = "no PEM";
    while (m.find()) {
      found = "\"" + m.group(1) + "\"";
      if (Arrays.asList(labels).contains(m.group(1))) {
        return new Block(m.group(1), decoded(file, m.group(2)));
      }
    }
    throw UserException.at(
        file,
        "",
        found,
        WANTED + " without a password (\"" + String.join("\" or \"", labels) + "\")");
  }

  private static byte[] decoded(Path file, String base64) {
    try {
      return Base64.getMimeDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      throw UserException.at(file, "", "no base64 (" + e.getMessage() + ")", WANTED, e);
    }
  }

  /**
   * Reads a public key.
   *
   * @throws UserException if it is none of these curves
   */
  static PublicKey publicKey(Path file) {
    Block block = block(file, PUBLIC);
    try {
      PublicKey key =
          KeyFactory.getInstance("EC").generatePublic(new X509EncodedKeySpec(block.bytes));
      algorithm(key);
      return key;
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw UserException.at(file, "", "no such key (" + e.getMessage() + ")", WANTED, e);
    }
  }

  /**
   * Reads a private key (PKCS #8 or SEC 1) and the public key that it has along.
   *
   * @throws UserException if it is none of these curves, has a password, or no public key
   */
  static KeyPair keyPair(Path file) {
    Block block = block(file, PKCS8, SEC1);
    try {
      byte[] pkcs8 = block.label.equals(SEC1) ? wrapped(Der.of(block.bytes)) : block.bytes;
      KeyFactory factory = KeyFactory.getInstance("EC");
      PrivateKey secret = factory.generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
      Der outer = Der.of(pkcs8);
      Der algorithm = outer.child(Der.SEQUENCE).orElseThrow();
      Der inner = Der.of(outer.child(Der.OCTETS).orElseThrow().content());
      Der bits =
          inner
              .child(Der.PUBLIC)
              .map(p -> Der.of(p.content()))
              .orElseThrow(() -> new IllegalArgumentException("without its public key"));
      PublicKey open =
          factory.generatePublic(new X509EncodedKeySpec(Der.sequence(algorithm, bits).encoded()));
      KeyPair pair = new KeyPair(open, secret);
      requirePair(pair);
      return pair;
    } catch (GeneralSecurityException | RuntimeException e) {
      throw UserException.at(file, "", "no such key (" + e.getMessage() + ")", WANTED, e);
    }
  }

  /** RFC 5915 within RFC 5208; the curve is one of its own parameters. */
  private static byte[] wrapped(Der sec1) {
    Der curve = Der.of(sec1.child(Der.PARAMETERS).orElseThrow().content());
    return Der.sequence(
            new Der(Der.INTEGER, new byte[1]),
            Der.sequence(new Der(Der.OID, EC), curve),
            new Der(Der.OCTETS, sec1.encoded()))
        .encoded();
  }

  private static void requirePair(KeyPair pair) throws GeneralSecurityException {
    byte[] text = {1, 2, 3};
    if (!verifies(pair.getPublic(), text, sign(pair.getPrivate(), text))) {
      throw new IllegalArgumentException("its public key is another one's");
    }
  }

  /** ECDSA with the hash of the curve's size. */
  private static String algorithm(Object key) {
    int bits = ((ECKey) key).getParams().getOrder().bitLength();
    return switch (bits) {
      case 256 -> "SHA256withECDSA";
      case 384 -> "SHA384withECDSA";
      case 521 -> "SHA512withECDSA";
      default -> throw new IllegalArgumentException("a curve of " + bits + " bits");
    };
  }

  static byte[] sign(PrivateKey key, byte[] message) throws GeneralSecurityException {
    Signature signature = Signature.getInstance(algorithm(key));
    signature.initSign(key);
    signature.update(message);
    return signature.sign();
  }

  /** Whether a signature is this key's on a message; what is no signature at all is not. */
  static boolean verifies(PublicKey key, byte[] message, byte[] signature) {
    try {
      Signature check = Signature.getInstance(algorithm(key));
      check.initVerify(key);
      check.update(message);
      return check.verify(signature);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  /** What a bundle calls a key: SHA-256 of its PEM text. */
  static String hint(PublicKey key) {
    if (!(key instanceof ECPublicKey)) {
      throw new IllegalArgumentException(key.getAlgorithm());
    }
    String lines = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key.getEncoded());
    return Hashes.sha256("-----BEGIN PUBLIC KEY-----\n" + lines + "\n-----END PUBLIC KEY-----\n");
  }
}
