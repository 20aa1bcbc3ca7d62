package org.unlearn4j.requests;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.base.UserException;
import org.unlearn4j.ledger.ChainCheck;
import org.unlearn4j.ledger.FilesCheck;
import org.unlearn4j.ledger.History;
import org.unlearn4j.ledger.Ledger;
import org.unlearn4j.report.LedgerPage;

/** What is said about a ledger without running anything. */
public final class RequestsCheck {
  private RequestsCheck() {}

  /**
   * Checks that the chain is whole, and that the files that it names are what they were.
   *
   * @param kept a hash of a last record that was kept elsewhere
   * @param out told every mistake, or that there is none, and the last hash
   * @return whether all of it holds
   * @throws UserException if there is no ledger, or {@code kept} is no hash
   */
  public static boolean verify(RequestFolder folder, Optional<String> kept, PrintStream out) {
    Path file = folder.root().resolve(Ledger.FILE);
    if (!Files.isRegularFile(file)) {
      throw UserException.at(file, "", "no such file", "the ledger that requests run writes");
    }
    kept.filter(hash -> !hash.matches("[0-9a-f]{64}"))
        .ifPresent(
            hash -> {
              throw new UserException(
                  "--last: found " + hash + ", expected 64 hexadecimal digits.");
            });
    ChainCheck.Result result = ChainCheck.of(file);
    List<String> mistakes = new ArrayList<>(result.mistakes());
    kept.flatMap(hash -> ChainCheck.against(result, file, hash)).ifPresent(mistakes::add);
    if (result.mistakes().isEmpty()) {
      FilesCheck.Result files = FilesCheck.of(folder.root(), Ledger.read(folder.root()).history());
      mistakes.addAll(files.mistakes());
      files.absent().forEach(a -> out.println(a + ": not there any more, and so not checked."));
    }
    mistakes.forEach(out::println);
    if (mistakes.isEmpty()) {
      out.println(file + ": " + result.entries().size() + " records, a whole chain.");
    }
    result
        .last()
        .ifPresent(
            hash -> {
              out.println("last hash: " + hash);
              if (kept.isEmpty()) {
                out.println(
                    "A tail that was cut off shows only against a signature of the ledger or a last"
                        + " hash that is kept elsewhere: keep this one, and give it as --last.");
              }
            });
    return mistakes.isEmpty();
  }

  /** A line a request: how it stands, and whether it still holds on the model in use. */
  public static List<String> list(RequestFolder folder) {
    Ledger ledger = Ledger.read(folder.root());
    History history = ledger.history();
    Map<String, Map<String, Double>> now =
        history.inUse().map(s -> s.what().checks()).orElse(Map.of());
    List<String> lines = new ArrayList<>();
    for (Map.Entry<String, History.Standing> request : history.requests().entrySet()) {
      History.Standing standing = request.getValue();
      StringBuilder line = new StringBuilder(request.getKey()).append(": ");
      line.append(standing.state().name().toLowerCase(Locale.ROOT).replace('_', ' '));
      line.append(" since ").append(standing.since());
      Double value = now.getOrDefault(request.getKey(), Map.of()).get(History.HELD_BY);
      if (standing.notCheckable().isPresent()) {
        line.append("; not checkable since ").append(standing.notCheckable().get());
      } else if (value != null && standing.state() == History.State.FORGOTTEN) {
        line.append(String.format(Locale.ROOT, "; %s now %.4f", History.HELD_BY, value));
      }
      standing.sealed().ifPresent(at -> line.append("; rows sealed since ").append(at));
      lines.add(line.toString());
    }
    for (String name : folder.names()) {
      if (!history.requests().containsKey(name)) {
        lines.add(name + ": new");
      }
    }
    return lines;
  }

  /** Writes the page of the ledger: {@code requests.html} in its folder. */
  public static Path report(RequestFolder folder) {
    RequestsFile file = RequestsFile.read(folder.root());
    Ledger ledger = Ledger.read(folder.root());
    Path name = folder.root().toAbsolutePath().normalize().getFileName();
    Path out = folder.root().resolve("requests.html");
    LedgerPage.write(
        out,
        String.valueOf(name),
        ledger,
        folder.names(),
        new LedgerPage.Limits(file.utilityMin(), file.hold()));
    return out;
  }
}
