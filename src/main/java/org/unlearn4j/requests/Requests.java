package org.unlearn4j.requests;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.unlearn4j.base.StopRequest;
import org.unlearn4j.base.TargetLock;
import org.unlearn4j.base.UserException;
import org.unlearn4j.ledger.Entry;
import org.unlearn4j.ledger.History;
import org.unlearn4j.ledger.Ledger;
import org.unlearn4j.ledger.Unlearned;

/**
 * What is done with a folder of requests. One process at a time does it; another one is refused.
 */
public final class Requests {
  private final RequestFolder folder;
  private final PrintStream log;

  /**
   * Requests of a folder.
   *
   * @param log for progress
   */
  public Requests(RequestFolder folder, PrintStream log) {
    this.folder = folder;
    this.log = log;
  }

  /**
   * How a run of requests is done.
   *
   * @param atOnce all new requests in one run, not one after the other
   * @param brief without verdict, for comparing strategies
   */
  public record Options(boolean atOnce, boolean brief) {}

  /** Does something while nobody else writes in the folder, and refuses where somebody does. */
  <T> T alone(TargetLock.Work<T, RuntimeException> work) {
    Path ledger = folder.root().resolve(Ledger.FILE);
    return TargetLock.<T, RuntimeException>holding(
        ledger,
        waiting -> {
          throw new UserException(
              waiting.replace("; waiting for it.", ", expected that nobody else runs requests."));
        },
        work);
  }

  /**
   * Unlearns every request that is new, or open again.
   *
   * @param results a line a request
   * @return whether every gate holds
   */
  public boolean run(Options options, PrintStream results) {
    RequestsFile file = RequestsFile.read(folder.root());
    return alone(() -> run(file, options, results));
  }

  /** The same with settings that do not come from the folder. */
  boolean run(RequestsFile file, Options options, PrintStream results) {
    Ledger ledger = begun(Ledger.read(folder.root()), file);
    PutAway away = new PutAway(folder, this);
    away.finish(ledger.history());
    List<String> open = open(ledger.history());
    if (open.isEmpty()) {
      results.println(folder.root() + ": no new request.");
    }
    boolean pass = true;
    for (List<String> fresh : options.atOnce() && !open.isEmpty() ? List.of(open) : each(open)) {
      StopRequest.check();
      History history = ledger.history();
      RequestRun run = new RequestRun(folder, file, history, fresh, options.brief(), log);
      String plan = run.plan(ledger.history().inUse().map(s -> s.what().plan()).orElse(""));
      if (isRefused(ledger, plan)) {
        results.println(String.join(", ", fresh) + ": refused before, and nothing has changed.");
        pass = false;
        continue;
      }
      log.println("==> " + String.join(", ", fresh));
      String name = String.format(Locale.ROOT, "%04d-%s", ledger.entries().size(), fresh.get(0));
      Unlearned done = run.make(folder.runs().resolve(name), plan);
      ledger = ledger.append(done.pass() ? Entry.Kind.UNLEARNED : Entry.Kind.REFUSED, done.json());
      away.finish(ledger.history()); // the run has opened what is sealed
      results.println(line(file, history, done));
      pass &= done.pass();
    }
    return pass;
  }

  private static List<List<String>> each(List<String> open) {
    return open.stream().map(List::of).toList();
  }

  private static boolean isRefused(Ledger ledger, String plan) {
    return ledger.entries().stream()
        .filter(e -> e.kind() == Entry.Kind.REFUSED)
        .anyMatch(e -> Unlearned.of(e.content()).plan().equals(plan));
  }

  /** Requests of the folder that the model in use has not forgotten, and that nobody withdrew. */
  List<String> open(History history) {
    List<String> open = new ArrayList<>();
    for (String name : folder.names()) {
      History.Standing standing = history.requests().get(name);
      if (standing == null
          || standing.state() == History.State.REFUSED
          || standing.state() == History.State.OPEN_AGAIN) {
        open.add(name);
      }
    }
    return open;
  }

  private Ledger begun(Ledger ledger, RequestsFile file) {
    Path first = RequestRun.firstModel(file);
    Map<String, String> hashes = Files.isDirectory(first) ? RequestRun.weights(first) : Map.of();
    if (hashes.isEmpty()) {
      throw UserException.at(first, "", "no weights (*.safetensors)", "the first model");
    }
    if (ledger.entries().isEmpty()) {
      ObjectNode content = new ObjectMapper().createObjectNode();
      content.put("model", String.valueOf(first.getFileName()));
      content.put("pipeline_sha256", RequestFolder.sha256(RequestFolder.bytes(file.pipeline())));
      hashes.forEach(content.putObject("model_sha256")::put);
      return ledger.append(Entry.Kind.BEGUN, content);
    }
    ObjectNode known = new ObjectMapper().createObjectNode();
    hashes.forEach(known::put);
    if (!known.equals(ledger.entries().get(0).content().path("model_sha256"))) {
      throw UserException.at(
          first, "", "another model than this ledger began with", "the first model, unchanged");
    }
    ledger.history().inUse().ifPresent(step -> requireModel(step, hashes(step)));
    return ledger;
  }

  private Map<String, String> hashes(History.Step step) {
    Path model = folder.root().resolve(step.what().run()).resolve("unlearned");
    if (!Files.isDirectory(model)) {
      throw UserException.at(model, "", "no such folder", "the model in use");
    }
    return RequestRun.weights(model);
  }

  private void requireModel(History.Step step, Map<String, String> hashes) {
    if (!hashes.equals(step.what().files().model())) {
      throw UserException.at(
          folder.root().resolve(step.what().run()),
          "unlearned",
          "other weights than the ledger has",
          "the model in use, as record " + step.number() + " has it");
    }
  }

  /**
   * Goes back to the model before a request. Requests that were unlearned after it, or with it, are
   * open again.
   *
   * @return a sentence
   * @throws UserException if the model in use has not forgotten it, or the model before is gone
   */
  public String withdraw(String request) {
    return alone(
        () -> {
          Ledger ledger = Ledger.read(folder.root());
          History history = ledger.history();
          History.Step step =
              history
                  .step(request)
                  .orElseThrow(
                      () ->
                          UserException.at(
                              folder.root(),
                              "",
                              "request " + request + ", which the model in use has not forgotten",
                              "one of " + history.forgotten()));
          int at = history.steps().indexOf(step);
          if (at > 0) {
            History.Step before = history.steps().get(at - 1);
            requireModel(before, hashes(before));
          }
          ObjectNode content = new ObjectMapper().createObjectNode();
          ArrayNode names = content.putArray("requests");
          names.add(request);
          content.put("undone", step.number());
          content.put("back_to", at > 0 ? history.steps().get(at - 1).number() : 0);
          History after = ledger.append(Entry.Kind.WITHDRAWN, content).history();
          List<String> again =
              after.requests().entrySet().stream()
                  .filter(e -> e.getValue().state() == History.State.OPEN_AGAIN)
                  .map(Map.Entry::getKey)
                  .toList();
          return request
              + ": withdrawn; the model in use is that of record "
              + content.path("back_to")
              + (again.isEmpty()
                  ? "."
                  : ", and " + String.join(", ", again) + " will be run again.");
        });
  }

  private static String line(RequestsFile file, History before, Unlearned done) {
    StringBuilder line = new StringBuilder(String.join(", ", done.names()));
    line.append(done.pass() ? ": forgotten" : ": refused by a gate, the model before stays in use");
    for (String name : done.names()) {
      Double value = done.checks().get(name).get(Measuring.HELD_BY);
      if (value != null) {
        line.append(String.format(Locale.ROOT, "; %s of %s %.4f", Measuring.HELD_BY, name, value));
      }
    }
    line.append(String.format(Locale.ROOT, "; utility %.4f of the first", done.utility().share()));
    List<String> risen = before.risen(done.checks(), file.hold());
    line.append(
        risen.isEmpty()
            ? String.format(Locale.ROOT, "; %d earlier ones still hold", before.forgotten().size())
            : "; no longer held: " + String.join(", ", risen));
    return line.append(String.format(Locale.ROOT, "; %.0f s", done.seconds())).toString();
  }
}
