package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What an ONNX file says of itself; its weights are not loaded.
 *
 * @param producer name and version of the program that wrote it
 * @param opsets version of each operator domain; the standard one is {@code ai.onnx}
 * @param operators how many nodes of each operator
 * @param bytes size of the file and of all files with its external data
 * @param parameters values in all initializers
 * @param types how many initializers of each number format
 * @param metadata the file's own key-value pairs
 */
public record OnnxSummary(
    String producer,
    Map<String, Long> opsets,
    List<Port> inputs,
    List<Port> outputs,
    Map<String, Integer> operators,
    long bytes,
    long parameters,
    Map<String, Integer> types,
    Map<String, String> metadata) {

  /**
   * An input or output.
   *
   * @param shape sizes, or names of dynamic dimensions
   */
  public record Port(String name, String type, List<String> shape) {}

  /**
   * Reads the declarations of a file.
   *
   * @throws org.unlearn4j.base.UserException if it is missing or no ONNX, or its external data is
   *     missing, truncated or changed
   */
  public static OnnxSummary of(Path path) {
    OnnxFile file = OnnxFile.read(path);
    ModelProto model = file.model();
    GraphProto graph = model.getGraph();
    Map<String, Long> opsets = new TreeMap<>();
    for (OperatorSetIdProto opset : model.getOpsetImportList()) {
      opsets.put(opset.getDomain().isEmpty() ? "ai.onnx" : opset.getDomain(), opset.getVersion());
    }
    Map<String, Integer> operators = new TreeMap<>();
    for (NodeProto node : Subgraph.nodes(graph)) {
      operators.merge(node.getOpType(), 1, Integer::sum);
    }
    Map<String, Integer> types = new TreeMap<>();
    long parameters = 0;
    for (TensorProto tensor : graph.getInitializerList()) {
      types.merge(type(tensor.getDataType()), 1, Integer::sum);
      parameters += tensor.getDimsList().stream().reduce(1L, (a, b) -> a * b);
    }
    return new OnnxSummary(
        (model.getProducerName() + " " + model.getProducerVersion()).strip(),
        opsets,
        ports(graph.getInputList()),
        ports(graph.getOutputList()),
        operators,
        file.bytes(),
        parameters,
        types,
        file.metadata());
  }

  /**
   * The file itself, or the one that a deployable folder has for a variant.
   *
   * @throws org.unlearn4j.base.UserException if there is none
   */
  public static Path locate(Path folderOrFile, String variant) {
    return OnnxFile.locate(folderOrFile, variant);
  }

  private static List<Port> ports(List<ValueInfoProto> values) {
    return values.stream().map(OnnxSummary::port).toList();
  }

  private static Port port(ValueInfoProto value) {
    TypeProto.Tensor tensor = value.getType().getTensorType();
    List<String> shape =
        tensor.getShape().getDimList().stream().map(OnnxSummary::dimension).toList();
    return new Port(value.getName(), type(tensor.getElemType()), shape);
  }

  private static String dimension(TensorShapeProto.Dimension dimension) {
    return dimension.hasDimValue()
        ? String.valueOf(dimension.getDimValue())
        : dimension.getDimParam();
  }

  private static String type(int code) {
    TensorProto.DataType type = TensorProto.DataType.forNumber(code);
    return type == null ? "type " + code : type.name();
  }
}
