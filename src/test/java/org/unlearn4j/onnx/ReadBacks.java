package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.OwnHead;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.parity.Gate;
import org.unlearn4j.parity.NumericMeasure;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.run.PairCheck;
import org.unlearn4j.run.PairData;
import org.unlearn4j.weights.GraphChoices;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.SafeTensorsWriter;
import org.unlearn4j.weights.Variant;

/** Files of a fixture model held against it, as {@code verify} does without a pipeline. */
final class ReadBacks {
  private ReadBacks() {}

  /**
   * The verdict on a file.
   *
   * @param onnx a deployable folder
   */
  static ParityResult compare(String fixture, Path onnx, Variant variant) {
    Fixture trained = Fixture.named(fixture);
    PairCheck check = new PairCheck(Pipeline.defaults("NPO", List.of("evaluate.max_new_tokens=2")));
    PairCheck.Rows rows =
        shape -> PairData.ofIds(Fixture.rows(trained.expected()), trained.folder());
    return check
        .run(
            new PairCheck.Side(trained.folder(), false),
            new PairCheck.Side(onnx.resolve("onnx").resolve(variant.fileName()), true),
            rows,
            variant)
        .results()
        .get(0);
  }

  /**
   * Exports a fixture's model with a mistake.
   *
   * @return false where the format has nothing that could be wrong in this way, or rounds it away:
   *     the file is then a correct one
   */
  static boolean wrong(String fixture, Mistake mistake, Variant variant, int opset, Path onnx) {
    return wrong(fixture, mistake, variant, opset, GraphChoices.defaults(), onnx);
  }

  /** The same of a file with codes of one's own choice. */
  static boolean wrong(
      String fixture,
      Mistake mistake,
      Variant variant,
      int opset,
      GraphChoices choices,
      Path onnx) {
    ExportOptions options =
        ExportOptions.of(List.of(variant.label())).opset(opset).choices(choices);
    Path trained = Fixture.named(fixture).folder();
    try {
      Path source = Files.createDirectories(onnx.resolveSibling(onnx.getFileName() + "-source"));
      ObjectNode config = (ObjectNode) Fixture.named(fixture).json("config.json");
      mistake.config().ifPresent(c -> c.accept(config));
      new ObjectMapper().writeValue(source.resolve("config.json").toFile(), config);
      Map<String, float[]> values = new HashMap<>();
      try (SafeTensors weights = SafeTensors.open(trained)) {
        // Each parameter by its own name, also where a file has several in one tensor.
        List<String> names =
            Decoder.of(ModelConfig.read(trained)).parameters().stream()
                .map(Parameter::name)
                .toList();
        names.forEach(n -> values.put(n, weights.floats(n)));
        mistake.weights().ifPresent(w -> w.accept(values));
        SafeTensorsWriter.write(
            source.resolve("model.safetensors"),
            names.stream().map(weights::info).toList(),
            t -> FloatBuffer.wrap(values.get(t.name())),
            Map.of());
      }
      OnnxExporter.export(source, onnx, options);
      Path file = onnx.resolve("onnx").resolve(variant.fileName());
      ModelProto.Builder model = ModelProto.parseFrom(Files.readAllBytes(file)).toBuilder();
      Path honest = onnx.resolveSibling(onnx.getFileName() + "-honest");
      OnnxExporter.export(trained, honest, options);
      boolean there = mistake.file().map(f -> f.apply(model.getGraphBuilder())).orElse(true);
      Files.write(file, model.build().toByteArray());
      return there && !model.getGraph().equals(graph(honest, variant));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static GraphProto graph(Path onnx, Variant variant) throws IOException {
    return ModelProto.parseFrom(
            Files.readAllBytes(onnx.resolve("onnx").resolve(variant.fileName())))
        .getGraph();
  }

  /** What is read back from a file. */
  static ReadBack.Counts counts(Path folder, Path onnx, Variant variant) {
    OwnHead head = OwnHead.of(ModelConfig.read(folder));
    try (SafeTensors weights = SafeTensors.open(folder);
        ReadBack file = ReadBack.of(onnx, variant.label(), head, weights)) {
      return file.counts();
    }
  }

  static boolean clean(ReadBack.Counts c) {
    return c.unread().isEmpty()
        && c.beyond() == 0
        && c.changed() == 0
        && c.foreign().orElse(0) == 0;
  }

  /**
   * A gate does not hold, unless no logit is further from the weights' own than the bound of a
   * format that rounds while it runs.
   */
  static void requireCaught(ParityResult result, Variant variant, String what) {
    boolean rounds = variant.half() || variant == Variant.INT8_DYNAMIC;
    List<String> failed = failed(result, Gate.Level.WEIGHTS, Gate.Level.GRAPH, Gate.Level.NUMERIC);
    double moved = result.graph().orElseThrow().value(NumericMeasure.LOGIT_MAX_RELATIVE);
    double bound = variant.half() ? 0.03 : 1.5;
    assertTrue(!failed.isEmpty() || (rounds && moved <= bound), what + ": " + result.graph());
  }

  /** Names of the gates of some kinds that do not hold. */
  static List<String> failed(ParityResult result, Gate.Level... levels) {
    return result.gates().stream()
        .filter(g -> List.of(levels).contains(g.level()) && !g.pass())
        .map(Gate::name)
        .toList();
  }
}
