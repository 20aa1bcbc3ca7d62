package org.unlearn4j.requests;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.UserException;
import org.unlearn4j.ledger.Entry;
import org.unlearn4j.ledger.History;
import org.unlearn4j.ledger.KeyedRows;
import org.unlearn4j.ledger.Ledger;
import org.unlearn4j.ledger.RequestKey;
import org.unlearn4j.ledger.SealedRows;

/**
 * Takes the text of what was forgotten out of the clear: rows become one encrypted file, or keyed
 * hashes. Files of runs that repeat text (data, evaluations, reports) are removed with them.
 */
public final class PutAway {
  /** What a run folder holds that may repeat rows. */
  private static final List<String> WITH_TEXT =
      List.of(
          "data",
          "check/data",
          "check/deployed.json",
          "check/retain.json",
          "check/first.json",
          "alone/data",
          "eval",
          "report.html",
          "report",
          "relearn.json",
          "attacks.json");

  private final RequestFolder folder;
  private final Requests requests;

  /** For the requests of a folder. */
  public PutAway(RequestFolder folder, Requests requests) {
    this.folder = folder;
    this.requests = requests;
  }

  private RequestKey key() {
    return folder
        .key()
        .orElseThrow(
            () -> new UserException("--key: found nothing, expected the file of your own key."));
  }

  /**
   * Encrypts the rows of a request. A second call goes on where a first one was killed.
   *
   * @return a sentence, and one for each file in which the text of a row still stands
   * @throws UserException if the request has not been run, or its rows are no longer there
   */
  public String seal(String request) {
    RequestKey key = key();
    return requests.alone(
        () -> {
          Ledger ledger = Ledger.read(folder.root());
          History.Standing standing = standing(ledger, request);
          requireRows(request, standing);
          if (standing.sealed().isPresent()) {
            throw told(request, "sealed since " + standing.sealed().get());
          }
          // First the sealed file, then the record, then the clear ones: whatever a kill leaves
          // behind, nothing is lost, and what is sealed is written down.
          SortedMap<String, byte[]> rows = folder.rows(request, ledger.history());
          Path sealed = folder.request(request).resolve(SealedRows.FILE);
          SealedRows.write(sealed, request, rows, key);
          SortedMap<String, byte[]> back = SealedRows.read(sealed, request, key);
          if (!back.keySet().equals(rows.keySet())) {
            throw UserException.at(sealed, "", "other rows than were sealed", "the same");
          }
          ledger.append(Entry.Kind.SEALED, content(request, sealed));
          clear(request, ledger.history());
          return request + ": rows are encrypted; later runs need --key." + left(request, rows);
        });
  }

  /**
   * Reduces the rows of a request to keyed hashes, for good.
   *
   * @return a sentence, and one for each file in which the text of a row still stands
   */
  public String forgetText(String request) {
    RequestKey key = key();
    return requests.alone(
        () -> {
          Ledger ledger = Ledger.read(folder.root());
          requireRows(request, standing(ledger, request));
          SortedMap<String, byte[]> rows = folder.rows(request, ledger.history());
          Path hashes = folder.request(request).resolve(KeyedRows.FILE);
          KeyedRows.write(hashes, rows, key);
          Ledger after = ledger.append(Entry.Kind.TEXT_FORGOTTEN, content(request, hashes));
          clear(request, after.history());
          AtomicFiles.deleteTree(folder.request(request).resolve(SealedRows.FILE));
          return request
              + ": rows are keyed hashes; not checkable since "
              + after.entries().get(after.entries().size() - 1).at()
              + "."
              + left(request, rows);
        });
  }

  /**
   * Files of the folder that hold text of rows all the same: what runs wrote is removed by name.
   */
  private String left(String request, SortedMap<String, byte[]> rows) {
    StringBuilder lines = new StringBuilder();
    for (Path file : LeftText.of(folder.request(request), rows).in(folder.root())) {
      lines.append('\n').append(file).append(" still holds text of these rows.");
    }
    return lines.toString();
  }

  /** Finishes what a kill left: clear rows of requests that the ledger has put away. */
  void finish(History history) {
    history
        .requests()
        .forEach(
            (name, standing) -> {
              boolean gone = standing.notCheckable().isPresent();
              if (gone || standing.sealed().isPresent()) {
                clear(name, history);
              }
              if (gone) {
                AtomicFiles.deleteTree(folder.request(name).resolve(SealedRows.FILE));
              }
            });
  }

  private void clear(String request, History history) {
    for (String file : RequestFolder.ROWS) {
      AtomicFiles.deleteTree(folder.request(request).resolve(file));
    }
    AtomicFiles.deleteTree(folder.request(request).resolve(RequestFolder.REVIEW));
    for (Path run : runs(history)) {
      scrub(run);
    }
  }

  /** Removes what a run folder holds that may repeat rows. */
  static void scrub(Path run) {
    WITH_TEXT.forEach(name -> AtomicFiles.deleteTree(run.resolve(name)));
  }

  /** Every run folder: any may have measured the request. */
  private List<Path> runs(History history) {
    List<Path> runs = new ArrayList<>();
    history.steps().forEach(s -> runs.add(folder.root().resolve(s.what().run())));
    String[] names = folder.runs().toFile().list();
    for (String name : names == null ? new String[0] : names) {
      Path run = folder.runs().resolve(name);
      if (Files.isDirectory(run) && !runs.contains(run)) {
        runs.add(run);
      }
    }
    return runs;
  }

  private History.Standing standing(Ledger ledger, String request) {
    History.Standing standing = ledger.history().requests().get(request);
    if (standing == null) {
      throw told(request, "a request that the ledger does not know");
    }
    return standing;
  }

  private void requireRows(String request, History.Standing standing) {
    standing
        .notCheckable()
        .ifPresent(
            at -> {
              throw told(request, "only keyed hashes of its rows since " + at);
            });
  }

  private UserException told(String request, String found) {
    return UserException.at(
        folder.request(request), "", found, "a request that was run and has its rows");
  }

  private static ObjectNode content(String request, Path file) {
    return new ObjectMapper()
        .createObjectNode()
        .put("request", request)
        .put("file", String.valueOf(file.getFileName()))
        .put("sha256", RequestFolder.sha256(RequestFolder.bytes(file)));
  }
}
