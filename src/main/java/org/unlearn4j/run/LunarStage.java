package org.unlearn4j.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.ModelFiles;
import org.unlearn4j.base.ProgressBar;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.lm.BatchPlan;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.nn.LinearRole;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.StreamEnds;
import org.unlearn4j.nn.WeightSource;
import org.unlearn4j.surgery.Redirection;
import org.unlearn4j.surgery.SecondMoments;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.MapInputs;
import org.unlearn4j.tf.TfRuntime;
import org.unlearn4j.tf.Variables;
import org.unlearn4j.train.ModelFolder;
import org.unlearn4j.weights.SafeTensors;

/**
 * Redirects what one block makes of forget rows to where it has rows about nobody (LUNAR: Shen et
 * al. 2025): one down projection is solved for, and nothing is trained.
 */
public final class LunarStage {
  private LunarStage() {}

  /** Where forget rows are redirected to. */
  public enum Reference {
    /** Questions about people or things that no model was taught. */
    STRANGERS,
    /** The questions to forget, with refusals for answers. */
    REFUSALS
  }

  /**
   * What is asked for.
   *
   * @param block counted from 0
   * @param ridge share of the inputs' mean energy that a change costs
   * @param strength factor of the move
   */
  public record Settings(int block, Reference reference, double ridge, double strength) {}

  /** What is written to the stream by the map, in the block and its share of what it makes. */
  private record Target(Linear map, double share) {}

  /** Sums over the tokens of a set. */
  private static final class Sums {
    private final SecondMoments moments;
    private final double[] inputs;
    private final double[] stream;
    private long tokens;

    Sums(int in, int hidden) {
      moments = new SecondMoments(in);
      inputs = new double[in];
      stream = new double[hidden];
    }

    void add(MapInputs.Seen seen) {
      seen.inputs().forEach(moments::add);
      seen.inputs().forEach(x -> add(inputs, x));
      seen.stream().forEach(h -> add(stream, h));
      tokens += seen.stream().size();
    }

    private static void add(double[] sum, float[] x) {
      for (int i = 0; i < sum.length; i++) {
        sum[i] += x[i];
      }
    }

    double[] mean(double[] sum) {
      return Arrays.stream(sum).map(s -> s / tokens).toArray();
    }
  }

  /**
   * Writes a Hugging Face folder in the model's number formats. The record of an unlearning goes
   * along, with a block {@code lunar}.
   *
   * @param pipeline that names the data and the device
   * @param model that is changed
   * @param out an older model of that name is replaced
   * @throws UserException if the input is at fault, or the block's map cannot be solved for
   */
  public static void run(
      Pipeline pipeline, Path model, Settings settings, Path out, PrintStream log) {
    ModelFolder.requireWritable(
        out, List.of(Optional.of(model), pipeline.model().path(), pipeline.model().tokenizer()));
    Decoder decoder = Decoder.of(ModelConfig.read(model));
    Target target = target(decoder, settings.block);
    Path tokenizer = pipeline.model().tokenizerFolder().orElse(model);
    try (TaskData data = new TaskData(pipeline, tokenizer, decoder.config().maxPositions());
        SafeTensors weights = SafeTensors.open(model)) {
      List<List<TokenRow>> sets =
          List.of(data.forget(), data.retain(), reference(data, settings, pipeline));
      data.notes().forEach(log::println);
      Redirection found = find(pipeline, decoder, target, settings, weights, sets);
      log.printf(
          Locale.ROOT,
          "lunar: %s: forget tokens make %.1f %% of the move, retain tokens %.2f %%%n",
          target.map.module(),
          100 * found.forget(),
          100 * found.retain());
      ObjectNode record = record(model, target, settings, found);
      record
          .withObjectProperty("lunar")
          .set("data_sha256", new ObjectMapper().valueToTree(data.provenance()));
      ModelFolder.write(
          out,
          decoder,
          weights.layout(decoder.parameters().stream().map(Parameter::name).toList()),
          changed(weights, target.map, found)::forEach,
          tokenizer,
          Optional.of(record));
    }
  }

  /** The block's one map that writes what its MLP makes. */
  private static Target target(Decoder decoder, int block) {
    int layers = decoder.config().layers();
    if (block < 0 || block >= layers) {
      throw new UserException(
          "--layer: found " + block + ", expected a block from 0 to " + (layers - 1) + ".");
    }
    List<StreamEnds.Writer> down =
        decoder.streamEnds().writers().stream()
            .filter(w -> w.block() == block && LinearRole.DOWN.of(w.linear()))
            .toList();
    String expected = "expected a model whose blocks add one down projection to the stream.";
    if (down.size() != 1) {
      throw new UserException(
          "--model: found "
              + down.size()
              + " down projections in block "
              + block
              + ", "
              + expected);
    }
    if (down.get(0).throughNorm()) {
      throw new UserException(
          "--model: found a norm behind " + down.get(0).linear().module() + ", " + expected);
    }
    // Granite's blocks add a share of what they make.
    double share = decoder.config().json().path("residual_multiplier").asDouble(1);
    return new Target(down.get(0).linear(), share);
  }

  private static List<TokenRow> reference(TaskData data, Settings settings, Pipeline pipeline) {
    return switch (settings.reference) {
      case STRANGERS -> data.strangers();
      case REFUSALS ->
          data.alternates(pipeline.unlearn().loop().seed(), pipeline.data().refusals());
    };
  }

  /**
   * Looks at all sets and solves.
   *
   * @param sets rows to forget, to keep and to redirect to
   */
  private static Redirection find(
      Pipeline pipeline,
      Decoder decoder,
      Target target,
      Settings settings,
      SafeTensors weights,
      List<List<TokenRow>> sets) {
    Computation computation = RuntimeModels.measuring(pipeline.model());
    int hidden = decoder.config().hiddenSize();
    List<Sums> sums = sets.stream().map(s -> new Sums(target.map.in(), hidden)).toList();
    try (TfRuntime runtime = new TfRuntime(computation);
        ProgressBar bar = ProgressBar.named("lunar")) {
      Variables variables = new Variables(runtime, "", decoder.parameters());
      MapInputs inputs =
          new MapInputs(
              runtime, decoder, variables, target.map, settings.block, computation.precision());
      variables.assign(TfRuntime.checkpoint(weights, decoder.parameters()));
      int done = 0;
      int all = sets.stream().mapToInt(List::size).sum();
      for (int s = 0; s < sets.size(); s++) {
        List<TokenRow> rows = sets.get(s);
        for (int[] batch :
            BatchPlan.byLength(
                rows.size(), i -> rows.get(i).length(), pipeline.evaluate().tokenBudget())) {
          sums.get(s).add(inputs.look(Arrays.stream(batch).mapToObj(rows::get).toList()));
          done += batch.length;
          bar.update(done, all, "");
        }
      }
    }
    return solved(target, settings, sums.get(0), sums.get(1), sums.get(2));
  }

  private static Redirection solved(
      Target target, Settings settings, Sums forget, Sums retain, Sums reference) {
    double[] from = forget.mean(forget.stream);
    double[] to = reference.mean(reference.stream);
    double[] move = new double[from.length];
    for (int d = 0; d < move.length; d++) {
      move[d] = settings.strength * (to[d] - from[d]) / target.share;
    }
    try {
      return Redirection.of(
          move, forget.mean(forget.inputs), forget.moments, retain.moments, settings.ridge);
    } catch (IllegalArgumentException e) {
      throw new MachineException(
          "lunar: found "
              + e.getMessage()
              + " of what "
              + target.map.module()
              + " reads, expected finite numbers greater than 0.",
          e);
    }
  }

  private static WeightSource changed(SafeTensors weights, Linear map, Redirection found) {
    int columns = map.weight().dim(1);
    return (p, from, to) -> {
      if (!p.name().equals(map.weight().name())) {
        weights.read(p.name(), from, to);
        return;
      }
      FloatBuffer own = FloatBuffer.allocate(to.remaining());
      weights.read(p.name(), from, own);
      for (int i = 0; i < own.capacity(); i++) {
        int row = Math.toIntExact((from + i) / columns);
        int column = Math.toIntExact((from + i) % columns);
        double change = map.inOut() ? found.change(column, row) : found.change(row, column);
        to.put((float) (own.get(i) + change));
      }
    };
  }

  private static ObjectNode record(
      Path model, Target target, Settings settings, Redirection found) {
    Path file = model.resolve(ModelFiles.UNLEARNING);
    ObjectNode root =
        Files.isRegularFile(file)
            ? JsonInput.object(file, "the record of an unlearning")
            : new ObjectMapper().createObjectNode();
    double square = Arrays.stream(found.move()).map(d -> d * d).sum();
    ObjectNode block =
        root.putObject("lunar")
            .put("map", target.map.module())
            .put("reference", settings.reference.name().toLowerCase(Locale.ROOT))
            .put("ridge", settings.ridge)
            .put("strength", settings.strength)
            .put("move_length", Math.sqrt(square))
            .put("redirected_forget", found.forget())
            .put("redirected_retain", found.retain());
    ObjectNode hashes = block.putObject("source_sha256");
    RuntimeModels.weightHashes(model, "tf", FileHashes.inMemory()).forEach(hashes::put);
    return root;
  }
}
