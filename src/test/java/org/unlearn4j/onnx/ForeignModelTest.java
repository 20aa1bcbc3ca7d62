package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import ai.onnxruntime.OnnxJavaType;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.unlearn4j.base.UserException;

/**
 * What other exporters' files declare, and cannot be fed or read here: said as a mistake of the
 * user's, with what was found, before anything is computed.
 */
class ForeignModelTest {
  @TempDir Path temp;

  /** The sentence about a file whose declarations were changed, without the file's name. */
  private String refused(Consumer<GraphProto.Builder> change) {
    Path folder = Exports.inline("llama", temp.resolve("llama"));
    Exports.edit(folder, change);
    String message =
        assertThrows(
                UserException.class, () -> ForeignModel.open(folder, OrtSettings.cpu(1)).close())
            .getMessage();
    return message.replace(Exports.model(folder).toString(), "FILE");
  }

  private static TypeProto.Tensor.Builder port(GraphProto.Builder graph, String name) {
    return Stream.concat(
            graph.getInputBuilderList().stream(), graph.getOutputBuilderList().stream())
        .filter(p -> p.getName().equals(name))
        .map(ValueInfoProto.Builder::getTypeBuilder)
        .map(TypeProto.Builder::getTensorTypeBuilder)
        .findFirst()
        .orElseThrow();
  }

  private static Consumer<GraphProto.Builder> type(String name, DataType type) {
    return graph -> port(graph, name).setElemType(type.getNumber());
  }

  private static Consumer<GraphProto.Builder> fixed(String name, int dimension, int size) {
    return graph -> port(graph, name).getShapeBuilder().getDimBuilder(dimension).setDimValue(size);
  }

  @ParameterizedTest
  @CsvSource({"input_ids,INT32", "attention_mask,FLOAT", "position_ids,INT32", "input_ids,BOOL"})
  void integersOfAnotherFormat(String name, DataType type) {
    assertEquals(
        "FILE, input " + name + ": found " + type + ", expected INT64.", refused(type(name, type)));
  }

  /** A file that was traced with one text of 128 tokens. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "input_ids      | 0 |   1 | [1, sequence_length]",
        "input_ids      | 1 | 128 | [batch_size, 128]",
        "attention_mask | 1 | 128 | [batch_size, 128]",
        "position_ids   | 0 |   1 | [1, sequence_length]"
      })
  void fixedShapes(String name, int dimension, int size, String shape) {
    assertEquals(
        "FILE, input "
            + name
            + ": found shape "
            + shape
            + ", expected [batch, time], neither of"
            + " them fixed.",
        refused(fixed(name, dimension, size)));
  }

  /** A mask for each pair of positions. */
  @Test
  void aMaskOfFourDimensions() {
    String found =
        refused(g -> port(g, "attention_mask").getShapeBuilder().addDimBuilder().setDimParam("x"));
    assertEquals(
        "FILE, input attention_mask: found shape [batch_size, total_sequence_length, x], expected"
            + " [batch, time], neither of them fixed.",
        found);
  }

  /** Read as float16 these would be plausible, wrong numbers. */
  @ParameterizedTest
  @CsvSource({"DOUBLE", "BFLOAT16", "INT64"})
  void logitsOfAnotherFormat(DataType type) {
    assertEquals(
        "FILE, output logits: found " + type + ", expected FLOAT or FLOAT16.",
        refused(type("logits", type)));
  }

  @Test
  void logitsOfAnotherShape() {
    String expected =
        ", expected [batch, time, 120], the vocabulary as config.json has it, batch and time not"
            + " fixed.";
    assertEquals(
        "FILE, output logits: found shape [batch_size, sequence_length, 121]" + expected,
        refused(fixed("logits", 2, 121)));
    assertEquals(
        "FILE, output logits: found shape [batch_size, 128, 120]" + expected,
        refused(fixed("logits", 1, 128)));
  }

  @Test
  void aCacheThatCannotBeHandedOn() {
    String past = "past_key_values.1.value";
    assertEquals(
        "FILE, input " + past + ": found FLOAT, expected FLOAT16 as in output present.1.value.",
        refused(type("present.1.value", DataType.FLOAT16)));
    for (int dimension : List.of(0, 2)) {
      String found = refused(fixed(past, dimension, 16));
      assertTrue(found.startsWith("FILE, input " + past + ": found shape ["), found);
      assertTrue(found.contains(dimension == 0 ? "[16, " : ", 16, "), found);
      assertTrue(found.endsWith(", batch and past not fixed."), found);
    }
  }

  /** Also where nobody has looked at the declarations. */
  @ParameterizedTest
  @CsvSource({"DOUBLE", "BFLOAT16", "INT32"})
  void noOtherLogitsAreRead(OnnxJavaType type) {
    UserException e = assertThrows(UserException.class, () -> new OrtLogits(1, 2, type));
    assertEquals("Output logits: found " + type + ", expected FLOAT or FLOAT16.", e.getMessage());
  }
}
