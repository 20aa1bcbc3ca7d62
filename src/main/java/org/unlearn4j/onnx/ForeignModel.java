package org.unlearn4j.onnx;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.unlearn4j.base.UserException;
import org.unlearn4j.lm.Decoding;
import org.unlearn4j.lm.Generation;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.Logits;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.weights.Variant;

/**
 * A decoder on ONNX Runtime that anybody may have exported. It needs {@code input_ids} and {@code
 * logits}; mask, positions and cache are used where the file has them, and gone around where it has
 * not. What it asks for beside these is refused, since nobody here could feed it.
 */
public final class ForeignModel implements LanguageModel {
  private final OrtModel model;
  private final String name;
  private final boolean cached;
  private final boolean padsLeft;

  private ForeignModel(OrtModel model, String name, boolean cached, boolean padsLeft) {
    this.model = model;
    this.name = name;
    this.cached = cached;
    this.padsLeft = padsLeft;
  }

  /**
   * Opens a file, or a folder's {@code model.onnx} (also in {@code onnx/}).
   *
   * @throws UserException if it is not there, not what ONNX Runtime loads, lacks config.json, or
   *     cannot be fed
   * @throws org.unlearn4j.base.MachineException if there is no such execution provider
   */
  public static ForeignModel open(Path path, OrtSettings settings) {
    Path file = OnnxFile.locate(path, Variant.FP32.label());
    ModelConfig config = ModelConfig.read(OrtModel.configFor(file));
    ForeignPorts ports = ForeignPorts.of(file, config);
    // Without positions of their own, tokens after padding are at other ones than without it. Only
    // where positions turn keys and queries alike does that make no difference.
    boolean padsLeft = ports.masked() && (ports.positioned() || config.rotates());
    String name = String.valueOf(file.getFileName()).replaceFirst("[.]onnx$", "");
    return new ForeignModel(OrtModel.open(file, name, settings), name, ports.cached(), padsLeft);
  }

  @Override
  public Shape shape() {
    Shape s = model.shape();
    // Another exporter's graph has its own way to choose frequencies, and no cache is computed
    // again.
    int most = Math.min(s.maxPositions(), model.cacheLimit().orElse(Integer.MAX_VALUE));
    return new Shape(s.vocabSize(), s.hiddenSize(), s.layers(), most);
  }

  @Override
  public String runtime() {
    return "onnx:" + name;
  }

  @Override
  public Map<String, String> session() {
    return model.session();
  }

  @Override
  public int lanes() {
    return model.lanes();
  }

  @Override
  public boolean cached() {
    return cached;
  }

  @Override
  public List<int[]> batches(List<TokenRow> rows, int tokenBudget) {
    return model.batches(rows, tokenBudget);
  }

  @Override
  public List<TokenScores> score(List<TokenRow> rows) {
    return model.score(rows);
  }

  @Override
  public float[][][] features(List<TokenRow> rows) {
    return model.features(rows);
  }

  @Override
  public float[][][] logits(List<TokenRow> rows, int cachedFrom) {
    return model.logits(rows, cachedFrom);
  }

  @Override
  public Logits openLogits(List<TokenRow> rows, int cachedFrom) {
    return model.openLogits(rows, cachedFrom);
  }

  @Override
  public boolean padsLeft() {
    return padsLeft;
  }

  @Override
  public float[][] lastLogits(List<int[]> prompts) {
    return model.lastLogits(prompts);
  }

  /**
   * As {@link OrtModel}, in a batch padded on the left, where the file allows that; else prompts of
   * equal length go together. Without a cache every token is computed again at every step.
   */
  @Override
  public List<int[]> generate(List<int[]> prompts, Generation how, StepListener listener) {
    int[][] all = new int[prompts.size()][];
    for (int[] group : groups(prompts, how.sampling().greedy())) {
      List<int[]> own = IntStream.of(group).mapToObj(prompts::get).toList();
      StepListener told = new Renumbered(listener, row -> group[row]);
      Generation next = how.from(how.firstPrompt() + group[0]);
      List<int[]> continuations = cached ? model.generate(own, next, told) : again(own, next, told);
      for (int i = 0; i < group.length; i++) {
        all[group[i]] = continuations.get(i);
      }
    }
    return List.of(all);
  }

  /**
   * What may lie in one batch. A draw knows the number of its prompt, so that only neighbours may
   * go together where tokens are drawn.
   */
  private List<int[]> groups(List<int[]> prompts, boolean greedy) {
    Map<Integer, List<Integer>> groups = new LinkedHashMap<>();
    for (int i = 0; i < prompts.size(); i++) {
      int alike = greedy ? prompts.get(i).length : i;
      groups.computeIfAbsent(padsLeft ? 0 : alike, k -> new ArrayList<>()).add(i);
    }
    return groups.values().stream()
        .map(g -> g.stream().mapToInt(Integer::intValue).toArray())
        .toList();
  }

  /** Tells of a group's rows under their numbers in the whole. */
  private record Renumbered(StepListener listener, IntUnaryOperator number)
      implements StepListener {
    @Override
    public void token(int row, int token) {
      listener.token(number.applyAsInt(row), token);
    }

    @Override
    public boolean ends(int row) {
      return listener.ends(number.applyAsInt(row));
    }

    @Override
    public void finished(int row) {
      listener.finished(number.applyAsInt(row));
    }
  }

  /** Without a cache: all of every row is fed at every step. */
  private List<int[]> again(List<int[]> prompts, Generation how, StepListener listener) {
    int width = prompts.stream().mapToInt(p -> p.length).max().orElse(0);
    // The whole batch must fit, padding included: nothing is known of what lies behind.
    int most = Math.min(how.maxNewTokens(), shape().maxPositions() - width);
    Generation within = how.within(most);
    Decoding d = new Decoding(prompts, within, shape().maxPositions(), listener);
    int rows = prompts.size();
    int[] ids = d.ids();
    int[] positions = d.positions();
    while (!d.done()) {
      int total = d.total();
      Deployed.Tokens all = new Deployed.Tokens(rows, total, ids, total, d.mask(), positions);
      try (OrtLogits logits = model.leftPadded().pass(all)) {
        d.accept((row, into) -> logits.read(row, total - 1, into), shape().vocabSize());
      }
      ids = widened(ids, d.ids());
      positions = widened(positions, d.positions());
    }
    return d.continuations();
  }

  /** One column more: {@code [rows, width]} and {@code [rows]} to {@code [rows, width + 1]}. */
  private static int[] widened(int[] flat, int[] column) {
    int width = flat.length / column.length;
    int[] wider = new int[flat.length + column.length];
    for (int r = 0; r < column.length; r++) {
      System.arraycopy(flat, r * width, wider, r * (width + 1), width);
      wider[r * (width + 1) + width] = column[r];
    }
    return wider;
  }

  @Override
  public void close() {
    model.close();
  }
}
