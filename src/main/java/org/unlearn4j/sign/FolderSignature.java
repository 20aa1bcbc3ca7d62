package org.unlearn4j.sign;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.ModelFiles;
import org.unlearn4j.base.UserException;

/**
 * The two signatures of a folder: {@value #MODEL} over every file, in the format of OpenSSF Model
 * Signing, and {@value #RECORD} over what was unlearned, whose subject is the same model.
 */
public final class FolderSignature {
  public static final String MODEL = "model.sig";
  public static final String RECORD = "unlearning.sig";

  static final String STATEMENT = "https://in-toto.io/Statement/v1";
  static final String UNLEARNING = "https://unlearn4j.org/unlearning/v1";

  private static final List<String> OWN = List.of(MODEL, RECORD);
  private static final ObjectMapper JSON = new ObjectMapper();

  private FolderSignature() {}

  /**
   * Signs a folder, in place of earlier signatures.
   *
   * @param key a private key of P-256, P-384 or P-521 in PEM
   * @return the files written
   * @throws UserException if the key is none, or the folder has links in it
   */
  public static List<Path> sign(Path folder, Path key) {
    KeyPair pair = EcKeys.keyPair(key);
    Manifest manifest = Manifest.of(folder, OWN);
    Optional<Path> inside = inside(folder, key);
    if (inside.isPresent()) {
      throw UserException.at(
          key,
          "",
          "the private key inside the folder to sign",
          "the key outside it, because the folder is given away");
    }
    List<Path> written = new ArrayList<>(List.of(folder.resolve(MODEL)));
    Bundle.sign(statement(manifest, Manifest.PREDICATE, manifest.predicate()), pair)
        .write(written.get(0));
    Optional<ObjectNode> record = record(folder);
    record.ifPresent(
        r -> {
          written.add(folder.resolve(RECORD));
          Bundle.sign(statement(manifest, UNLEARNING, r), pair).write(written.get(1));
        });
    return written;
  }

  private static Optional<Path> inside(Path folder, Path key) {
    Path root = folder.toAbsolutePath().normalize();
    return Optional.of(key.toAbsolutePath().normalize()).filter(k -> k.startsWith(root));
  }

  /** The record of unlearning, whole: what was forgotten by hash, how, and what was measured. */
  private static Optional<ObjectNode> record(Path folder) {
    Path file = folder.resolve(ModelFiles.UNLEARNING);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    JsonInput json = JsonInput.read(file, "the record of an unlearning");
    if (!(json.node() instanceof ObjectNode root)) {
      throw json.mistake("a JSON object");
    }
    return Optional.of(root);
  }

  private static ObjectNode statement(Manifest of, String type, ObjectNode predicate) {
    ObjectNode statement = JSON.createObjectNode().put("_type", STATEMENT);
    statement
        .putArray("subject")
        .addObject()
        .put("name", of.name())
        .putObject("digest")
        .put("sha256", of.root());
    statement.put("predicateType", type).set("predicate", predicate);
    return statement;
  }

  /**
   * Holds a folder against its signatures.
   *
   * @param key the public key of whoever should have signed, in PEM
   * @param signature of the files; {@value #MODEL} in the folder unless said
   * @return what is wrong; empty where the folder is as it was signed
   * @throws UserException if the key is none, or there is no signature to look at
   */
  public static List<Finding> verify(Path folder, Path key, Optional<Path> signature) {
    PublicKey open = EcKeys.publicKey(key);
    Bundle bundle = Bundle.read(signature.orElse(folder.resolve(MODEL)));
    List<Finding> findings = new ArrayList<>(signed(bundle, open, Manifest.PREDICATE));
    if (!findings.isEmpty()) {
      return findings; // what nobody has signed says nothing of files
    }
    JsonNode statement = bundle.statement();
    String name = statement.path("subject").path(0).path("name").asText();
    Manifest expected;
    try {
      expected = Manifest.read(name, statement.path("predicate"));
    } catch (IllegalArgumentException e) {
      return List.of(new Finding(Finding.Kind.STATEMENT, e.getMessage()));
    }
    if (!expected.root().equals(root(statement))) {
      return List.of(
          new Finding(
              Finding.Kind.ROOT_DIGEST, root(statement) + ", its files " + expected.root()));
    }
    List<String> ignored = new ArrayList<>(expected.ignored());
    OWN.stream().filter(o -> !expected.files().containsKey(o)).forEach(ignored::add);
    findings.addAll(Finding.between(expected, Manifest.of(folder, ignored)));
    Path record = folder.resolve(RECORD);
    if (Files.isRegularFile(record)) {
      findings.addAll(record(folder, Bundle.read(record), open, expected.root()));
    } else if (expected.ignored().contains(RECORD)
        && expected.files().containsKey(ModelFiles.UNLEARNING)) {
      findings.add(new Finding(Finding.Kind.RECORD_MISSING, RECORD));
    }
    return findings;
  }

  private static String root(JsonNode statement) {
    return statement.path("subject").path(0).path("digest").path("sha256").asText();
  }

  /** Whether it is this key's signature on a statement of the kind. */
  private static List<Finding> signed(Bundle bundle, PublicKey key, String predicate) {
    String own = EcKeys.hint(key);
    if (!bundle.hint().isEmpty() && !bundle.hint().equals(own)) {
      return List.of(new Finding(Finding.Kind.OTHER_KEY, bundle.hint() + ", expected " + own));
    }
    if (!bundle.verifies(key)) {
      return List.of(new Finding(Finding.Kind.SIGNATURE, bundle.payload().length + " bytes"));
    }
    JsonNode statement = bundle.statement();
    String type = statement.path("predicateType").asText();
    boolean kind =
        bundle.payloadType().equals(Bundle.IN_TOTO)
            && statement.path("_type").asText().equals(STATEMENT)
            && statement.path("subject").size() == 1
            && type.equals(predicate);
    return kind ? List.of() : List.of(new Finding(Finding.Kind.STATEMENT, "\"" + type + "\""));
  }

  private static List<Finding> record(Path folder, Bundle bundle, PublicKey key, String root) {
    List<Finding> wrong = signed(bundle, key, UNLEARNING);
    if (!wrong.isEmpty()) {
      return wrong.stream().map(f -> f.in(RECORD)).toList();
    }
    JsonNode statement = bundle.statement();
    if (!root(statement).equals(root)) {
      return List.of(new Finding(Finding.Kind.RECORD_OF_ANOTHER, root(statement)));
    }
    boolean same = record(folder).map(r -> r.equals(statement.path("predicate"))).orElse(false);
    return same ? List.of() : List.of(new Finding(Finding.Kind.RECORD_CHANGED, RECORD));
  }

  /**
   * What the signatures of a folder say of themselves; nothing of it is checked.
   *
   * @param signature the file
   * @param key the hint of its key
   * @param predicate the statement's type
   * @param subject digest of all digests
   * @param files how many the statement names
   */
  public record Claim(String signature, String key, String predicate, String subject, int files) {}

  /** The claims of the signatures that a folder has. */
  public static List<Claim> claims(Path folder) {
    List<Claim> claims = new ArrayList<>();
    for (String name : OWN) {
      if (Files.isRegularFile(folder.resolve(name))) {
        Bundle bundle = Bundle.read(folder.resolve(name));
        JsonNode s = bundle.statement();
        claims.add(
            new Claim(
                name,
                bundle.hint(),
                s.path("predicateType").asText(),
                root(s),
                s.path("predicate").path("resources").size()));
      }
    }
    return claims;
  }
}
