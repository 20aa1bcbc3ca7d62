package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto.Dimension;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoraAdapter;
import ai.onnxruntime.OrtSession;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.unlearn4j.base.UserException;

/**
 * An adapter file that is switched on in every session of a model. A session that was cut out of
 * the model is given those matrices that it has inputs for: the runtime refuses others.
 */
final class ActiveAdapter implements AutoCloseable {
  private final AdapterFile file;
  private final IdentityHashMap<OrtSession, OrtLoraAdapter> bySession = new IdentityHashMap<>();

  private ActiveAdapter(AdapterFile file) {
    this.file = file;
  }

  /**
   * Holds an adapter against a model that is to run with it.
   *
   * @throws UserException if the model has no such inputs, of these shapes, or the adapter says
   *     that it belongs to other weights
   */
  static ActiveAdapter of(AdapterFile adapter, OnnxFile model) {
    Map<String, List<Dimension>> inputs = optional(model.model().getGraph());
    if (inputs.isEmpty()) {
      throw UserException.at(
          model.path(),
          "",
          "no inputs for an adapter",
          "those that export.adapter: separate writes, for " + adapter.path());
    }
    adapter
        .factors()
        .forEach(
            (name, factor) -> {
              List<Dimension> dims = inputs.get(name);
              if (dims == null || dims.size() != 2 || !fits(dims, factor)) {
                throw UserException.at(
                    adapter.path(),
                    "parameter " + name,
                    "shape [" + factor.rows() + ", " + factor.columns() + "]",
                    dims == null
                        ? "one of the inputs of " + model.path()
                        : "that of the input of " + model.path());
              }
            });
    int own = AdapterFile.modelVersion(Provenance.sources(model.metadata()));
    if (adapter.modelVersion() != 0 && own != 0 && adapter.modelVersion() != own) {
      throw UserException.at(
          adapter.path(),
          "",
          "an adapter of the model " + adapter.modelVersion(),
          "one of the model " + own + ", whose weights " + model.path() + " has");
    }
    return new ActiveAdapter(adapter);
  }

  private static boolean fits(List<Dimension> dims, AdapterFactor factor) {
    return fits(dims.get(0), factor.rows()) && fits(dims.get(1), factor.columns());
  }

  private static boolean fits(Dimension dim, int size) {
    return dim.hasDimParam() || dim.getDimValue() == size;
  }

  /** Inputs that have a value of their own, which is how ONNX says that they may be left out. */
  private static Map<String, List<Dimension>> optional(GraphProto graph) {
    Set<String> constant =
        graph.getInitializerList().stream().map(TensorProto::getName).collect(Collectors.toSet());
    return graph.getInputList().stream()
        .filter(i -> constant.contains(i.getName()))
        .collect(
            Collectors.toMap(
                ValueInfoProto::getName, i -> i.getType().getTensorType().getShape().getDimList()));
  }

  /**
   * Switches it on in a session.
   *
   * @param model what the session computes
   */
  void join(OrtSession session, ModelProto model) {
    Set<String> names = new HashSet<>(optional(model.getGraph()).keySet());
    names.retainAll(file.factors().keySet());
    if (names.isEmpty()) {
      return;
    }
    try {
      OrtLoraAdapter loaded =
          names.equals(file.factors().keySet())
              ? OrtLoraAdapter.create(file.path().toString())
              : OrtLoraAdapter.create(file.only(names));
      synchronized (bySession) {
        bySession.put(session, loaded);
      }
    } catch (OrtException e) {
      throw new UserException(
          file.path() + ": ONNX Runtime cannot load it (" + e.getMessage() + ").", e);
    }
  }

  /** The file. */
  Path path() {
    return file.path();
  }

  /** Adds it to what a run of a session is told. */
  void activate(OrtSession session, OrtSession.RunOptions options) throws OrtException {
    OrtLoraAdapter loaded;
    synchronized (bySession) {
      loaded = bySession.get(session);
    }
    if (loaded != null) {
      options.addActiveLoraAdapter(loaded);
    }
  }

  @Override
  public void close() {
    synchronized (bySession) {
      bySession.values().forEach(OrtLoraAdapter::close);
      bySession.clear();
    }
  }
}
