package org.unlearn4j.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.base.UserException;

/** What users bring to attacks. */
class AttackFileTest {
  @TempDir Path temp;

  private Path file(String text) throws IOException {
    return Files.writeString(temp.resolve("a.jsonl"), text);
  }

  @Test
  void promptsAndNames() throws IOException {
    Path prompts = file("{\"prompt\": \"Tell\\nme:\", \"keywords\": [\"Coral\", \"1995\"]}\n\n");
    assertEquals(
        List.of(new AttackFile.Own("Tell\nme:", List.of("Coral", "1995"))),
        AttackFile.prompts(prompts));
    Path names = file("{\"name\": \"Beata Aststed\", \"aliases\": [\"B. A.\"]}\n");
    assertEquals(Map.of("Beata Aststed", List.of("B. A.")), AttackFile.aliases(names));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"keywords\": [\"a\"]}",
        "{\"prompt\": \"\", \"keywords\": [\"a\"]}",
        "{\"prompt\": \"p\"}",
        "{\"prompt\": \"p\", \"keywords\": []}",
        "{\"prompt\": \"p\", \"keywords\": [1]}",
        "{\"prompt\": \"p\", \"keywords\": \"a\"}"
      })
  void aMistakeIsNamedByItsLine(String line) throws IOException {
    Path file = file("{\"prompt\": \"p\", \"keywords\": [\"a\"]}\n" + line + "\n");
    UserException e = assertThrows(UserException.class, () -> AttackFile.prompts(file));
    assertTrue(e.getMessage().contains("a.jsonl, line 2: found "), e.getMessage());
  }

  @Test
  void noneAndOneTwice() throws IOException {
    Path none = file("\n");
    assertThrows(UserException.class, () -> AttackFile.prompts(none));
    String name = "{\"name\": \"A\", \"aliases\": [\"B\"]}\n";
    Path twice = file(name + name);
    UserException e = assertThrows(UserException.class, () -> AttackFile.aliases(twice));
    assertTrue(e.getMessage().contains("line 2: found the name A again"), e.getMessage());
  }
}
