package org.unlearn4j.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.UserException;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.onnx.OnnxSummary;
import org.unlearn4j.onnx.Provenance;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.parity.Verdict;

/**
 * What a deployed folder says of itself once it has been verified: the block {@code deployment} of
 * its {@code unlearning.json}.
 *
 * <p>The chain: the record names the SHA-256 of every file of the folder, among them the ONNX
 * files, which carry in their metadata the SHA-256 of the weights they were made from and the
 * record of unlearning as it was then; that names the base weights and the data. The verdict comes
 * last and is in no file that it speaks of. The record's own hash finds slips, not forgery: nothing
 * here is signed.
 */
public final class DeployedRecord {
  private static final String FILE = Provenance.UNLEARNING_FILE;
  private static final String BLOCK = "deployment";
  private static final String FILES = "files_sha256";
  private static final String OWN = "record_sha256";

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private DeployedRecord() {}

  /** What the verdict was made of; {@code deployed} by runtime. */
  record Measured(
      Optional<EvaluationResult> target,
      Optional<EvaluationResult> retainOnly,
      EvaluationResult unlearned,
      Map<String, EvaluationResult> deployed) {}

  /**
   * Puts the verdict into a deployed folder; an older one is replaced. Nothing happens to a folder
   * that no unlearning has made, or to a single file.
   *
   * @throws UserException if its unlearning.json is no JSON object
   * @throws MachineException if the disk refuses
   */
  static void write(Path folder, Verdict verdict, Measured measured) {
    Path file = folder.resolve(FILE);
    if (!Files.isRegularFile(file)) {
      return;
    }
    ObjectNode root = read(file);
    root.remove(BLOCK);
    ObjectNode block = root.putObject(BLOCK);
    block.put("verdict", verdict.pass() ? "pass" : "fail");
    ArrayNode failed = block.putArray("failed_gates");
    verdict.failures().forEach(failed::add);
    ObjectNode variants = block.putObject("variants");
    for (ParityResult result : verdict.results()) {
      variants.put(result.deployed(), result.pass() ? "pass" : "fail");
    }
    ObjectNode metrics = block.putObject("metrics");
    measured.target.ifPresent(r -> metrics(metrics, "target", r));
    measured.retainOnly.ifPresent(r -> metrics(metrics, "retain_only", r));
    metrics(metrics, "unlearned", measured.unlearned);
    measured.deployed.forEach((runtime, r) -> metrics(metrics, runtime, r));
    texts(block.putObject("unlearned_weights_sha256"), measured.unlearned.weights());
    texts(block.putObject(FILES), hashes(folder));
    block.put(OWN, ownHash(root));
    AtomicFiles.writeFile(file, p -> JSON.writeValue(p.toFile(), root));
  }

  private static void metrics(ObjectNode to, String name, EvaluationResult result) {
    ObjectNode node = to.putObject(name);
    result.metrics().forEach(node::put);
  }

  private static void texts(ObjectNode to, Map<String, String> texts) {
    new TreeMap<>(texts).forEach(to::put);
  }

  private static ObjectNode read(Path file) {
    JsonInput input = JsonInput.read(file, "the record of an unlearning");
    if (!(input.node() instanceof ObjectNode root)) {
      throw input.mistake("a JSON object");
    }
    return root;
  }

  /** SHA-256 of the record without that very number, in the form it reads back in. */
  private static String ownHash(ObjectNode root) {
    ObjectNode copy = root.deepCopy();
    ((ObjectNode) copy.path(BLOCK)).remove(OWN);
    return Hashes.sha256(normal(copy));
  }

  private static String normal(JsonNode node) {
    try {
      return JSON.readTree(JSON.writeValueAsBytes(node)).toString();
    } catch (IOException e) {
      throw new IllegalStateException("what was written reads back", e);
    }
  }

  /**
   * SHA-256 of every file but the record, by path; files that begin with a dot are the system's.
   */
  private static Map<String, String> hashes(Path folder) {
    Map<String, String> hashes = new TreeMap<>();
    try (Stream<Path> files = Files.walk(folder)) {
      files
          .filter(Files::isRegularFile)
          .filter(f -> !String.valueOf(f.getFileName()).startsWith("."))
          .map(f -> folder.relativize(f).toString().replace('\\', '/'))
          .filter(name -> !name.equals(FILE))
          .forEach(name -> hashes.put(name, Hashes.sha256(folder.resolve(name))));
    } catch (IOException e) {
      throw new MachineException(folder + ": could not be read (" + e + ").", e);
    }
    return hashes;
  }

  /**
   * How a folder and its record compare.
   *
   * @param verdict {@code pass} or {@code fail}, as recorded
   * @param files how many the record names
   * @param differences a sentence each; empty where everything is as recorded
   */
  public record Comparison(String verdict, int files, List<String> differences) {
    public Comparison {
      differences = List.copyOf(differences);
    }
  }

  /**
   * Holds a deployed folder against its record.
   *
   * @throws UserException if it has none
   */
  public static Comparison compare(Path folder) {
    Path file = folder.resolve(FILE);
    ObjectNode root = read(file);
    JsonInput block = new JsonInput(file, "", root).get(BLOCK);
    if (!block.present()) {
      throw UserException.at(
          file, "", "no verdict and no hashes of files", "those that verify writes into it");
    }
    Map<String, String> recorded = new LinkedHashMap<>();
    block.get(FILES).required("an object").fields().forEach((n, v) -> recorded.put(n, v.text()));
    List<String> differences = new ArrayList<>();
    if (!ownHash(root).equals(block.get(OWN).text())) {
      differences.add(file + ": was changed after verify wrote it.");
    }
    Map<String, String> found = hashes(folder);
    TreeSet<String> names = new TreeSet<>(recorded.keySet());
    names.addAll(found.keySet());
    for (String name : names) {
      difference(folder.resolve(name), found.get(name), recorded.get(name))
          .ifPresent(differences::add);
    }
    root.remove(BLOCK);
    String made = normal(root);
    for (String name : recorded.keySet()) {
      if (name.endsWith(".onnx") && found.containsKey(name)) {
        embedded(folder.resolve(name), made).ifPresent(differences::add);
      }
    }
    return new Comparison(block.get("verdict").text(), recorded.size(), differences);
  }

  private static Optional<String> difference(Path file, String found, String expected) {
    if (found == null) {
      return Optional.of(file + ": found no such file, expected SHA-256 " + expected + ".");
    }
    if (expected == null) {
      return Optional.of(file + ": found a file that is not in the record, expected none.");
    }
    return found.equals(expected)
        ? Optional.empty()
        : Optional.of(file + ": found SHA-256 " + found + ", expected " + expected + ".");
  }

  /** Whether an ONNX file says of its unlearning what the record says. */
  private static Optional<String> embedded(Path onnx, String made) {
    try {
      String inside = OnnxSummary.of(onnx).metadata().get(Provenance.UNLEARNING);
      if (inside != null && !normal(JSON.readTree(inside)).equals(made)) {
        return Optional.of(
            onnx
                + ": found another record of unlearning in its metadata, expected that of "
                + FILE
                + ".");
      }
      return Optional.empty();
    } catch (UserException e) {
      return Optional.of(e.getMessage()); // its data is missing, cut off or changed
    } catch (IOException e) {
      return Optional.of(onnx + ": found no JSON in its metadata " + Provenance.UNLEARNING + ".");
    }
  }
}
