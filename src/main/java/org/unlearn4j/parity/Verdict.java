package org.unlearn4j.parity;

import java.nio.file.Path;
import java.util.List;

/**
 * May the files be deployed? Only where every gate of every file holds.
 *
 * @param results one a deployed file
 * @param survival what is forgotten and kept from the model before to each file; may be empty
 */
public record Verdict(List<ParityResult> results, List<Survival> survival) {
  public Verdict {
    results = List.copyOf(results);
    survival = List.copyOf(survival);
  }

  /** A verdict that forgetting has no part in. */
  public Verdict(List<ParityResult> results) {
    this(results, List.of());
  }

  /** Whether every gate holds; no file is no proof. */
  public boolean pass() {
    return !results.isEmpty() && results.stream().allMatch(ParityResult::pass);
  }

  /** One line for each gate that does not hold, with the file and by how much. */
  public List<String> failures() {
    return results.stream()
        .flatMap(
            result ->
                result.gates().stream()
                    .filter(gate -> !gate.pass())
                    .map(gate -> result.deployed() + ": " + gate.sentence()))
        .toList();
  }

  /**
   * Writes verify.json, whole or not at all.
   *
   * @throws org.unlearn4j.base.MachineException if the disk refuses
   */
  public void write(Path file) {
    VerdictJson.write(this, file);
  }

  /**
   * Reads verify.json.
   *
   * @throws org.unlearn4j.base.UserException if the file is not there or not of this form
   */
  public static Verdict read(Path file) {
    return VerdictJson.read(file);
  }
}
