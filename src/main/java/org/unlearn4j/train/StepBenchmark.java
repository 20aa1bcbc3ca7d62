package org.unlearn4j.train;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import org.unlearn4j.base.Median;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.WeightSource;
import org.unlearn4j.tf.AdapterWeights;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.OperationTimes;
import org.unlearn4j.tf.TfRuntime;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepBatch;
import org.unlearn4j.unlearn.StepControl;
import org.unlearn4j.unlearn.StepGraph;

/**
 * Times real training steps of a random model, and the matrix-product peak they are held against,
 * in one run.
 */
public final class StepBenchmark {

  /**
   * What to time.
   *
   * @param rows forget rows a step, and as many retain rows
   * @param tokens a row
   * @param labelled share of the tokens that is labelled
   * @param steps counted, after {@link #WARM_UP}
   * @param optimizer what makes updates of gradients
   */
  public record Work(
      ModelConfig config,
      Objective objective,
      Computation computation,
      int rows,
      int tokens,
      double labelled,
      int steps,
      OptimizerSettings optimizer) {

    /** With AdamW at its defaults. */
    public Work(
        ModelConfig config,
        Objective objective,
        Computation computation,
        int rows,
        int tokens,
        double labelled,
        int steps) {
      this(
          config,
          objective,
          computation,
          rows,
          tokens,
          labelled,
          steps,
          OptimizerSettings.adamW(0.01, 1));
    }
  }

  /**
   * What was measured.
   *
   * @param firstStepSeconds from the start of the process to the end of the first step
   * @param signatures see {@link TfRuntime#signatures()}
   * @param stepMs median of the counted steps
   * @param processorMs of all processors, a step on average: other programs disturb it less than
   *     the clock
   * @param tokensPerSecond real tokens of all segments
   * @param cardsUsedMb memory in use on the cards once the steps were over; empty on the CPU, and
   *     where the driver's tool does not tell. TensorFlow's pool never shrinks, so it is in it at
   *     its largest
   * @param peakRssMb largest resident memory of the process so far; -1 where the system does not
   *     tell
   * @param gemmGflops what a large matrix product reaches in the step's precision, in 10^9 float
   *     operations a second
   * @param utilisation the step's matrix products' share of that
   */
  public record Measured(
      long parameters,
      double firstStepSeconds,
      int signatures,
      double stepMs,
      double fastestMs,
      double slowestMs,
      double processorMs,
      double tokensPerSecond,
      double peakRssMb,
      double gemmGflops,
      double utilisation,
      double lastTotal,
      OptionalLong cardsUsedMb) {}

  /** The first steps are slower: TensorFlow optimises the graph and fills its memory pool. */
  static final int WARM_UP = 5;

  private StepBenchmark() {}

  /**
   * Memory of a step, in bytes.
   *
   * @param planned what {@link MemoryPlan} says
   * @param measuredStep what TensorFlow's allocators recorded; to be held against {@link
   *     MemoryPlan#step()}
   */
  public record Memory(MemoryPlan planned, long measuredStep) {}

  /** Runs two steps, the second under TensorFlow's eyes. */
  public static Memory memory(Work work) {
    StepBatch batch = batch(work);
    int labelled = batch.rows().values().iterator().next().get(0).labelled();
    MemoryPlan plan =
        MemoryPlan.of(
            Decoder.of(work.config()),
            work.objective(),
            work.computation(),
            work.optimizer().form(),
            false,
            MemoryPlan.Batch.of(work.objective(), work.rows(), work.tokens(), labelled));
    try (TrainingStep step = ready(work)) {
      StepControl control = StepControl.of(work.objective(), 0.1);
      // The first run's allocations are those of an optimiser that is still thinking.
      step.run(1, List.of(batch), 0, control);
      return new Memory(plan, step.peakBytes(2, List.of(batch), control));
    }
  }

  /** Where the time of a step goes, by type of operation, the longest first. */
  public static List<OperationTimes.Spent> trace(Work work) {
    try (TrainingStep step = ready(work)) {
      StepControl control = StepControl.of(work.objective(), 0.1);
      List<StepBatch> batch = List.of(batch(work));
      for (int i = 1; i <= WARM_UP; i++) {
        step.run(i, batch, 0, control);
      }
      step.traced(WARM_UP + 1, batch, control); // the first traced run is another signature
      return OperationTimes.of(step.traced(WARM_UP + 2, batch, control).get(0));
    }
  }

  /** Times the steps of a case, and measures the memory of one. */
  public static StepGrowth.Cost cost(StepGrowth.Case of) {
    Work work = of.work();
    try (TrainingStep step = ready(work)) {
      StepControl control = StepControl.of(work.objective(), 0.1);
      List<StepBatch> batch = List.of(batch(work));
      int t = 0;
      while (t < WARM_UP) {
        step.run(++t, batch, 1e-5, control);
      }
      double[] ms = new double[work.steps()];
      for (int i = 0; i < ms.length; i++) {
        long start = System.nanoTime();
        for (int b = 0; b < of.batches(); b++) {
          step.run(++t, batch, 1e-5, control);
        }
        ms[i] = (System.nanoTime() - start) / 1e6;
      }
      step.peakBytes(++t, batch, control); // the first traced run is another signature
      return new StepGrowth.Cost(Median.of(ms), step.peakBytes(++t, batch, control));
    }
  }

  /** A step whose weights are filled and whose optimiser remembers nothing; to be closed. */
  private static TrainingStep ready(Work work) {
    StepGraph graph =
        new StepGraph(Decoder.of(work.config()), work.objective(), work.computation());
    TrainingStep step = new TrainingStep(graph, work.optimizer(), 1);
    try {
      assign(graph, work.config());
      step.reset();
      return step;
    } catch (RuntimeException | Error e) {
      step.close();
      throw e;
    }
  }

  private static void assign(StepGraph graph, ModelConfig config) {
    WeightSource weights = FreshWeights.repeated(config.initializerRange());
    graph.variables().assign(weights);
    graph.frozen().ifPresent(twin -> twin.assign(weights));
    graph.weights().adapter().ifPresent(adapters -> adapters.learned().assign(weights));
    graph
        .weights()
        .adapter()
        .flatMap(AdapterWeights::start)
        .ifPresent(start -> start.assign(weights));
    graph.avoided().ifPresent(avoided -> avoided.assign(weights));
  }

  /** Runs the benchmark. */
  public static Measured run(Work work) {
    Decoder decoder = Decoder.of(work.config());
    StepBatch batch = batch(work);
    double[] ms = new double[work.steps()];
    double lastTotal = 0;
    double first = 0;
    long processor = 0;
    int signatures;
    StepControl control = StepControl.of(work.objective(), 0.1);
    try (TrainingStep step = ready(work)) {
      for (int i = 0; i < WARM_UP + work.steps(); i++) {
        if (i == WARM_UP) {
          processor = processorNanos();
        }
        long start = System.nanoTime();
        lastTotal = step.run(i + 1, List.of(batch), 1e-5, control).total();
        if (i >= WARM_UP) {
          ms[i - WARM_UP] = (System.nanoTime() - start) / 1e6;
        }
        if (i == 0) {
          first = ManagementFactory.getRuntimeMXBean().getUptime() / 1e3;
        }
      }
      processor = processorNanos() - processor;
      signatures = step.graph().runtime().signatures();
    }
    Arrays.sort(ms);
    double median = Median.of(ms);
    boolean gpu = work.computation().device().isGpu();
    OptionalLong used =
        gpu ? GpuMemory.usedMb() : OptionalLong.empty(); // before the products below
    double gemm = MatrixPeak.gflops(work.computation());
    long tokens =
        batch.rows().values().stream().flatMap(List::stream).mapToLong(TokenRow::length).sum();
    return new Measured(
        decoder.parameters().stream().mapToLong(Parameter::size).sum(),
        first,
        signatures,
        median,
        ms[0],
        ms[ms.length - 1],
        processor / 1e6 / work.steps(),
        tokens / (median / 1e3),
        peakRssMb(),
        gemm,
        flops(decoder, work.objective(), batch) / (median / 1e3) / (gemm * 1e9),
        lastTotal,
        used);
  }

  private static StepBatch batch(Work work) {
    Random random = new Random(0);
    Map<Segment, List<TokenRow>> rows = new EnumMap<>(Segment.class);
    Map<Segment, double[]> reference = new EnumMap<>(Segment.class);
    for (Segment s : work.objective().segments()) {
      List<TokenRow> list = new ArrayList<>();
      for (int r = 0; r < work.rows(); r++) {
        int[] ids = random.ints(work.tokens(), 0, work.config().vocabSize()).toArray();
        int[] labels = ids.clone();
        int unlabelled = Math.max(1, (int) Math.round(work.tokens() * (1 - work.labelled())));
        Arrays.fill(labels, 0, unlabelled, TokenRow.IGNORED);
        list.add(new TokenRow(ids, labels));
      }
      rows.put(s, list);
    }
    for (Segment s : work.objective().referenceNll()) {
      double[] nll = new double[work.rows()];
      Arrays.fill(nll, work.tokens() * Math.log(work.config().vocabSize()));
      reference.put(s, nll);
    }
    StepBatch whole = StepBatch.whole(rows, reference);
    return work.objective().floor().isEmpty() ? whole : whole.withFloors(floors(rows));
  }

  /**
   * Operations of the step's matrix products, forward and backward: six a weight and token, the
   * head's at labelled tokens only, and the two attention products.
   */
  private static double flops(Decoder decoder, Objective objective, StepBatch batch) {
    ModelConfig c = decoder.config();
    double head = (double) c.vocabSize() * c.hiddenSize();
    double body = -head;
    for (Parameter p : decoder.parameters()) {
      body += p.shape().size() == 2 ? p.size() : 0;
    }
    body -= c.tiedEmbeddings() ? 0 : head;
    double attention = 2.0 * c.layers() * c.heads() * c.headDim();
    double sum = 0;
    // Weights that do not learn have no product for their gradient.
    double own = objective.learning().adaptation().isPresent() ? 4 : 6;
    for (Map.Entry<Segment, List<TokenRow>> e : batch.rows().entrySet()) {
      // The frozen twin runs forwards only.
      double passes = own + (objective.frozen().contains(e.getKey()) ? 2 : 0);
      for (TokenRow row : e.getValue()) {
        double scored = objective.scored().contains(e.getKey()) ? row.labelled() : 0;
        sum += passes * (row.length() * (body + attention * row.length()) + scored * head);
      }
    }
    return sum;
  }

  private static long processorNanos() {
    return ProcessHandle.current().info().totalCpuDuration().map(Duration::toNanos).orElse(0L);
  }

  private static double peakRssMb() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
        if (line.startsWith("VmHWM:")) {
          return Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024.0;
        }
      }
      return -1;
    } catch (IOException e) {
      return -1;
    }
  }

  /** So high that the forget loss works on every token. */
  private static List<double[]> floors(Map<Segment, List<TokenRow>> rows) {
    return rows.get(Segment.FORGET).stream()
        .map(
            row -> {
              double[] own = new double[row.labelled()];
              Arrays.fill(own, 1000);
              return own;
            })
        .toList();
  }
}
