package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.fixtures.Fixture;

/** {@code sign}, {@code verify-signature} and what {@code inspect} says of them, by exit code. */
class SignCommandTest {
  private static final Path KEYS = Path.of("src/test/resources/signatures");

  @TempDir Path temp;
  private String model;

  @BeforeEach
  void signed() throws IOException {
    Path folder = Files.createDirectory(temp.resolve("model"));
    for (String file : new String[] {"config.json", "model.safetensors"}) {
      Files.copy(Fixture.named("llama").folder().resolve(file), folder.resolve(file));
    }
    Files.writeString(
        folder.resolve("unlearning.json"), "{\"method\": {\"objective\": {\"name\": \"NPO\"}}}");
    model = folder.toString();
    CommandRun r = CommandRun.of("sign", model, "--key", KEYS.resolve("p256.pem").toString());
    assertEquals(ExitCode.DONE, r.code(), r.err());
    assertTrue(r.out().contains("model.sig") && r.out().contains("unlearning.sig"), r.out());
  }

  private CommandRun verify(String key) {
    return CommandRun.of("verify-signature", model, "--key", KEYS.resolve(key).toString());
  }

  @Test
  void aFolderAsItWasSigned() {
    CommandRun r = verify("p256-pub.pem");
    assertEquals(0, r.code(), r.err());
    assertEquals(model + ": as signed", r.out().strip());
  }

  @Test
  void aChangedByteIsExitCodeOneAndNamed() throws IOException {
    Path weights = Path.of(model, "model.safetensors");
    byte[] bytes = Files.readAllBytes(weights);
    bytes[bytes.length - 1] ^= 1;
    Files.write(weights, bytes);
    CommandRun r = verify("p256-pub.pem");
    assertEquals(1, r.code(), r.err());
    assertTrue(r.out().contains("model.safetensors"), r.out());
    assertTrue(r.out().strip().endsWith(model + ": not as signed"), r.out());
    assertEquals(1, verify("p384-pub.pem").code(), "somebody else's key");
  }

  @Test
  void noSignatureIsAMistake() throws IOException {
    Files.delete(Path.of(model, "model.sig"));
    CommandRun r = verify("p256-pub.pem");
    assertEquals(2, r.code(), r.out());
    assertTrue(r.err().contains("model.sig"), r.err());
  }

  @Test
  void inspectSaysWhatSignaturesClaim() {
    CommandRun r = CommandRun.of("inspect", model, "--json");
    assertEquals(0, r.code(), r.err());
    for (String claim : new String[] {"model.sig", "unlearning.sig"}) {
      assertTrue(r.out().contains(claim), r.out());
    }
  }
}
