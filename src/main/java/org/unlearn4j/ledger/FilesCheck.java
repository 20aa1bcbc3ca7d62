package org.unlearn4j.ledger;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.base.Below;
import org.unlearn4j.base.Hashes;

/** Whether the files that records name are what they were. */
public final class FilesCheck {
  private static final String MODEL = "unlearned";
  private static final String DEPLOYED = "onnx";

  private FilesCheck() {}

  /**
   * What was found.
   *
   * @param mistakes a sentence for each file that is another one, or that must be there and is not
   * @param absent folders of runs whose files are gone, which is allowed: a model of the past need
   *     not be kept
   */
  public record Result(List<String> mistakes, List<String> absent) {
    public Result {
      mistakes = List.copyOf(mistakes);
      absent = List.copyOf(absent);
    }
  }

  /**
   * Reads the files of every unlearning that counts.
   *
   * @param folder of the ledger
   */
  public static Result of(Path folder, History history) {
    List<String> mistakes = new ArrayList<>();
    List<String> absent = new ArrayList<>();
    for (History.Step step : history.steps()) {
      Unlearned what = step.what();
      what.requests()
          .forEach(
              (name, hashes) -> {
                History.Standing standing = history.requests().get(name);
                if (standing.sealed().isEmpty() && standing.notCheckable().isEmpty()) {
                  hashes.forEach(
                      (file, hash) ->
                          mistake(folder, name + "/" + file, hash, step.number())
                              .ifPresent(mistakes::add));
                }
              });
      Optional<Path> known = Below.of(folder, what.run()).filter(Files::isDirectory);
      if (known.isEmpty()) {
        absent.add(what.run());
        continue;
      }
      Path run = known.get();
      check(run, what.files().run(), step.number(), mistakes);
      for (String part : List.of(MODEL, DEPLOYED)) {
        Map<String, String> hashes =
            part.equals(MODEL) ? what.files().model() : what.files().deployed();
        if (Files.isDirectory(run.resolve(part))) {
          check(run.resolve(part), hashes, step.number(), mistakes);
        } else {
          absent.add(what.run() + "/" + part);
        }
      }
    }
    return new Result(mistakes, absent);
  }

  private static void check(
      Path folder, Map<String, String> hashes, int record, List<String> mistakes) {
    hashes.forEach((name, hash) -> mistake(folder, name, hash, record).ifPresent(mistakes::add));
  }

  private static Optional<String> mistake(Path folder, String name, String hash, int record) {
    Optional<Path> at = Below.of(folder, name).filter(Files::isRegularFile);
    String file = folder + "/" + name;
    String found = at.map(Hashes::sha256).orElse("no such file");
    return found.equals(hash)
        ? Optional.empty()
        : Optional.of(
            file
                + ": found "
                + (found.length() == hash.length() ? "the hash " + found : found)
                + ", expected the file of record "
                + record
                + ", whose hash is "
                + hash
                + ".");
  }
}
