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
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.Below;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.ModelFiles;
import org.unlearn4j.base.UserException;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.onnx.OnnxSummary;
import org.unlearn4j.onnx.Provenance;
import org.unlearn4j.parity.Gate;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.parity.Verdict;
import org.unlearn4j.weights.Variant;

/**
 * What a deployed folder says of itself once it has been verified: the block {@code deployment} of
 * its {@code unlearning.json}.
 *
 * <p>The chain: the record names the SHA-256 of every file of the folder, among them the ONNX
 * files, which carry in their metadata the SHA-256 of the weights they were made from and the
 * record of unlearning as it was then; that names the base weights and the data. The verdict comes
 * last and is in no file that it speaks of. The record's own hash finds slips, not forgery: {@code
 * unlearn4j sign} signs.
 */
public final class DeployedRecord {
  private static final String FILE = ModelFiles.UNLEARNING;
  private static final String BLOCK = "deployment";
  static final String VERDICT = "verdict";
  static final String VARIANTS = "variants";
  static final String METRICS = "metrics";
  static final String WEIGHTS = "unlearned_weights_sha256";
  static final String FILES = "files_sha256";

  /** Which form of an adapted model was judged; left out: the merged one. */
  private static final String FORM = "form";

  /** Of a base with an adapter: the weights that its files were made from. */
  private static final String BASE = "base_weights_sha256";

  static final String GATES = "gates";

  /** Of a variant: which ONNX file its verdict is on. */
  static final String JUDGED_FILE = "file";

  static final String ONNX = ".onnx";
  private static final String SIGNATURE = ".sig";
  private static final String PASS = "pass";
  private static final String OWN = "record_sha256";

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private DeployedRecord() {}

  /**
   * What the verdict was made of; {@code deployed} by runtime.
   *
   * @param base SHA-256 of the weights of a base that is deployed as it is, with an adapter
   */
  record Measured(
      Optional<EvaluationResult> target,
      Optional<EvaluationResult> retainOnly,
      EvaluationResult unlearned,
      Map<String, EvaluationResult> deployed,
      Optional<Map<String, String>> base) {}

  /**
   * Puts the verdict into a deployed folder. An older one is replaced, but for what it says of
   * files that were not judged this time and are still what they were ({@link EarlierVerdicts}).
   * Nothing happens to a folder that no unlearning has made, or to a single file.
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
    Map<String, String> weights = measured.unlearned.weights();
    Map<String, String> hashes = hashes(folder);
    EarlierVerdicts earlier = EarlierVerdicts.of(root.path(BLOCK), intact(root), weights, hashes);
    root.remove(BLOCK);
    ObjectNode block = root.putObject(BLOCK);
    block.put(VERDICT, ""); // first in the file, known last
    ObjectNode variants = block.putObject(VARIANTS);
    ObjectNode metrics = block.putObject(METRICS);
    measured.target.ifPresent(r -> metrics(metrics, "target", r));
    measured.retainOnly.ifPresent(r -> metrics(metrics, "retain_only", r));
    metrics(metrics, "unlearned", measured.unlearned);
    earlier.copy(variants, metrics);
    measured.deployed.forEach((runtime, r) -> metrics(metrics, runtime, r));
    for (ParityResult result : verdict.results()) {
      variant(variants.putObject(result.deployed()), folder, result);
    }
    block.put(VERDICT, allPass(variants) ? PASS : "fail");
    texts(block.putObject(WEIGHTS), weights);
    if (measured.base.isPresent()) {
      block.put(FORM, "base and adapter");
      texts(block.putObject(BASE), measured.base.get());
    }
    texts(block.putObject(FILES), hashes);
    block.put(OWN, ownHash(root));
    AtomicFiles.writeFile(file, p -> JSON.writeValue(p.toFile(), root));
  }

  private static void variant(ObjectNode to, Path folder, ParityResult result) {
    Path onnx = OnnxSummary.locate(folder, RuntimeModels.variant(result.deployed()));
    to.put(JUDGED_FILE, name(folder, onnx)).put(VERDICT, result.pass() ? PASS : "fail");
    ArrayNode failed = to.putArray("failed_gates");
    result.gates().stream().filter(gate -> !gate.pass()).map(Gate::sentence).forEach(failed::add);
    ObjectNode gates = to.putObject(GATES);
    for (Gate gate : result.gates()) {
      gates
          .putObject(gate.level().label() + "." + gate.name())
          .put("value", gate.value())
          .put("limit", gate.limit())
          .put("pass", gate.pass());
    }
  }

  /** No file is no proof. */
  private static boolean allPass(ObjectNode variants) {
    boolean pass = !variants.isEmpty();
    for (JsonNode variant : variants) {
      pass &= variant.path(VERDICT).asText().equals(PASS);
    }
    return pass;
  }

  /**
   * A sentence for each ONNX file of a folder that no verdict is on.
   *
   * @param judged those that have just been judged, whether the folder has a record or not
   */
  static List<String> unjudged(Path folder, List<Variant> judged) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    Path file = folder.resolve(FILE);
    Set<String> known = new TreeSet<>();
    judged.forEach(v -> known.add(name(folder, OnnxSummary.locate(folder, v.label()))));
    if (Files.isRegularFile(file)) {
      known.addAll(judged(new JsonInput(file, "", read(file)).get(BLOCK)).keySet());
    }
    return names(folder).stream()
        .filter(name -> name.endsWith(ONNX) && !known.contains(name))
        .map(name -> unjudged(folder.resolve(name)))
        .toList();
  }

  private static String unjudged(Path onnx) {
    return onnx
        + ": found no verdict on this file, expected one (verify judges what export.variants"
        + " names).";
  }

  /** The ONNX files that a verdict is on, each with its own. */
  private static Map<String, String> judged(JsonInput block) {
    Map<String, String> judged = new TreeMap<>();
    for (JsonInput variant : block.get(VARIANTS).fields().values()) {
      if (variant.get(JUDGED_FILE).present()) {
        judged.put(variant.get(JUDGED_FILE).text(), variant.get(VERDICT).text());
      }
    }
    return judged;
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

  /** Whether a record says what it said when it was written. */
  private static boolean intact(ObjectNode root) {
    return root.path(BLOCK).isObject() && ownHash(root).equals(root.path(BLOCK).path(OWN).asText());
  }

  /** SHA-256 of every file but the record, by path. */
  private static Map<String, String> hashes(Path folder) {
    Map<String, String> hashes = new TreeMap<>();
    names(folder).forEach(name -> hashes.put(name, Hashes.sha256(folder.resolve(name))));
    return hashes;
  }

  /**
   * Every file but the record and signatures of all of it, by path; files that begin with a dot are
   * the system's.
   */
  private static List<String> names(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(Files::isRegularFile)
          .filter(f -> !String.valueOf(f.getFileName()).startsWith("."))
          .map(f -> name(folder, f))
          .filter(name -> !name.equals(FILE) && !name.endsWith(SIGNATURE))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new MachineException(folder + ": could not be read (" + e + ").", e);
    }
  }

  private static String name(Path folder, Path file) {
    return folder.relativize(file).toString().replace('\\', '/');
  }

  /**
   * How a folder and its record compare.
   *
   * @param verdict {@code pass} or {@code fail}, as recorded
   * @param judged the ONNX files that the verdict is on, each with its own part of it
   * @param files how many the record names
   * @param differences a sentence each; empty where everything is as recorded
   */
  public record Comparison(
      String verdict, Map<String, String> judged, int files, List<String> differences) {
    public Comparison {
      judged = Collections.unmodifiableMap(new LinkedHashMap<>(judged));
      differences = List.copyOf(differences);
    }
  }

  /**
   * Holds a deployed folder against its record: every file, and of every ONNX file whether a
   * verdict is on it and whether it was made from the weights and the unlearning that the record
   * names.
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
    Map<String, String> recorded = byName(block.get(FILES));
    List<String> differences = new ArrayList<>();
    if (!intact(root)) {
      differences.add(file + ": was changed after verify wrote it.");
    }
    Map<String, String> found = hashes(folder);
    TreeSet<String> names = new TreeSet<>(recorded.keySet());
    names.addAll(found.keySet());
    for (String name : names) {
      Path path =
          Below.of(folder, name)
              .orElseThrow(() -> UserException.at(file, FILES, name, "names of files beside it"));
      difference(path, found.get(name), recorded.get(name)).ifPresent(differences::add);
    }
    Map<String, String> judged = judged(block);
    Map<String, String> weights = byName(block.get(block.get(BASE).present() ? BASE : WEIGHTS));
    root.remove(BLOCK);
    String made = normal(root);
    for (String name : recorded.keySet()) {
      if (name.endsWith(ONNX) && found.containsKey(name)) {
        if (!judged.containsKey(name)) {
          differences.add(unjudged(folder.resolve(name)));
        }
        differences.addAll(embedded(folder.resolve(name), made, weights));
      }
    }
    return new Comparison(block.get(VERDICT).text(), judged, recorded.size(), differences);
  }

  private static Map<String, String> byName(JsonInput hashes) {
    Map<String, String> byName = new TreeMap<>();
    hashes.required("an object").fields().forEach((name, hash) -> byName.put(name, hash.text()));
    return byName;
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

  /**
   * Whether an ONNX file says of its unlearning, and of the weights it was made from, what the
   * record says.
   */
  private static List<String> embedded(Path onnx, String made, Map<String, String> weights) {
    List<String> differences = new ArrayList<>();
    try {
      Map<String, String> metadata = OnnxSummary.of(onnx).metadata();
      Map<String, String> sources = Provenance.sources(metadata);
      if (!sources.equals(weights)) {
        differences.add(
            onnx
                + ": found "
                + sources
                + " as the SHA-256 of the weights it was made from, expected "
                + weights
                + ", those it was held against.");
      }
      String inside = metadata.get(Provenance.UNLEARNING);
      if (inside != null && !normal(JSON.readTree(inside)).equals(made)) {
        differences.add(
            onnx
                + ": found another record of unlearning in its metadata, expected that of "
                + FILE
                + ".");
      }
    } catch (UserException e) {
      differences.add(e.getMessage()); // its data is missing, cut off or changed
    } catch (IOException e) {
      differences.add(onnx + ": found no JSON in its metadata " + Provenance.UNLEARNING + ".");
    }
    return differences;
  }
}
