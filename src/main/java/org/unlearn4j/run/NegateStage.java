package org.unlearn4j.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.ModelFiles;
import org.unlearn4j.base.UserException;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.WeightSource;
import org.unlearn4j.train.ModelFolder;
import org.unlearn4j.weights.SafeTensors;

/**
 * Takes a task vector away (Ilharco et al. 2023): what a model learned when it was trained further
 * on what must go is subtracted from it, {@code theta - strength * (theta_learned - theta)}.
 */
public final class NegateStage {
  private NegateStage() {}

  /**
   * Writes a Hugging Face folder in the base's number formats, names and files, with the tokenizer
   * and what else goes along. The record of an unlearning goes along, with a block {@code negated}.
   * No weight stands in memory as a whole: sums are taken in float64 and rounded to float32, then
   * to the base's format.
   *
   * @param base theta
   * @param learned the base, trained further on what must go
   * @param strength greater than 0
   * @param out an older model of that name is replaced
   * @throws UserException naming the first tensor in which the two models differ in more than
   *     values, or if one does not fit its configuration, or something else would be replaced
   */
  public static void run(Path base, Path learned, double strength, Path out, PrintStream log) {
    ModelFolder.requireWritable(out, List.of(Optional.of(base)));
    if (AtomicFiles.holds(out, learned)) {
      throw UserException.at(out, "", "the model that learned", "another folder to write to");
    }
    Decoder decoder = Decoder.of(ModelConfig.read(base));
    requireAlike(base, decoder, learned, Decoder.of(ModelConfig.read(learned)));
    Map<String, List<Integer>> shapes = shapes(decoder);
    try (SafeTensors weights = SafeTensors.open(base);
        SafeTensors further = SafeTensors.open(learned)) {
      weights.require(shapes);
      further.require(shapes);
      log.println(
          "negate: " + strength + " times what " + shapes.size() + " parameters have learned");
      ModelFolder.write(
          out,
          decoder,
          weights.layout(shapes.keySet()),
          difference(weights, further, strength)::forEach,
          base,
          Optional.of(record(base, learned, strength)));
    }
  }

  private static Map<String, List<Integer>> shapes(Decoder decoder) {
    Map<String, List<Integer>> shapes = new LinkedHashMap<>();
    decoder.parameters().forEach(p -> shapes.put(p.name(), p.shape()));
    return shapes;
  }

  /** Ties first: a tied head has no tensor, whose absence would be named in its place. */
  private static void requireAlike(Path base, Decoder ours, Path learned, Decoder theirs) {
    if (ours.config().tiedEmbeddings() != theirs.config().tiedEmbeddings()) {
      throw UserException.at(
          learned.resolve(ModelFiles.CONFIG),
          "tie_word_embeddings",
          "" + theirs.config().tiedEmbeddings(),
          ours.config().tiedEmbeddings() + " as in " + base);
    }
    Map<String, List<Integer>> expected = shapes(ours);
    Map<String, List<Integer>> found = shapes(theirs);
    expected.forEach(
        (name, shape) -> {
          List<Integer> other = found.get(name);
          if (!shape.equals(other)) {
            throw UserException.at(
                learned,
                "tensor " + name,
                other == null ? "no such tensor" : "shape " + other,
                (other == null ? "one of shape " : "") + shape + " as in " + base);
          }
        });
    found.keySet().stream()
        .filter(n -> !expected.containsKey(n))
        .findFirst()
        .ifPresent(
            n -> {
              throw UserException.at(
                  learned, "tensor " + n, "a tensor that " + base + " does not have", "none");
            });
  }

  private static WeightSource difference(SafeTensors base, SafeTensors learned, double strength) {
    return (p, from, to) -> {
      FloatBuffer theta = FloatBuffer.allocate(to.remaining());
      FloatBuffer other = FloatBuffer.allocate(to.remaining());
      base.read(p.name(), from, theta);
      learned.read(p.name(), from, other);
      for (int i = 0; i < theta.capacity(); i++) {
        double own = theta.get(i);
        to.put((float) (own - strength * (other.get(i) - own)));
      }
    };
  }

  private static ObjectNode record(Path base, Path learned, double strength) {
    Path file = base.resolve(ModelFiles.UNLEARNING);
    ObjectNode root =
        Files.isRegularFile(file)
            ? JsonInput.object(file, "the record of an unlearning")
            : new ObjectMapper().createObjectNode();
    ObjectNode block = root.putObject("negated").put("strength", strength);
    hashes(base, block.putObject("source_sha256"));
    hashes(learned, block.putObject("learned_sha256"));
    return root;
  }

  private static void hashes(Path model, ObjectNode into) {
    RuntimeModels.weightHashes(model, "tf", FileHashes.inMemory()).forEach(into::put);
  }
}
