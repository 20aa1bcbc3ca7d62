package org.unlearn4j.sign;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.util.Base64;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.UserException;

/**
 * A Sigstore bundle: a DSSE envelope around an in-toto statement, and which key to check it with.
 *
 * @param hint what the key is called; empty where the bundle does not say
 * @param payload the statement's bytes
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Bundle(String hint, String payloadType, byte[] payload, byte[] signature) {
  static final String MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";
  static final String IN_TOTO = "application/vnd.in-toto+json";

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Signs a statement. */
  static Bundle sign(ObjectNode statement, KeyPair key) {
    try {
      byte[] payload = JSON.writeValueAsBytes(statement);
      byte[] signature = EcKeys.sign(key.getPrivate(), encoded(IN_TOTO, payload));
      return new Bundle(EcKeys.hint(key.getPublic()), IN_TOTO, payload, signature);
    } catch (JsonProcessingException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** DSSE's pre-authentication encoding, version 1. */
  static byte[] encoded(String type, byte[] payload) {
    int length = type.getBytes(StandardCharsets.UTF_8).length;
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    String head = "DSSEv1 " + length + " " + type + " " + payload.length + " ";
    all.writeBytes(head.getBytes(StandardCharsets.UTF_8));
    all.writeBytes(payload);
    return all.toByteArray();
  }

  boolean verifies(PublicKey key) {
    return EcKeys.verifies(key, encoded(payloadType, payload), signature);
  }

  /** The statement; what is no JSON gives an empty one. */
  JsonNode statement() {
    try {
      return JSON.readTree(new String(payload, StandardCharsets.UTF_8));
    } catch (JsonProcessingException e) {
      return JSON.createObjectNode();
    }
  }

  void write(Path file) {
    ObjectNode root = JSON.createObjectNode();
    root.put("mediaType", MEDIA_TYPE);
    ObjectNode material = root.putObject("verificationMaterial");
    material.putObject("publicKey").put("hint", hint);
    material.putArray("tlogEntries");
    ObjectNode envelope = root.putObject("dsseEnvelope");
    Base64.Encoder base64 = Base64.getEncoder();
    envelope.put("payload", base64.encodeToString(payload)).put("payloadType", payloadType);
    envelope
        .putArray("signatures")
        .addObject()
        .put("sig", base64.encodeToString(signature))
        .put("keyid", "");
    AtomicFiles.writeFile(file, p -> JSON.writeValue(p.toFile(), root));
  }

  /**
   * Reads a bundle.
   *
   * @throws UserException if the file is not there or no bundle of this kind
   */
  static Bundle read(Path file) {
    JsonInput root = JsonInput.read(file, "a Sigstore bundle");
    JsonInput type = root.get("mediaType");
    if (!type.text().equals(MEDIA_TYPE)) {
      throw type.mistake(MEDIA_TYPE);
    }
    JsonInput material = root.get("verificationMaterial").get("publicKey");
    if (!material.present()) {
      throw material.mistake("the hint of a public key, because certificates are not supported");
    }
    JsonInput envelope = root.get("dsseEnvelope");
    JsonInput signatures = envelope.get("signatures");
    if (signatures.elements().size() != 1) {
      throw signatures.mistake("one signature");
    }
    JsonInput hint = material.get("hint");
    return new Bundle(
        hint.present() ? hint.text() : "",
        envelope.get("payloadType").text(),
        bytes(envelope.get("payload")),
        bytes(signatures.elements().get(0).get("sig")));
  }

  private static byte[] bytes(JsonInput base64) {
    try {
      return Base64.getDecoder().decode(base64.text());
    } catch (IllegalArgumentException e) {
      throw base64.mistake("base64");
    }
  }
}
