package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.unlearn4j.base.Below;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.UserException;
import org.unlearn4j.weights.Variant;

/**
 * An ONNX file on disk, its external data not loaded.
 *
 * @param path the file
 * @param model what it declares
 */
record OnnxFile(Path path, ModelProto model) {

  /**
   * The file itself, or the one that a deployable folder has for a variant.
   *
   * @throws UserException if there is none
   */
  static Path locate(Path folderOrFile, String variant) {
    if (!Files.isDirectory(folderOrFile)) {
      if (!Files.isRegularFile(folderOrFile)) {
        throw UserException.at(folderOrFile, "", "no such file", "an ONNX file or folder");
      }
      return folderOrFile;
    }
    String name = Variant.named(variant).fileName();
    Path inModels = folderOrFile.resolve(OnnxExporter.MODELS).resolve(name);
    Path direct = folderOrFile.resolve(name);
    if (!Files.isRegularFile(inModels) && !Files.isRegularFile(direct)) {
      throw UserException.at(
          folderOrFile, "", "no " + OnnxExporter.MODELS + "/" + name, "an exported model");
    }
    return Files.isRegularFile(inModels) ? inModels : direct;
  }

  /**
   * Reads the declarations and holds the external data against them.
   *
   * @throws UserException if the file is no ONNX, or external data is missing, truncated or, where
   *     the file carries its fingerprint, changed
   */
  static OnnxFile read(Path path) {
    try (InputStream in = Files.newInputStream(path)) {
      ModelProto model = ModelProto.parseFrom(in);
      if (model.getGraph().getNodeCount() == 0) {
        throw UserException.at(path, "", "no graph", "an ONNX model");
      }
      OnnxFile file = new OnnxFile(path, model);
      file.checkData();
      return file;
    } catch (InvalidProtocolBufferException e) {
      throw UserException.at(path, "", "no ONNX (" + e.getMessage() + ")", "an ONNX model");
    } catch (IOException e) {
      throw new UserException(path + ": could not be read (" + e.getMessage() + ").", e);
    }
  }

  /** The program that says it has written a file; empty where none does, or it is no ONNX. */
  static String producer(Path path) {
    try (InputStream in = Files.newInputStream(path)) {
      CodedInputStream fields = CodedInputStream.newInstance(in);
      for (int tag = fields.readTag(); tag != 0; tag = fields.readTag()) {
        if (WireFormat.getTagFieldNumber(tag) == ModelProto.PRODUCER_NAME_FIELD_NUMBER) {
          return fields.readString();
        }
        fields.skipField(tag);
      }
      return "";
    } catch (IOException e) {
      return "";
    }
  }

  /** The file's {@code metadata_props}. */
  Map<String, String> metadata() {
    Map<String, String> metadata = new TreeMap<>();
    for (StringStringEntryProto entry : model.getMetadataPropsList()) {
      metadata.put(entry.getKey(), entry.getValue());
    }
    return metadata;
  }

  /** The file itself, then the files with its external data. */
  List<Path> files() {
    Set<Path> files = new LinkedHashSet<>(Set.of(path));
    for (TensorProto tensor : model.getGraph().getInitializerList()) {
      if (tensor.getDataLocation() == TensorProto.DataLocation.EXTERNAL) {
        files.add(data(tensor));
      }
    }
    return List.copyOf(files);
  }

  /** Size of all of them. */
  long bytes() {
    long sum = 0;
    for (Path file : files()) {
      try {
        sum += Files.size(file);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return sum;
  }

  private void checkData() throws IOException {
    for (TensorProto tensor : model.getGraph().getInitializerList()) {
      if (tensor.getDataLocation() == TensorProto.DataLocation.EXTERNAL) {
        checkTensor(tensor);
      }
    }
    Map<String, String> metadata = metadata();
    for (Path file : files()) {
      String expected = metadata.get(Provenance.DATA + file.getFileName());
      if (expected != null) {
        String found = Hashes.sha256(file);
        if (!found.equals(expected)) {
          throw UserException.at(file, "", "content of SHA-256 " + found, expected);
        }
      }
    }
  }

  private static Map<String, String> entries(TensorProto tensor) {
    Map<String, String> entries = new TreeMap<>();
    tensor.getExternalDataList().forEach(e -> entries.put(e.getKey(), e.getValue()));
    return entries;
  }

  /**
   * The file that holds a tensor's data: beside the model or in a folder below, as the format wants
   * it. Whatever else a name could lead to is nobody's business to be read or hashed.
   */
  Path data(TensorProto tensor) {
    String location = entries(tensor).getOrDefault("location", "");
    return Below.of(Path.of(""), location)
        .map(path::resolveSibling)
        .orElseThrow(
            () ->
                UserException.at(
                    path,
                    place(tensor),
                    location.isEmpty() ? "no location of its data" : location,
                    "the name of a file beside it"));
  }

  private static String place(TensorProto tensor) {
    return "tensor " + tensor.getName();
  }

  private void checkTensor(TensorProto tensor) throws IOException {
    Path data = data(tensor);
    if (!Files.isRegularFile(data)) {
      throw UserException.at(
          path, place(tensor), "no file " + data.getFileName(), "its external data");
    }
    long offset = bytes(tensor, "offset");
    long length = bytes(tensor, "length");
    long size = Files.size(data);
    if (offset > size || length > size - offset) {
      throw UserException.at(
          data,
          place(tensor),
          "a file of " + size + " bytes (truncated)",
          "at least " + BigInteger.valueOf(offset).add(BigInteger.valueOf(length)) + " bytes");
    }
  }

  long bytes(TensorProto tensor, String key) {
    String value = entries(tensor).getOrDefault(key, "0");
    if (!value.matches("[0-9]{1,18}")) {
      throw UserException.at(path, place(tensor) + ", " + key, value, "a number of bytes");
    }
    return Long.parseLong(value);
  }
}
