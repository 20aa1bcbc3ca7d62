package org.unlearn4j.parity;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.eval.Progress;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.Logits;
import org.unlearn4j.lm.TokenRow;

/**
 * A model's logits of some rows, computed once and kept in a file of the system's temporary folder
 * that nobody else sees, so that the model can be closed before the next one is opened. On the heap
 * there is one position at a time.
 */
public final class StoredLogits implements ReferenceLogits, AutoCloseable {
  /** Most bytes of one file. */
  public static final long MOST = 1L << 32;

  private final String runtime;
  private final int vocabulary;
  private final long[] begins;
  private final FileChannel channel;

  private StoredLogits(LanguageModel model, List<TokenRow> rows) {
    this.runtime = model.runtime();
    this.vocabulary = model.shape().vocabSize();
    this.begins = new long[rows.size()];
    long at = 0;
    for (int r = 0; r < begins.length; r++) {
      begins[r] = at;
      at += bytes(rows.get(r), vocabulary);
    }
    this.channel = temporary(at);
  }

  private static long bytes(TokenRow row, int vocabulary) {
    return (long) row.length() * vocabulary * Float.BYTES;
  }

  private static FileChannel temporary(long bytes) {
    try {
      Path file = Files.createTempFile("unlearn4j-logits", ".bin");
      if (Files.getFileStore(file).getUsableSpace() < bytes) {
        Files.delete(file);
        throw new MachineException(
            file.getParent()
                + ": found too little space for the logits of the compared rows, expected "
                + (bytes >> 20)
                + " MiB; -Djava.io.tmpdir names another folder, evaluate.limit takes fewer rows.");
      }
      return FileChannel.open(
          file,
          StandardOpenOption.READ,
          StandardOpenOption.WRITE,
          StandardOpenOption.DELETE_ON_CLOSE);
    } catch (IOException e) {
      throw new MachineException("the temporary folder: could not be written (" + e + ").", e);
    }
  }

  /**
   * Computes them.
   *
   * @param tokenBudget most tokens in a batch
   */
  public static StoredLogits of(
      LanguageModel model, List<TokenRow> rows, int tokenBudget, Progress progress) {
    StoredLogits stored = new StoredLogits(model, rows);
    try {
      stored.fill(model, rows, tokenBudget, progress);
      return stored;
    } catch (RuntimeException | Error e) {
      stored.close();
      throw e;
    }
  }

  /**
   * The rows to compare, in their order: all of them, or where their logits would be more than
   * {@code most} bytes, the longest and others evenly from all.
   */
  public static List<TokenRow> fitting(List<TokenRow> rows, int vocabulary, long most) {
    long all = rows.stream().mapToLong(r -> bytes(r, vocabulary)).sum();
    if (all <= most) {
      return rows;
    }
    int longest =
        IntStream.range(0, rows.size())
            .boxed()
            .max(Comparator.comparingInt(i -> rows.get(i).length()))
            .orElseThrow();
    TreeSet<Integer> chosen = new TreeSet<>(List.of(longest));
    long left = most - bytes(rows.get(longest), vocabulary);
    double stride = Math.max(1, (double) all / most);
    for (double at = 0; at < rows.size(); at += stride) {
      int row = (int) at;
      long own = bytes(rows.get(row), vocabulary);
      if (own <= left && chosen.add(row)) {
        left -= own;
      }
    }
    List<TokenRow> fitting = new ArrayList<>();
    chosen.forEach(i -> fitting.add(rows.get(i)));
    return fitting;
  }

  private void fill(LanguageModel model, List<TokenRow> rows, int budget, Progress progress) {
    float[] logits = new float[vocabulary];
    int piece = Math.max(1, (1 << 18) / vocabulary); // positions that are written at a time
    ByteBuffer bytes =
        ByteBuffer.allocateDirect(piece * vocabulary * Float.BYTES).order(ByteOrder.nativeOrder());
    int done = 0;
    for (int[] batch : NumericParity.batches(rows, vocabulary, budget)) {
      List<TokenRow> own = IntStream.of(batch).mapToObj(rows::get).toList();
      try (Logits computed = model.openLogits(own, 0)) {
        for (int r = 0; r < batch.length; r++) {
          int length = own.get(r).length();
          for (int t = 0; t < length; t += piece) {
            int n = Math.min(piece, length - t);
            bytes.clear();
            for (int i = 0; i < n; i++) {
              computed.read(r, t + i, logits);
              bytes.asFloatBuffer().put(i * vocabulary, logits);
            }
            write(bytes.limit(n * vocabulary * Float.BYTES), at(batch[r], t));
          }
        }
      }
      done += batch.length;
      progress.update("logits", done, rows.size());
    }
  }

  private long at(int row, int time) {
    return begins[row] + (long) time * vocabulary * Float.BYTES;
  }

  private void write(ByteBuffer bytes, long at) {
    long to = at;
    try {
      while (bytes.hasRemaining()) {
        to += channel.write(bytes, to);
      }
    } catch (IOException e) {
      throw new MachineException("a temporary file: could not be written (" + e + ").", e);
    }
  }

  @Override
  public String runtime() {
    return runtime;
  }

  @Override
  public int vocabSize() {
    return vocabulary;
  }

  @Override
  public int lanes() {
    return Integer.MAX_VALUE; // each reads for itself
  }

  @Override
  public Logits open(int[] numbers, List<TokenRow> rows) {
    ByteBuffer bytes =
        ByteBuffer.allocateDirect(vocabulary * Float.BYTES).order(ByteOrder.nativeOrder());
    return new Logits() {
      @Override
      public void read(int row, int time, float[] into) {
        long from = at(numbers[row], time);
        bytes.clear();
        try {
          while (bytes.hasRemaining()) {
            if (channel.read(bytes, from + bytes.position()) < 0) {
              throw new IllegalStateException("row " + numbers[row] + " was never written");
            }
          }
        } catch (IOException e) {
          throw new MachineException("a temporary file: could not be read (" + e + ").", e);
        }
        bytes.flip().asFloatBuffer().get(into);
      }

      @Override
      public void close() {
        // the file is closed with the whole
      }
    };
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new MachineException("a temporary file: could not be closed (" + e + ").", e);
    }
  }
}
