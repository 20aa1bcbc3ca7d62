package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.sign.Finding;
import org.unlearn4j.sign.FolderSignature;

/** Is a folder what somebody has signed? */
final class VerifySignatureCommand implements Command {
  @Override
  public String name() {
    return "verify-signature";
  }

  @Override
  public String summary() {
    return "checks a folder against its signatures; exit code 1 if it differs from what was signed";
  }

  @Override
  public List<String> arguments() {
    return List.of("DIR");
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.required(
            "key", "FILE", "the public key of whoever should have signed, in PEM"),
        CommandOptions.value(
            "signature", "FILE", "the signature of the files, where it is not DIR/model.sig"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Path folder = Path.of(line.getArgList().get(0));
    List<Finding> findings =
        FolderSignature.verify(
            folder,
            CommandOptions.path(line, "key").orElseThrow(),
            CommandOptions.path(line, "signature"));
    findings.stream().map(Finding::sentence).forEach(out::println);
    out.println(folder + ": " + (findings.isEmpty() ? "as signed" : "not as signed"));
    return ExitCode.of(findings.isEmpty());
  }
}
