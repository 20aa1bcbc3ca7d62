package org.unlearn4j.cli;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Files that are right. */
final class FuzzSeeds {
  static final String PIPELINE =
      """
      name: fuzz
      model: {path: src/test/resources/fixtures/llama, tokenizer: src/test/resources/fable-tokenizer}
      data: {benchmark: fable, max_length: 64}
      unlearn:
        objective: {name: NPO, beta: 0.12}
        clreg: {weight: 0.1, layers: [0, last], temperature: 0.3}
        epochs: 7
        learning_rate: 1.0e-4
      evaluate: {suite: tofu, limit: 3}
      export: {variants: [fp32, int8]}
      verify: {logit_atol: 1.0e-4}
      """;

  static final String STUDY =
      """
      name: fuzz
      pipeline: BASE
      set: {unlearn.epochs: 3}
      seeds: [4, 2]
      columns: [model_utility, entanglement, 'cosine@0', step_seconds]
      addition:
        name: CLReg
        without: {unlearn.clreg.weight: 0}
        with: {unlearn.clreg.weight: 0.2}
      methods:
        NPO: {unlearn.learning_rate: 3.0e-4}
        GradDiff:
          unlearn.objective: {name: GradDiff, alpha: 2}
          with: {unlearn.clreg: {weight: 0.5, layers: [0, last]}}
      """;

  private FuzzSeeds() {}

  /** An ONNX model of one tensor, whose data it writes beside it. */
  static byte[] externalData(Path folder) throws IOException {
    Files.write(folder.resolve("m.onnx_data"), new byte[16]);
    TensorProto.Builder tensor =
        TensorProto.newBuilder()
            .setName("w")
            .setDataType(TensorProto.DataType.FLOAT.getNumber())
            .addDims(4)
            .setDataLocation(TensorProto.DataLocation.EXTERNAL);
    for (List<String> e :
        List.of(
            List.of("location", "m.onnx_data"), List.of("offset", "0"), List.of("length", "16"))) {
      tensor.addExternalData(
          StringStringEntryProto.newBuilder().setKey(e.get(0)).setValue(e.get(1)));
    }
    return ModelProto.newBuilder()
        .setProducerName("somebody")
        .addMetadataProps(
            StringStringEntryProto.newBuilder()
                .setKey("unlearn4j.external_data.sha256.m.onnx_data")
                // of sixteen zeros
                .setValue("374708fff7719dd5979ec875d56cd2286f6d3cf7ec317a3b25632aab28ec37bb"))
        .setGraph(
            GraphProto.newBuilder()
                .addNode(NodeProto.newBuilder().setOpType("Identity").addInput("w").addOutput("y"))
                .addInitializer(tensor))
        .build()
        .toByteArray();
  }
}
