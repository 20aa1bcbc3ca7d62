package org.unlearn4j.requests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.UserException;

/** A ledger that another row, template or change has made is not taken for a row's own. */
class StrategyStudyTest {
  private static final List<String> OWN = List.of("unlearn.epochs=2", "unlearn.seed=0");

  @TempDir Path temp;
  private Path template;
  private Path root;

  @BeforeEach
  void made() throws IOException {
    template = Files.writeString(temp.resolve("template.yaml"), "unlearn: {epochs: 3}\n");
    root = temp.resolve("held-0");
    study("held", "questions", 2).folder(root, OWN);
  }

  private record One(StrategyStudy study) {
    void folder(Path root, List<String> own) {
      study.folder(study.strategies().get(0), root, own);
    }
  }

  private One study(String strategy, String rows, int requests) throws IOException {
    Path file =
        Files.writeString(
            temp.resolve("study.yaml"),
            "pipeline: %s\nseeds: [0]\nstrategies:\n  held: {strategy: %s, rows: %s, requests: %d}\n"
                .formatted(template, strategy, rows, requests));
    return new One(StrategyStudy.read(file));
  }

  private void refused(String found, String expected, One study, List<String> own) {
    String message = assertThrows(UserException.class, () -> study.folder(root, own)).getMessage();
    assertTrue(message.contains(found) && message.contains(expected), message);
  }

  @Test
  void theSameRowGoesOn() throws IOException {
    long before = Files.getLastModifiedTime(root.resolve(RequestsFile.FILE)).toMillis();
    study("held", "questions", 2).folder(root, OWN);
    assertEquals(before, Files.getLastModifiedTime(root.resolve(RequestsFile.FILE)).toMillis());
    assertTrue(Files.isRegularFile(temp.resolve("held-0.row")));
  }

  @Test
  void anythingElseIsRefused() throws IOException {
    refused("strategy: held", "strategy: together", study("together", "questions", 2), OWN);
    refused("rows: questions", "rows: articles", study("held", "articles", 2), OWN);
    refused("requests: 2", "requests: 3", study("held", "questions", 3), OWN);
    refused(
        "unlearn.epochs=2",
        "unlearn.epochs=4",
        study("held", "questions", 2),
        List.of("unlearn.epochs=4", "unlearn.seed=0"));
    Files.writeString(template, "unlearn: {epochs: 4}\n");
    refused("template: ", "template: ", study("held", "questions", 2), OWN);
  }

  @Test
  void aLedgerWithoutARecordIsRefusedAndAMissingOneIsMadeAnew() throws IOException {
    Files.delete(temp.resolve("held-0.row"));
    refused(
        "no " + temp.resolve("held-0.row"), "strategy: held", study("held", "questions", 2), OWN);
    AtomicFiles.deleteTree(root);
    study("held", "articles", 1).folder(root, OWN);
    assertTrue(Files.readString(temp.resolve("held-0.row")).contains("rows: articles"));
  }
}
