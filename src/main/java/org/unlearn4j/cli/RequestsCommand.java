package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.base.Nearest;
import org.unlearn4j.base.UserException;
import org.unlearn4j.ledger.RequestKey;
import org.unlearn4j.requests.FableRequests;
import org.unlearn4j.requests.PutAway;
import org.unlearn4j.requests.RequestFolder;
import org.unlearn4j.requests.Requests;
import org.unlearn4j.requests.RequestsCheck;
import org.unlearn4j.requests.StrategyStudy;
import org.unlearn4j.requests.StrategyTable;

/** Deletion requests as they come, and their ledger. */
final class RequestsCommand implements Command {
  private static final List<String> ACTIONS =
      List.of(
          "run", "verify", "list", "report", "withdraw", "seal", "forget-text", "example", "table");

  @Override
  public String name() {
    return "requests";
  }

  @Override
  public String summary() {
    return "deletion requests one after another: ACTION is run, verify, list, report,"
        + " withdraw, seal, forget-text, example or table";
  }

  @Override
  public List<String> arguments() {
    return List.of("ACTION", "DIR");
  }

  @Override
  public boolean resumes() {
    return true;
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.flag("at-once", "run: all new requests in one run"),
        CommandOptions.value("key", "FILE", "the key of sealed rows, 64 hexadecimal digits"),
        CommandOptions.value(
            "last", "HASH", "verify: the last hash of the ledger, as it was noted elsewhere"),
        CommandOptions.value("request", "NAME", "withdraw, seal, forget-text: the request"),
        CommandOptions.value("study", "FILE", "table: the study file"),
        CommandOptions.value("page", "FILE.md", "table: the page (DIR/table.md)"),
        CommandOptions.value("seed", "N", "table: this seed alone"),
        CommandOptions.set(),
        CommandOptions.value(
            "template", "FILE", "example: the pipeline file (pipeline/fable-requests.yaml)"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    String action = line.getArgList().get(0);
    Path root = Path.of(line.getArgList().get(1));
    Optional<RequestKey> key = CommandOptions.path(line, "key").map(RequestKey::read);
    RequestFolder folder = new RequestFolder(root, key);
    Requests requests = new Requests(folder, System.err);
    switch (action) {
      case "run" -> {
        return ExitCode.of(
            requests.run(new Requests.Options(line.hasOption("at-once"), false), out));
      }
      case "verify" -> {
        return ExitCode.of(RequestsCheck.verify(folder, CommandOptions.text(line, "last"), out));
      }
      case "list" -> RequestsCheck.list(folder).forEach(out::println);
      case "report" -> out.println(RequestsCheck.report(folder));
      case "seal" -> out.println(new PutAway(folder, requests).seal(request(line)));
      case "forget-text" -> out.println(new PutAway(folder, requests).forgetText(request(line)));
      case "withdraw" -> out.println(requests.withdraw(request(line)));
      case "example" -> {
        FableRequests.write(
            root, CommandOptions.text(line, "template").orElse("pipeline/fable-requests.yaml"));
        out.println(root);
      }
      case "table" -> table(line, root, out);
      default ->
          throw new UserException(
              "requests: found "
                  + action
                  + ", expected one of "
                  + String.join(", ", ACTIONS)
                  + Nearest.hint(action, ACTIONS)
                  + ".");
    }
    return ExitCode.DONE;
  }

  private static String request(CommandLine line) {
    return CommandOptions.text(line, "request")
        .orElseThrow(
            () -> new UserException("--request: found nothing, expected the name of a request."));
  }

  private static void table(CommandLine line, Path root, PrintStream out) {
    Path file =
        CommandOptions.path(line, "study").orElse(Path.of("pipeline/studies/requests.yaml"));
    Optional<Long> seed =
        CommandOptions.text(line, "seed")
            .map(s -> (long) CommandOptions.integer(line, "seed", 0, 0));
    StrategyStudy study = StrategyStudy.read(file).with(seed, CommandOptions.sets(line));
    Path page = CommandOptions.path(line, "page").orElse(root.resolve("table.md"));
    new StrategyTable(study, page).write(root, System.err);
    out.println(page);
  }
}
