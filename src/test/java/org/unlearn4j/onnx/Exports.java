package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;
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

  /** A fixture model's configuration and weights, in a folder that may be changed. */
  static Path source(String fixture, Path folder) throws IOException {
    Files.createDirectory(folder);
    for (String file : List.of("config.json", "model.safetensors")) {
      Files.copy(Fixture.named(fixture).folder().resolve(file), folder.resolve(file));
    }
    return folder;
  }

  /** Every file of a folder, by its path within it. */
  static Set<String> files(Path folder) throws IOException {
    try (Stream<Path> walk = Files.walk(folder)) {
      return new TreeSet<>(
          walk.filter(Files::isRegularFile)
              .map(p -> folder.relativize(p).toString().replace('\\', '/'))
              .toList());
    }
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
