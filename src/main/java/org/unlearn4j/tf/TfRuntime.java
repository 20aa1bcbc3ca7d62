package org.unlearn4j.tf;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.GraphOptions;
import org.tensorflow.proto.RewriterConfig;
import org.tensorflow.proto.RunOptions;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.WeightSource;
import org.unlearn4j.weights.SafeTensors;

/**
 * A graph and, once it is built, the session that runs it; closes both, in the right order. Several
 * threads may run it at once.
 */
public final class TfRuntime implements AutoCloseable {
  private final Graph graph = new Graph();
  private final Ops ops;
  private final Device device;
  private final Precision precision;
  private final boolean asWritten;
  private final int lanes;
  private final Optional<DeviceMap> several;
  private final Consumer<Boolean> roundsToTf32;
  private final Set<String> checked = new HashSet<>();
  private final Set<Feeds.Signature> signatures = new HashSet<>();
  private Graph placed;
  private Session session;
  private Optional<FirstProcess> first = Optional.empty();
  private Traffic traffic = new Traffic(0, 0);

  /**
   * What went into a session and came out of it so far.
   *
   * @param runs of the session
   * @param bytes that were fed and fetched
   */
  public record Traffic(long runs, long bytes) {
    private Traffic and(Feeds feeds, Result result) {
      long fetched = 0;
      for (int i = 0; i < result.size(); i++) {
        fetched += result.get(i).numBytes();
      }
      return new Traffic(runs + 1, bytes + feeds.bytes() + fetched);
    }

    /** What came on top of an earlier state. */
    public Traffic since(Traffic earlier) {
      return new Traffic(runs - earlier.runs, bytes - earlier.bytes);
    }
  }

  /** A new, empty graph; registers the gradients this project adds to TensorFlow's. */
  public TfRuntime(Computation computation) {
    this(computation, computation.device().isGpu() ? TensorFloat32::allow : yes -> {});
  }

  /**
   * The same.
   *
   * @param roundsToTf32 told before every run whether its products may be rounded
   */
  TfRuntime(Computation computation, Consumer<Boolean> roundsToTf32) {
    this.device = computation.device();
    this.precision = computation.precision();
    this.asWritten = computation.asWritten();
    this.lanes = computation.lanes();
    this.roundsToTf32 = roundsToTf32;
    SparseCrossEntropy.registerGradient();
    if (precision == Precision.BF16 && !device.isGpu()) {
      OneDnnCaches.correct();
    }
    this.several = computation.spread().map(DeviceMap::new);
    this.ops =
        several.map(m -> LinearNames.of(graph, m::made)).orElseGet(() -> LinearNames.of(graph));
  }

  public Graph graph() {
    return graph;
  }

  public Ops ops() {
    return ops;
  }

  public Device device() {
    return device;
  }

  /** Batches that had best be computed at a time. */
  int lanes() {
    return lanes;
  }

  /** Which of several devices computes what; empty where there is one. */
  Optional<DeviceMap> several() {
    return several;
  }

  /**
   * Divides a model's blocks among devices that have some each; nothing for any other form.
   *
   * @param parameters of the model whose variables are made next
   */
  public void layOut(List<Parameter> parameters) {
    several
        .filter(m -> m.spread().form() == Spread.Form.STAGES)
        .ifPresent(m -> m.stages(Stages.of(parameters, m.spread().count())));
  }

  /** Makes operations for one of several devices; the first is 0. */
  public <R> R at(int place, Supplier<R> body) {
    return several.isPresent() ? several.get().at(place, body) : body.get();
  }

  /** Makes variables for the device where each one's parameter is at home. */
  public <R> R atHome(Supplier<R> body) {
    return at(DeviceMap.AT_HOME, body);
  }

  /** Makes operations for the device where a parameter is at home: it updates it. */
  public <R> R atHome(Parameter p, Supplier<R> body) {
    return at(home(p), body);
  }

  /** The device that updates a parameter. */
  int home(Parameter p) {
    return several.map(m -> m.home(p)).orElse(0);
  }

  /** The session, opened at the first call: build the whole graph before. */
  synchronized Session session() {
    if (session == null) {
      ConfigProto config =
          several
              .map(m -> m.spread().options())
              .orElseGet(device::options)
              .setGraphOptions(GraphOptions.newBuilder().setRewriteOptions(rewriting()))
              .build();
      placed = several.map(m -> m.placed(graph)).orElse(graph);
      first = several.flatMap(m -> m.spread().processes()).map(p -> FirstProcess.of(p, device));
      session = first.map(f -> f.session(placed, config).session()).orElseGet(() -> local(config));
    }
    return session;
  }

  private Session local(ConfigProto config) {
    return new Session(placed, config);
  }

  /**
   * Runs, and the first time that something of this name runs, checks that it ran on the device.
   * Nothing of this project runs a session but through here (a test of the build holds it to that).
   *
   * @param what is run, for messages
   * @throws org.unlearn4j.base.MachineException if a variable or a matrix product was elsewhere
   */
  public Result run(String what, Feeds feeds) {
    return run(what, precision, feeds);
  }

  /**
   * The same of a part of the graph that was emitted in another precision than the rest. Whether
   * products are rounded to TF32 is one flag of the whole process, which graphs of several
   * precisions take turns in: it is set anew for every run.
   */
  Result run(String what, Precision precision, Feeds feeds) {
    if (begun(what, precision, feeds)) {
      return placed(what, feeds, Placement.options());
    }
    try {
      Result result = feeds.runner().run();
      ended(feeds, result);
      return result;
    } catch (TensorFlowException e) {
      throw failure(what, e);
    }
  }

  /** Notes a run that begins; whether nothing of its name was checked yet. */
  private synchronized boolean begun(String what, Precision of, Feeds feeds) {
    roundsToTf32.accept(of == Precision.TF32);
    signatures.add(feeds.signature());
    return !checked.contains(what);
  }

  private synchronized void checked(String what) {
    checked.add(what);
  }

  private synchronized void ended(Feeds feeds, Result result) {
    traffic = traffic.and(feeds, result);
  }

  private RuntimeException failure(String what, TensorFlowException e) {
    return first.map(f -> f.failure(what, e)).orElse(e);
  }

  /**
   * The same in a run that is measured, and checked whether something of this name ran before or
   * not.
   *
   * @return with metadata that {@link PeakMemory#bytes} can be asked of
   */
  public Result measured(String what, Feeds feeds) {
    begun(what, precision, feeds);
    RunOptions options = PeakMemory.options().toBuilder().mergeFrom(Placement.options()).build();
    return placed(what, feeds, options);
  }

  /**
   * How many different runs there were so far, by what they are fed and asked for. TensorFlow
   * optimises the whole graph once for each: start-up takes this number times the graph's size.
   */
  public synchronized int signatures() {
    return signatures.size();
  }

  /** What went in and came out so far. */
  public synchronized Traffic traffic() {
    return traffic;
  }

  private Result placed(String what, Feeds feeds, RunOptions options) {
    Result result;
    try {
      result = feeds.runner().setOptions(options).runAndFetchMetadata();
    } catch (TensorFlowException e) {
      throw failure(what, e);
    }
    try {
      Placement.require(what, result.getMetadata().orElseThrow(), device, several);
      checked(what);
      ended(feeds, result);
      return result;
    } catch (RuntimeException e) {
      result.close();
      throw e;
    }
  }

  /**
   * Which of TensorFlow's optimisers look at a graph before it runs for the first time. Left out
   * are those that find nothing here and take a quarter of the time: layouts of convolutions,
   * loops, choices among implementations of functions, the passes over MLIR's form of the graph,
   * and, on a CPU, the schedule of a GPU's memory. They look once, not twice as by default: the
   * second time takes four tenths of it all and spares a step about one operation in a hundred,
   * none of them a matrix product. See also {@link Computation#asWritten()}.
   */
  private RewriterConfig rewriting() {
    RewriterConfig.Toggle off = RewriterConfig.Toggle.OFF;
    RewriterConfig.Toggle rearranging = asWritten ? off : RewriterConfig.Toggle.DEFAULT;
    return RewriterConfig.newBuilder()
        .setRemapping(rearranging)
        .setArithmeticOptimization(rearranging)
        .setLayoutOptimizer(off)
        .setLoopOptimization(off)
        .setImplementationSelector(off)
        .setDisableTfgOptimizer(true)
        .setMetaOptimizerIterations(RewriterConfig.NumIterationsType.ONE)
        .setMemoryOptimization(
            device.isGpu()
                ? RewriterConfig.MemOptType.DEFAULT_MEM_OPT
                : RewriterConfig.MemOptType.NO_MEM_OPT)
        .build();
  }

  /**
   * Values of a decoder's parameters in a checkpoint, after checking names and shapes as a whole.
   *
   * @throws org.unlearn4j.base.UserException listing everything that is missing or has the wrong
   *     shape
   */
  public static WeightSource checkpoint(SafeTensors weights, List<Parameter> parameters) {
    Map<String, List<Integer>> shapes = new LinkedHashMap<>();
    parameters.forEach(p -> shapes.put(p.name(), p.shape()));
    weights.require(shapes);
    return (p, from, to) -> weights.read(p.name(), from, to);
  }

  @Override
  public void close() {
    if (!first.map(FirstProcess::complete).orElse(true)) {
      return; // would wait for who is gone; the process is about to end
    }
    if (session != null) {
      session.close();
    }
    if (placed != null && placed != graph) {
      placed.close();
    }
    graph.close();
  }
}
