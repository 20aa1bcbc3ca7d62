package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.sign.FolderSignature;

/** Signs a model's folder and the record of its unlearning. */
final class SignCommand implements Command {
  @Override
  public String name() {
    return "sign";
  }

  @Override
  public String summary() {
    return "signs a model's folder (model.sig, OpenSSF Model Signing) and the record of its unlearning"
        + " (unlearning.sig)";
  }

  @Override
  public List<String> arguments() {
    return List.of("DIR");
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.required(
            "key", "FILE", "the private key: P-256, P-384 or P-521 in PEM, without a password"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Path folder = Path.of(line.getArgList().get(0));
    Path key = CommandOptions.path(line, "key").orElseThrow();
    FolderSignature.sign(folder, key).forEach(out::println);
    return ExitCode.DONE;
  }
}
