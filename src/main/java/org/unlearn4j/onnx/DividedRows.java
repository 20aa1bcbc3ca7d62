package org.unlearn4j.onnx;

import ai.onnxruntime.OrtException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.base.Lanes;
import org.unlearn4j.lm.Decoding;
import org.unlearn4j.lm.Generation;
import org.unlearn4j.lm.LanguageModel.StepListener;
import org.unlearn4j.nn.ModelConfig;

/**
 * Decodes the rows of a batch in parts, each on a thread of its own. A step of a small model has so
 * little work in each operator that threads which share an operator mostly wait for each other.
 * Large models are left alone: each part would read all weights from memory, and what the runtime
 * keeps of them would be there twice.
 */
final class DividedRows implements AutoCloseable {
  /** Most bytes of a file with its weights: what a processor's caches hold, about. */
  static final long MOST = 64L << 20;

  /** Whoever has these takes one scale of a whole batch, so that rows depend on each other. */
  private static final Set<String> OF_THE_BATCH =
      Set.of("DynamicQuantizeLinear", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM");

  private final Deployed deployed;
  private final OnnxFile file;
  private final ModelConfig config;
  private final Optional<ActiveAdapter> adapter;
  private final int parts;
  private Deployed alone;

  /**
   * Of a file that is open; it and the adapter stay the caller's.
   *
   * @param deployed computes what is not divided
   */
  DividedRows(
      Deployed deployed, OnnxFile file, ModelConfig config, Optional<ActiveAdapter> adapter) {
    this.deployed = deployed;
    this.file = file;
    this.config = config;
    this.adapter = adapter;
    this.parts = parts(deployed.runtime().settings(), file);
  }

  /**
   * How many parts a batch has; 1 where it is not to be divided: on a card, in a lane of several,
   * where the file is large, or where a row's numbers depend on the rows beside it.
   */
  static int parts(OrtSettings settings, OnnxFile file) {
    boolean own = settings.provider() == OrtSettings.Provider.CPU && settings.lanes() == 1;
    return own && settings.effectiveThreads() > 1 && file.bytes() <= MOST && independent(file)
        ? settings.effectiveThreads()
        : 1;
  }

  private static boolean independent(OnnxFile file) {
    return Subgraph.nodes(file.model().getGraph()).stream()
        .noneMatch(n -> OF_THE_BATCH.contains(n.getOpType()));
  }

  private record Part(int from, List<int[]> prompts) {}

  /**
   * Continues every prompt.
   *
   * @param listener is told by one thread at a time, of rows in any order
   */
  List<int[]> generate(List<int[]> prompts, Generation how, StepListener listener) {
    int count = Math.min(parts, prompts.size());
    if (count <= 1) {
      return continued(deployed, prompts, how, listener, OrtDecoding.MOST);
    }
    List<Part> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int from = i * prompts.size() / count;
      all.add(new Part(from, prompts.subList(from, (i + 1) * prompts.size() / count)));
    }
    Deployed narrow = alone();
    Object turn = new Object();
    List<int[]> said = new ArrayList<>();
    Lanes.inOrder(
        count,
        all,
        part ->
            continued(
                narrow,
                part.prompts,
                how.from(how.firstPrompt() + part.from),
                new Shifted(listener, part.from, turn),
                OrtDecoding.MOST / count),
        said::addAll);
    return said;
  }

  private List<int[]> continued(
      Deployed on, List<int[]> prompts, Generation how, StepListener listener, long most) {
    Decoding decoding =
        new Decoding(prompts, how, config.maxPositions(), config.cacheLimit(), listener);
    try (OrtDecoding rounds = new OrtDecoding(on, prompts.size(), most)) {
      rounds.run(decoding);
    }
    return decoding.continuations();
  }

  /** The file once more, for threads that do not share operators. */
  private synchronized Deployed alone() {
    if (alone == null) {
      OrtSettings one = deployed.runtime().settings().onOneThread();
      alone = Deployed.open(new OrtRuntime(one, adapter), file, config.vocabSize());
    }
    return alone;
  }

  /** A part's rows by their numbers in the whole batch. */
  private record Shifted(StepListener whole, int from, Object turn) implements StepListener {
    @Override
    public void token(int row, int token) {
      synchronized (turn) {
        whole.token(from + row, token);
      }
    }

    @Override
    public boolean ends(int row) {
      synchronized (turn) {
        return whole.ends(from + row);
      }
    }

    @Override
    public void finished(int row) {
      synchronized (turn) {
        whole.finished(from + row);
      }
    }
  }

  @Override
  public void close() {
    try {
      if (alone != null) {
        alone.session().close();
      }
    } catch (OrtException e) {
      throw new IllegalStateException(e);
    }
  }
}
