package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Why there is no variant in bfloat16: nothing here could run it, so nothing could prove it. */
class BfloatProductsTest {
  /** The day this fails, the variant is worth another look. float16 is the control. */
  @ParameterizedTest
  @CsvSource({"MatMul, BFLOAT16", "Gemm, BFLOAT16", "MatMul, FLOAT16"})
  void theProcessorHasNone(String operator, DataType type) throws OrtException {
    List<Dim> square = List.of(Dim.of(4), Dim.of(4));
    ModelProto.Builder model =
        ModelProto.newBuilder()
            .setIrVersion(11)
            .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(GraphForm.LATEST));
    model
        .getGraphBuilder()
        .setName("product")
        .addInput(new Value("a", type, square).proto())
        .addInput(new Value("b", type, square).proto())
        .addOutput(new Value("c", type, square).proto())
        .addNode(
            NodeProto.newBuilder()
                .setOpType(operator)
                .setName("product")
                .addInput("a")
                .addInput("b")
                .addOutput("c"));
    byte[] bytes = model.build().toByteArray();
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    if (type == DataType.FLOAT16) {
      environment.createSession(bytes, new OrtSession.SessionOptions()).close();
      return;
    }
    OrtException refused =
        assertThrows(
            OrtException.class,
            () -> environment.createSession(bytes, new OrtSession.SessionOptions()).close());
    assertTrue(refused.getMessage().contains("NOT_IMPLEMENTED"), refused.getMessage());
  }
}
