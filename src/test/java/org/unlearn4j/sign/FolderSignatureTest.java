package org.unlearn4j.sign;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Base64;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.UserException;

/** A folder as it was signed, and every way in which it may not be. */
class FolderSignatureTest {
  private static final Path KEYS = Path.of("src/test/resources/signatures");
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path temp;

  private Path folder() throws IOException {
    Path folder = Files.createDirectories(temp.resolve("a-model"));
    Files.createDirectories(folder.resolve("onnx"));
    Files.writeString(folder.resolve("config.json"), "{}");
    Files.writeString(folder.resolve("onnx/model.onnx"), "graph");
    Files.writeString(folder.resolve("onnx/model.onnx_data"), "weights");
    Files.writeString(folder.resolve("onnx-notes.txt"), "of a file beside the folder");
    Files.writeString(folder.resolve("unlearning.json"), "{\"objective\": {\"name\": \"NPO\"}}");
    return folder;
  }

  private Path signed() throws IOException {
    Path folder = folder();
    FolderSignature.sign(folder, KEYS.resolve("p256.pem"));
    return folder;
  }

  private static List<Finding.Kind> found(Path folder, String key) {
    return FolderSignature.verify(folder, KEYS.resolve(key), Optional.empty()).stream()
        .map(Finding::kind)
        .toList();
  }

  @ParameterizedTest
  @CsvSource({"p256, p256", "p256-sec1, p256", "p384, p384", "p521, p521"})
  void aSignedFolderIsAsSigned(String secret, String open) throws IOException {
    Path folder = folder();
    List<Path> written = FolderSignature.sign(folder, KEYS.resolve(secret + ".pem"));
    assertEquals(List.of(folder.resolve("model.sig"), folder.resolve("unlearning.sig")), written);
    assertEquals(List.of(), found(folder, open + "-pub.pem"));
    FolderSignature.sign(folder, KEYS.resolve(secret + ".pem")); // in place of the first
    assertEquals(List.of(), found(folder, open + "-pub.pem"));
  }

  /** Another implementation's signature of its own test folder, P-384. */
  @Test
  void theReferenceImplementationsSignatureVerifies() {
    assertEquals(List.of(), found(KEYS.resolve("published"), "published-pub.pem"));
    // SHA-256 of the digests of "signme-1\n" and "signme-2\n", which the vector states.
    assertEquals(
        "92745110b1ab4368471cbe31664e10174e954b113a3df333db860317b2c6dec4",
        Manifest.of(KEYS.resolve("published"), List.of("model.sig", "ignore-me")).root());
  }

  /** Field by field what the published format has, and nothing that it has not. */
  @Test
  void theBundleIsOfThePublishedForm() throws IOException {
    Path folder = signed();
    JsonNode bundle = JSON.readTree(folder.resolve("model.sig").toFile());
    JsonNode published = JSON.readTree(KEYS.resolve("published/model.sig").toFile());
    assertEquals(shape(published), shape(bundle));
    assertEquals(published.path("mediaType"), bundle.path("mediaType"));
    JsonNode ours = payload(bundle);
    JsonNode theirs = payload(published);
    for (String key : List.of("_type", "predicateType")) {
      assertEquals(theirs.path(key), ours.path(key), key);
    }
    for (String key : List.of("method", "hash_type", "allow_symlinks")) {
      JsonNode of = theirs.path("predicate").path("serialization").path(key);
      assertEquals(of, ours.path("predicate").path("serialization").path(key), key);
    }
    List<String> names = ours.path("predicate").path("resources").findValuesAsText("name");
    // By path parts: a folder's files come before those of a longer name.
    assertEquals(
        List.of(
            "config.json",
            "onnx/model.onnx",
            "onnx/model.onnx_data",
            "onnx-notes.txt",
            "unlearning.json"),
        names);
    String pem = Files.readString(KEYS.resolve("p256-pub.pem"));
    assertEquals(
        Hashes.sha256(pem),
        bundle.path("verificationMaterial").path("publicKey").path("hint").asText());
    JsonNode record = payload(JSON.readTree(folder.resolve("unlearning.sig").toFile()));
    assertEquals("NPO", record.path("predicate").path("objective").path("name").asText());
    assertEquals(ours.path("subject"), record.path("subject"));
  }

  private static JsonNode payload(JsonNode bundle) throws IOException {
    return JSON.readTree(
        Base64.getDecoder().decode(bundle.path("dsseEnvelope").path("payload").asText()));
  }

  /** Names of fields without their values. */
  private static String shape(JsonNode node) {
    StringBuilder shape = new StringBuilder();
    node.properties()
        .forEach(e -> shape.append(e.getKey()).append('{').append(shape(e.getValue())).append('}'));
    node.elements().forEachRemaining(e -> shape.append(node.isArray() ? shape(e) : ""));
    return shape.toString();
  }

  /** Does something to a signed folder. */
  private interface Tampering {
    void with(Path folder) throws IOException;
  }

  @SuppressWarnings("ArrayRecordComponent") // made here, read once
  private record Case(String name, Tampering tampering, Finding.Kind... expected) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static void write(Path file, String text) throws IOException {
    Files.writeString(file, text);
  }

  /** Changes what is in the bundle, leaving its form whole. */
  private static void bundle(Path file, java.util.function.Consumer<ObjectNode> change)
      throws IOException {
    ObjectNode root = (ObjectNode) JSON.readTree(file.toFile());
    change.accept(root);
    JSON.writeValue(file.toFile(), root);
  }

  private static void otherPayload(ObjectNode root, String from, String to) {
    ObjectNode envelope = (ObjectNode) root.path("dsseEnvelope");
    String text =
        new String(
            Base64.getDecoder().decode(envelope.path("payload").asText()), StandardCharsets.UTF_8);
    assertTrue(text.contains(from), text);
    byte[] changed = text.replace(from, to).getBytes(StandardCharsets.UTF_8);
    envelope.put("payload", Base64.getEncoder().encodeToString(changed));
  }

  /** The statement changed and signed again with the right key. */
  private static void resigned(Path file, java.util.function.Consumer<ObjectNode> change)
      throws IOException {
    ObjectNode statement = (ObjectNode) Bundle.read(file).statement();
    change.accept(statement);
    Bundle.sign(statement, EcKeys.keyPair(KEYS.resolve("p256.pem"))).write(file);
  }

  static Stream<Case> cases() {
    return Stream.of(
        new Case(
            "a byte changed",
            f -> write(f.resolve("onnx/model.onnx_data"), "weightz"),
            Finding.Kind.CHANGED),
        new Case(
            "a file deleted", f -> Files.delete(f.resolve("config.json")), Finding.Kind.MISSING),
        new Case("a file added", f -> write(f.resolve("onnx/extra.onnx"), "x"), Finding.Kind.ADDED),
        new Case(
            "a file renamed",
            f -> Files.move(f.resolve("onnx/model.onnx"), f.resolve("onnx/model_q4.onnx")),
            Finding.Kind.RENAMED),
        new Case(
            "two files exchanged",
            f -> {
              write(f.resolve("onnx/model.onnx"), "weights");
              write(f.resolve("onnx/model.onnx_data"), "graph");
            },
            Finding.Kind.EXCHANGED,
            Finding.Kind.EXCHANGED),
        new Case(
            "signed by somebody else",
            f -> FolderSignature.sign(f, KEYS.resolve("p384.pem")),
            Finding.Kind.OTHER_KEY),
        new Case(
            "somebody else's signature under our key's name",
            f -> {
              String hint =
                  JSON.readTree(f.resolve("model.sig").toFile()).findValue("hint").asText();
              FolderSignature.sign(f, KEYS.resolve("p384.pem"));
              bundle(f.resolve("model.sig"), r -> r.findParent("hint").put("hint", hint));
            },
            Finding.Kind.SIGNATURE),
        new Case(
            "a digest in the statement changed",
            f -> bundle(f.resolve("model.sig"), r -> otherPayload(r, "config.json", "konfig.json")),
            Finding.Kind.SIGNATURE),
        new Case(
            "an older hash of all, signed",
            f ->
                resigned(
                    f.resolve("model.sig"),
                    s -> s.findParent("sha256").put("sha256", "0".repeat(64))),
            Finding.Kind.ROOT_DIGEST),
        new Case(
            "another kind of statement in its place",
            f ->
                Files.copy(
                    f.resolve("unlearning.sig"),
                    f.resolve("model.sig"),
                    StandardCopyOption.REPLACE_EXISTING),
            Finding.Kind.STATEMENT),
        new Case(
            "the record deleted",
            f -> Files.delete(f.resolve("unlearning.sig")),
            Finding.Kind.RECORD_MISSING),
        new Case(
            "another model's record, signed",
            f ->
                resigned(
                    f.resolve("unlearning.sig"),
                    s -> s.findParent("sha256").put("sha256", "1".repeat(64))),
            Finding.Kind.RECORD_OF_ANOTHER),
        new Case(
            "the record's statement changed",
            f -> bundle(f.resolve("unlearning.sig"), r -> otherPayload(r, "NPO", "DPO")),
            Finding.Kind.SIGNATURE),
        new Case(
            "the record another one, signed",
            f ->
                resigned(
                    f.resolve("unlearning.sig"),
                    s -> ((ObjectNode) s.path("predicate")).put("objective", "none")),
            Finding.Kind.RECORD_CHANGED));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void tamperingIsToldApart(Case c) throws IOException {
    Path folder = signed();
    c.tampering.with(folder);
    assertEquals(List.of(c.expected), found(folder, "p256-pub.pem"), c.name);
  }

  @Test
  void everyKindIsMet() {
    Set<Finding.Kind> met = EnumSet.noneOf(Finding.Kind.class);
    cases().forEach(c -> met.addAll(List.of(c.expected)));
    assertEquals(EnumSet.allOf(Finding.Kind.class), met);
  }

  @Test
  void whatGitKeepsIsNoPartOfAModel() throws IOException {
    Path folder = signed();
    Files.createDirectories(folder.resolve(".git"));
    write(folder.resolve(".git/HEAD"), "ref");
    write(folder.resolve(".gitattributes"), "*.onnx");
    assertEquals(List.of(), found(folder, "p256-pub.pem"));
    write(folder.resolve(".hidden"), "x");
    assertEquals(List.of(Finding.Kind.ADDED), found(folder, "p256-pub.pem"));
  }

  @Test
  void aLinkIsNotFollowed() throws IOException {
    Path folder = signed();
    Files.delete(folder.resolve("config.json"));
    Files.createSymbolicLink(folder.resolve("config.json"), temp.resolve("elsewhere"));
    String message =
        assertThrows(UserException.class, () -> found(folder, "p256-pub.pem")).getMessage();
    assertTrue(message.contains("found a link"), message);
  }

  @Test
  void whatIsNoKeyIsSaid() throws IOException {
    Path folder = signed();
    for (String key : List.of("k256.pem", "p256-pub.pem", "README.md", "nowhere.pem")) {
      String message =
          assertThrows(UserException.class, () -> FolderSignature.sign(folder, KEYS.resolve(key)))
              .getMessage();
      assertTrue(message.contains("expected a key of P-256"), message);
    }
    Files.copy(KEYS.resolve("p256.pem"), folder.resolve("key.pem"));
    String inside =
        assertThrows(
                UserException.class, () -> FolderSignature.sign(folder, folder.resolve("key.pem")))
            .getMessage();
    assertTrue(inside.contains("found the private key inside the folder to sign"), inside);
  }

  @Test
  void claimsAreReadUnchecked() throws IOException {
    Path folder = signed();
    List<FolderSignature.Claim> claims = FolderSignature.claims(folder);
    assertEquals(
        List.of("model.sig", "unlearning.sig"), claims.stream().map(c -> c.signature()).toList());
    assertEquals(5, claims.get(0).files());
    assertEquals(claims.get(0).subject(), claims.get(1).subject());
    assertFalse(claims.get(0).key().isEmpty());
  }
}
