package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.unlearn4j.fixtures.Fixture;

/** Exported fixture models for tests, and ways to spoil them. */
final class Exports {
  private Exports() {}

  /** As a user would export it: tiny models are one file. */
  static Path inline(String fixture, Path folder) {
    return export(fixture, folder, 1 << 20);
  }

  /** With the weights in a file of their own. */
  static Path external(String fixture, Path folder) {
    return export(fixture, folder, 0);
  }

  private static Path export(String fixture, Path folder, long inlineLimit) {
    ExportOptions options = ExportOptions.defaults().inlineLimit(inlineLimit);
    OnnxExporter.export(Fixture.named(fixture).folder(), folder, options);
    return folder;
  }

  static Path model(Path folder) {
    return folder.resolve("onnx").resolve("model.onnx");
  }

  /** Changes the graph of an exported model in place. */
  static void edit(Path folder, Consumer<GraphProto.Builder> change) {
    try {
      ModelProto.Builder model =
          ModelProto.parseFrom(Files.readAllBytes(model(folder))).toBuilder();
      change.accept(model.getGraphBuilder());
      Files.write(model(folder), model.build().toByteArray());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
