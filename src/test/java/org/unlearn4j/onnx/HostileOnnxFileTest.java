package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.base.UserException;

/** ONNX files of strangers: what they say of data beside them. */
class HostileOnnxFileTest {
  private static final int SIZE = 16;

  @TempDir Path folder;
  private Path models;

  @BeforeEach
  void data() throws IOException {
    models = Files.createDirectories(folder.resolve("models"));
    Files.write(models.resolve("data"), new byte[SIZE]);
    Files.writeString(folder.resolve("secret"), "not yours");
  }

  private Path file(Map<String, String> data) throws IOException {
    TensorProto.Builder tensor =
        TensorProto.newBuilder()
            .setName("w")
            .setDataType(TensorProto.DataType.FLOAT.getNumber())
            .addDims(1)
            .setDataLocation(TensorProto.DataLocation.EXTERNAL);
    data.forEach(
        (k, v) ->
            tensor.addExternalData(StringStringEntryProto.newBuilder().setKey(k).setValue(v)));
    ModelProto model =
        ModelProto.newBuilder()
            .setGraph(
                GraphProto.newBuilder()
                    .addNode(NodeProto.newBuilder().setOpType("Identity"))
                    .addInitializer(tensor))
            .build();
    return Files.write(models.resolve("m.onnx"), model.toByteArray());
  }

  private static void refused(Path file, String expected) {
    String message = assertThrows(UserException.class, () -> OnnxFile.read(file)).getMessage();
    assertTrue(message.contains(expected), message);
    assertEquals(1, message.lines().count(), message);
  }

  @Test
  void dataBesideTheFileOrBelow() throws IOException {
    Map<String, String> entries = Map.of("location", "data", "offset", "0", "length", "16");
    assertEquals(
        List.of(models.resolve("m.onnx"), models.resolve("data")),
        OnnxFile.read(file(entries)).files());
    Files.createDirectories(models.resolve("below"));
    Files.write(models.resolve("below/data"), new byte[4]);
    assertEquals(2, OnnxFile.read(file(Map.of("location", "below/../below/data"))).files().size());
  }

  @ParameterizedTest
  @ValueSource(strings = {"../secret", "/etc/hostname", "below/../../secret", "", ".", "a\0b"})
  void aLocationOutsideTheFolder(String location) throws IOException {
    refused(file(Map.of("location", location)), "tensor w: found ");
    refused(file(Map.of("location", location)), "expected the name of a file beside it.");
  }

  @Test
  void noLocation() throws IOException {
    refused(file(Map.of()), "tensor w: found no location of its data, expected the name of");
  }

  /** The sum of the two must not wrap around and seem to fit. */
  @ParameterizedTest
  @CsvSource({
    "9223372036854775807, 16, offset: found 9223372036854775807",
    "999999999999999999, 999999999999999999, at least 1999999999999999998 bytes",
    "17, 0, at least 17 bytes",
    "8, 9, at least 17 bytes",
    "-16, 32, offset: found -16",
    "0, four, length: found four",
    "0, 1e1, length: found 1e1",
  })
  void placesOutsideTheData(String offset, String length, String expected) throws IOException {
    refused(file(Map.of("location", "data", "offset", offset, "length", length)), expected);
  }
}
