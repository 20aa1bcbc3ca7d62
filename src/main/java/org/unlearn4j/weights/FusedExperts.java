package org.unlearn4j.weights;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.unlearn4j.base.UserException;

/**
 * Reads {@link ExpertPart parts} out of the tensors that hold them all, in numbers or in {@link
 * MxFp4 codes}, and writes such tensors from their parts. The matrix of one expert is in memory at
 * a time.
 */
final class FusedExperts {
  private final Path source;
  private final Map<String, SafeTensorsFile> home;
  private String last = "";
  private float[] rows = {};

  FusedExperts(Path source, Map<String, SafeTensorsFile> home) {
    this.source = source;
    this.home = home;
  }

  /** Whether the checkpoint has it. */
  boolean contains(ExpertPart part) {
    return home.containsKey(part.stored()) || packed(part);
  }

  private boolean packed(ExpertPart part) {
    return !part.bias() && home.containsKey(part.tensor() + ExpertPart.BLOCKS);
  }

  /** The stored tensors that hold it. */
  List<String> stored(ExpertPart part) {
    return home.containsKey(part.stored()) || !packed(part)
        ? List.of(part.stored())
        : List.of(part.tensor() + ExpertPart.BLOCKS, part.tensor() + ExpertPart.SCALES);
  }

  /**
   * The whole tensor in numbers: as it is stored, or in bfloat16 where it is stored in codes.
   *
   * @throws UserException if its shape is not that of parts
   */
  TensorInfo whole(ExpertPart part) {
    TensorInfo numbers = home.containsKey(part.stored()) ? info(part.stored()) : unpacked(part);
    int axes = part.bias() ? 2 : 3;
    boolean fits = numbers.shape().size() == axes && !numbers.shape().contains(0);
    if (!fits || numbers.shape().get(axes - 1) % part.step() != 0) {
      throw UserException.at(
          source,
          "tensor " + numbers.name(),
          "shape " + numbers.shape(),
          part.bias() ? "[experts, columns]" : "[experts, in, columns]");
    }
    return numbers;
  }

  private TensorInfo info(String stored) {
    return home.get(stored).tensors().get(stored).info();
  }

  private TensorInfo unpacked(ExpertPart part) {
    String blocks = part.tensor() + ExpertPart.BLOCKS;
    String scales = part.tensor() + ExpertPart.SCALES;
    List<Integer> shape = info(blocks).shape();
    if (info(blocks).dtype() != DType.U8
        || shape.size() != 4
        || shape.get(3) != MxFp4.BYTES
        || !home.containsKey(scales)
        || info(scales).dtype() != DType.U8
        || !info(scales).shape().equals(shape.subList(0, 3))) {
      String found = home.containsKey(scales) ? info(scales).shape().toString() : "no tensor";
      throw UserException.at(
          source,
          "tensor " + blocks,
          "shape " + shape + " and for its scales " + found,
          "U8 [experts, columns, blocks, " + MxFp4.BYTES + "] and [experts, columns, blocks]");
    }
    return new TensorInfo(
        part.tensor(),
        DType.BF16,
        List.of(shape.get(0), Math.multiplyExact(shape.get(2), MxFp4.BLOCK), shape.get(1)));
  }

  /**
   * Format and shape of a part: {@code [out, in]}, or {@code [out]} of a bias.
   *
   * @throws UserException as {@link #whole}, or if there are fewer experts
   */
  TensorInfo info(String name, ExpertPart part) {
    TensorInfo whole = whole(part);
    if (part.expert() >= whole.shape().get(0)) {
      throw UserException.at(
          source,
          "tensor " + whole.name(),
          whole.shape().get(0) + " experts",
          "as many as config.json has, at least " + (part.expert() + 1));
    }
    int columns = whole.shape().get(whole.shape().size() - 1) / part.step();
    return new TensorInfo(
        name,
        whole.dtype(),
        part.bias() ? List.of(columns) : List.of(columns, whole.shape().get(1)));
  }

  /** As {@link SafeTensorsFile#read}. */
  synchronized void read(String name, ExpertPart part, long from, FloatBuffer to) {
    TensorInfo info = info(name, part);
    if (from < 0 || from + to.remaining() > info.size()) {
      throw new IndexOutOfBoundsException(
          name + ": values " + from + " and " + to.remaining() + " on of " + info.size());
    }
    load(part);
    int width = part.bias() ? 1 : info.shape().get(1);
    long at = from;
    while (to.hasRemaining()) {
      int column = part.first() + (int) (at / width) * part.step();
      int within = (int) (at % width);
      int count = Math.min(width - within, to.remaining());
      to.put(rows, column * width + within, count);
      at += count;
    }
  }

  /** Brings the expert's columns into memory, each in a row. */
  private void load(ExpertPart part) {
    String key = part.stored() + "." + part.expert();
    if (key.equals(last)) {
      return;
    }
    last = "";
    if (home.containsKey(part.stored())) {
      List<Integer> shape = whole(part).shape();
      float[] stored = floats(part.stored(), part.expert());
      rows = part.bias() ? stored : transposed(stored, shape.get(1), shape.get(2));
    } else {
      rows =
          MxFp4.unpack(
              floats(part.tensor() + ExpertPart.BLOCKS, part.expert()),
              floats(part.tensor() + ExpertPart.SCALES, part.expert()));
    }
    last = key;
  }

  private float[] floats(String stored, int expert) {
    TensorInfo info = info(stored);
    int each = Math.toIntExact(info.size() / info.shape().get(0));
    float[] values = new float[each];
    home.get(stored).read(stored, (long) expert * each, FloatBuffer.wrap(values));
    return values;
  }

  private static float[] transposed(float[] matrix, int height, int width) {
    float[] turned = new float[matrix.length];
    for (int i = 0; i < height; i++) {
      for (int j = 0; j < width; j++) {
        turned[j * height + i] = matrix[i * width + j];
      }
    }
    return turned;
  }

  /** The tensors of a checkpoint of these: parts become the tensors that hold them. */
  static List<TensorInfo> fused(List<TensorInfo> tensors) {
    Map<String, TensorInfo> all = new LinkedHashMap<>();
    for (TensorInfo t : tensors) {
      Optional<ExpertPart> part = ExpertPart.of(t.name());
      String stored = part.map(ExpertPart::stored).orElse(t.name());
      all.put(stored, part.isEmpty() ? t : whole(stored, t, part.get()));
    }
    return List.copyOf(all.values());
  }

  /** The last of the experts says how many there are. */
  private static TensorInfo whole(String stored, TensorInfo t, ExpertPart part) {
    int columns = t.shape().get(0) * part.step();
    int experts = part.expert() + 1;
    return new TensorInfo(
        stored,
        t.dtype(),
        part.bias() ? List.of(experts, columns) : List.of(experts, t.shape().get(1), columns));
  }

  /**
   * Hands the values of a whole tensor out, expert by expert.
   *
   * @param whole with its shape
   * @param values hands out a part's values in pieces
   */
  static void write(
      TensorInfo whole,
      BiConsumer<String, Consumer<FloatBuffer>> values,
      Consumer<FloatBuffer> pieces) {
    List<Integer> shape = whole.shape();
    int columns = shape.get(shape.size() - 1);
    int in = shape.size() == 3 ? shape.get(1) : 1;
    for (int expert = 0; expert < shape.get(0); expert++) {
      float[] matrix = new float[Math.multiplyExact(in, columns)];
      String[] parts = ExpertPart.parts(whole.name(), expert);
      IntStream.range(0, parts.length)
          .forEach(p -> values.accept(parts[p], new Columns(matrix, in, columns, p, parts.length)));
      pieces.accept(FloatBuffer.wrap(matrix));
    }
  }

  /**
   * Puts a part's values {@code [out, in]}, as they come, into columns of {@code [in, columns]}.
   */
  private static final class Columns implements Consumer<FloatBuffer> {
    private final float[] matrix;
    private final int in;
    private final int columns;
    private final int first;
    private final int step;
    private int at;

    Columns(float[] matrix, int in, int columns, int first, int step) {
      this.matrix = matrix;
      this.in = in;
      this.columns = columns;
      this.first = first;
      this.step = step;
    }

    @Override
    public void accept(FloatBuffer piece) {
      while (piece.hasRemaining()) {
        matrix[at % in * columns + first + at / in * step] = piece.get();
        at++;
      }
    }
  }
}
