package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.parity.Gate;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.weights.Variant;

/** A correct file of every family, format and operator set passes what is asked of weights and graph. */
@Tag("slow")
class ReadBackFamiliesTest {
  @TempDir Path temp;

  static Stream<Arguments> files() {
    return Fixture.names()
        .flatMap(
            name ->
                Stream.of(GraphForm.LATEST, GraphForm.OLDER)
                    .map(opset -> Arguments.of(name, opset)));
  }

  @ParameterizedTest
  @MethodSource("files")
  void aCorrectFilePasses(String name, int opset) {
    Path folder = temp.resolve(name);
    OnnxExporter.export(
        Fixture.named(name).folder(), folder, ExportOptions.of(Variant.labels()).opset(opset));
    for (Variant variant : Variant.values()) {
      ParityResult result = ReadBacks.compare(name, folder, variant);
      List<String> failed =
          ReadBacks.failed(result, Gate.Level.WEIGHTS, Gate.Level.GRAPH);
      System.out.println("GRAPH " + name + " " + opset + " " + variant.label() + " " + result.graph().get() + " " + result.weights());
      assertEquals(List.of(), failed, variant.label() + ": " + result.graph() + result.weights());
    }
  }
}
