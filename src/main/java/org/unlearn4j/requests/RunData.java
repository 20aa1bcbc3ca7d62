package org.unlearn4j.requests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.UserException;
import org.unlearn4j.ledger.History;

/**
 * Rows of a run: those that it teaches and those that it is measured by, gathered from the requests
 * and from what they share.
 *
 * @param folder of requests
 * @param history before the run
 * @param fresh names of the new requests
 * @param strategy says which earlier rows take part
 */
record RunData(RequestFolder folder, History history, List<String> fresh, Strategy strategy) {
  private static final String RETAIN_PERTURBED = "retain_perturbed.jsonl";

  /** Rows of shared sets that are measured, and that are no rows to train on. */
  private static final List<String> KEPT =
      List.of(RETAIN_PERTURBED, "real_authors_perturbed.jsonl", "world_facts_perturbed.jsonl");

  /**
   * On which lines of a measurement's file the rows of each request stand.
   *
   * @param lines by request, counted from 1; a passage or conversation that several requests name
   *     stands once
   * @param kept SHA-256 of the rows that utility is measured by
   */
  record Measured(Map<String, List<Integer>> lines, String kept) {}

  /** Earlier requests whose rows there still are. */
  private List<String> earlier() {
    return history.forgotten().stream()
        .filter(n -> history.requests().get(n).notCheckable().isEmpty())
        .filter(n -> !fresh.contains(n))
        .toList();
  }

  private RowFile rows(String request, String file) {
    byte[] bytes = folder.rows(request, history).get(file);
    return bytes == null
        ? RowFile.none()
        : RowFile.of(folder.request(request).resolve(file), bytes);
  }

  /** Rows that a request is measured by. */
  private RowFile asked(String request) {
    RowFile own = rows(request, RequestFolder.PERTURBED);
    return own.size() > 0 ? own : rows(request, RequestFolder.FORGET);
  }

  private RowFile forgotten(List<String> requests) {
    RowFile all = RowFile.none();
    requests.forEach(r -> all.add(rows(r, RequestFolder.FORGET)));
    return all;
  }

  private List<String> all() {
    List<String> all = new ArrayList<>(earlier());
    all.addAll(fresh);
    return all;
  }

  /** Writes what is taught: what a pipeline of benchmark {@code jsonl} reads. */
  void teach(Path out) {
    List<String> taught = strategy.forgetsAgain() ? all() : fresh;
    forgotten(taught).write(out.resolve(RequestFolder.FORGET));
    RowFile asked = RowFile.none();
    taught.forEach(r -> asked.add(asked(r)));
    asked.write(out.resolve(RequestFolder.PERTURBED));
    RowFile kept = RowFile.none();
    for (String request : strategy.keepsEarlier() ? all() : fresh) {
      kept.add(rows(request, RequestFolder.RETAIN));
    }
    kept.add(shared(RequestFolder.RETAIN));
    RowFile left = kept.without(forgotten(all()));
    if (left.size() == 0) {
      throw UserException.at(
          folder.shared().resolve(RequestFolder.RETAIN),
          "",
          "no row that is kept by this run",
          "some here, or in " + RequestFolder.RETAIN + " of the request");
    }
    left.write(out.resolve(RequestFolder.RETAIN));
    kept().forEach((name, rows) -> rows.write(out.resolve(name)));
    others().forEach((name, bytes) -> RowFile.write(out.resolve(name), bytes));
  }

  /** Writes what is measured: every request that can be, and what is to be kept. */
  Measured measure(Path out) {
    Map<String, List<Integer>> lines = new LinkedHashMap<>();
    RowFile all = RowFile.none();
    for (String request : all()) {
      lines.put(request, all.addOnce(asked(request)));
    }
    all.write(out.resolve(RequestFolder.FORGET));
    SortedMap<String, RowFile> kept = kept();
    kept.forEach((name, rows) -> rows.write(out.resolve(name)));
    kept.get(RETAIN_PERTURBED).write(out.resolve(RequestFolder.RETAIN));
    others().forEach((name, bytes) -> RowFile.write(out.resolve(name), bytes));
    StringBuilder hashes = new StringBuilder();
    for (String name : kept.keySet()) {
      hashes.append(RequestFolder.sha256(RequestFolder.bytes(out.resolve(name)))).append('\n');
    }
    return new Measured(
        lines, RequestFolder.sha256(hashes.toString().getBytes(StandardCharsets.UTF_8)));
  }

  /** What utility is measured by, without rows that were asked to be forgotten. */
  private SortedMap<String, RowFile> kept() {
    RowFile forgotten = forgotten(all());
    SortedMap<String, RowFile> kept = new TreeMap<>();
    for (String name : KEPT) {
      RowFile rows = shared(name);
      if (rows.size() == 0 && name.equals(RETAIN_PERTURBED)) {
        rows = shared(RequestFolder.RETAIN);
      }
      RowFile left = rows.without(forgotten);
      if (left.size() > 0) {
        kept.put(name, left);
      }
    }
    if (!kept.containsKey(RETAIN_PERTURBED)) {
      throw UserException.at(
          folder.shared(),
          "",
          "neither " + RETAIN_PERTURBED + " nor " + RequestFolder.RETAIN,
          "rows that utility is measured by over all requests");
    }
    return kept;
  }

  private RowFile shared(String name) {
    Path file = folder.shared().resolve(name);
    return Files.isRegularFile(file) ? RowFile.of(file, RequestFolder.bytes(file)) : RowFile.none();
  }

  /** What else is shared (strangers, a holdout), as it is. */
  private Map<String, byte[]> others() {
    Map<String, byte[]> others = new TreeMap<>();
    if (!Files.isDirectory(folder.shared())) {
      return others;
    }
    try (Stream<Path> list = Files.list(folder.shared())) {
      list.filter(Files::isRegularFile)
          .filter(p -> p.toString().endsWith(".jsonl"))
          .filter(p -> !KEPT.contains(p.getFileName().toString()))
          .filter(p -> !RequestFolder.ROWS.contains(p.getFileName().toString()))
          .forEach(p -> others.put(p.getFileName().toString(), RequestFolder.bytes(p)));
    } catch (IOException | UncheckedIOException e) {
      throw new MachineException(folder.shared() + ": could not be listed (" + e + ").", e);
    }
    return others;
  }
}
