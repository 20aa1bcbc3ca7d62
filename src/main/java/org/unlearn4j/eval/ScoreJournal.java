package org.unlearn4j.eval;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.UserException;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;

/**
 * What a model has already said of rows, kept while an evaluation runs so that a killed one goes on
 * where it stopped: JSON Lines, one row a line, appended batch by batch.
 *
 * <p>The first line names what the rows are of (model, runtime, settings); a journal of anything
 * else is begun anew. A row is known by the hash of its tokens, so data that changed is scored
 * again. A last line that was cut off is dropped. Numbers come back as they were, bit for bit.
 */
public final class ScoreJournal implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Optional<Path> file;
  private final Map<String, JsonNode> finished = new HashMap<>();
  private OutputStream out;

  private ScoreJournal(Optional<Path> file) {
    this.file = file;
  }

  /** Keeps nothing. */
  public static ScoreJournal none() {
    return new ScoreJournal(Optional.empty());
  }

  /**
   * Opens a journal, with what an earlier run of the same key has left in it.
   *
   * @param key names the model, its runtime and whatever else decides its answers
   * @throws MachineException if the disk refuses
   */
  public static ScoreJournal open(Path file, String key) {
    ScoreJournal journal = new ScoreJournal(Optional.of(file));
    try {
      AtomicFiles.createFolders(file.toAbsolutePath().getParent());
      long good = Files.isRegularFile(file) ? journal.read(Files.readAllBytes(file), key) : 0;
      try (FileChannel whole =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
        whole.truncate(good);
      }
      journal.out =
          new BufferedOutputStream(Files.newOutputStream(file, StandardOpenOption.APPEND));
      if (good == 0) {
        journal.append(JSON.createObjectNode().put("key", key));
      }
      return journal;
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  /**
   * Reads whole lines.
   *
   * @return bytes up to the end of the last whole line; 0 of a journal with another key
   */
  private long read(byte[] bytes, String key) {
    int from = 0;
    boolean first = true;
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] == '\n') {
        JsonNode line = parse(new String(bytes, from, i - from, StandardCharsets.UTF_8));
        if (line == null || (first && !line.path("key").asText().equals(key))) {
          break;
        }
        if (!first) {
          finished.put(line.path("row").asText(), line);
        }
        first = false;
        from = i + 1;
      }
    }
    return from;
  }

  private static JsonNode parse(String line) {
    try {
      JsonNode node = JSON.readTree(line);
      return node.isObject() ? node : null;
    } catch (JsonProcessingException e) {
      return null; // a disk that was full leaves half a line
    }
  }

  /**
   * Puts journals of one key together, whole lines as they are.
   *
   * @param to is replaced
   * @throws UserException naming every journal that is none, or of another key than the first
   * @throws MachineException if the disk refuses
   */
  public static void join(List<Path> journals, Path to) {
    List<String> mistakes = new ArrayList<>();
    Optional<String> key = Optional.empty();
    for (Path journal : journals) {
      Optional<String> own = key(journal);
      key = key.or(() -> own);
      if (own.isEmpty() || !own.equals(key)) {
        mistakes.add(
            journal
                + ": found "
                + (own.isEmpty() ? "no journal of scores" : "scores of other inputs")
                + ", expected those of "
                + journals.get(0)
                + ".");
      }
    }
    if (!mistakes.isEmpty()) {
      throw new UserException(String.join("\n", mistakes));
    }
    AtomicFiles.writeFile(to, part -> joined(journals, part));
  }

  private static void joined(List<Path> journals, Path to) throws IOException {
    try (BufferedWriter all = Files.newBufferedWriter(to)) {
      for (Path journal : journals) {
        try (BufferedReader one = Files.newBufferedReader(journal)) {
          String line = one.readLine();
          if (journal.equals(journals.get(0))) {
            all.write(line + "\n");
          }
          while ((line = one.readLine()) != null) {
            all.write(line + "\n");
          }
        }
      }
    }
  }

  private static Optional<String> key(Path journal) {
    try (BufferedReader lines = Files.newBufferedReader(journal)) {
      String first = lines.readLine();
      JsonNode line = first == null ? null : parse(first);
      return line == null || !line.path("key").isTextual()
          ? Optional.empty()
          : Optional.of(line.get("key").asText());
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** Rows that an earlier run has finished and this one finds. */
  public int size() {
    return finished.size();
  }

  Optional<TokenScores> scores(TokenRow row) {
    return Optional.ofNullable(finished.get(name("score", row.ids(), row.labels())))
        .map(
            n ->
                new TokenScores(
                    ints(n.get("labels")),
                    floats(n.get("log_probs")),
                    ints(n.get("argmax")),
                    floats(n.get("mean")),
                    floats(n.get("variance"))));
  }

  void put(TokenRow row, TokenScores scores) {
    ObjectNode line = line(name("score", row.ids(), row.labels()));
    ints(line.putArray("labels"), scores.labels());
    floats(line.putArray("log_probs"), scores.logProbs());
    ints(line.putArray("argmax"), scores.argmax());
    floats(line.putArray("mean"), scores.meanLogProb());
    floats(line.putArray("variance"), scores.varLogProb());
    append(line);
  }

  Optional<int[]> generation(int[] prompt, int maxNewTokens) {
    return Optional.ofNullable(finished.get(name("generate " + maxNewTokens, prompt)))
        .map(n -> ints(n.get("tokens")));
  }

  void put(int[] prompt, int maxNewTokens, int[] tokens) {
    ObjectNode line = line(name("generate " + maxNewTokens, prompt));
    ints(line.putArray("tokens"), tokens);
    append(line);
  }

  Optional<float[]> next(int[] prompt, int[] candidates) {
    return Optional.ofNullable(finished.get(name("next", prompt, candidates)))
        .map(n -> floats(n.get("log_probs")));
  }

  void put(int[] prompt, int[] candidates, float[] logProbs) {
    ObjectNode line = line(name("next", prompt, candidates));
    floats(line.putArray("log_probs"), logProbs);
    append(line);
  }

  Optional<Double> gradientNorm(TokenRow row) {
    return Optional.ofNullable(finished.get(name("gradient", row.ids(), row.labels())))
        .map(n -> Double.parseDouble(n.get("norm").asText()));
  }

  void put(TokenRow row, double norm) {
    append(line(name("gradient", row.ids(), row.labels())).put("norm", Double.toString(norm)));
  }

  /** Puts what was appended so far onto the disk. */
  void flush() {
    try {
      if (out != null) {
        out.flush();
      }
    } catch (IOException e) {
      throw failed(file.orElseThrow(), e);
    }
  }

  /** Ends the journal: the result has been written, and nobody needs it any more. */
  public void finish() {
    close();
    try {
      if (file.isPresent()) {
        Files.deleteIfExists(file.get());
      }
    } catch (IOException e) {
      throw failed(file.orElseThrow(), e);
    }
  }

  @Override
  public void close() {
    try {
      if (out != null) {
        out.close();
        out = null;
      }
    } catch (IOException e) {
      throw failed(file.orElseThrow(), e);
    }
  }

  private void append(ObjectNode line) {
    if (out == null) {
      return;
    }
    try {
      out.write((JSON.writeValueAsString(line) + "\n").getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw failed(file.orElseThrow(), e);
    }
  }

  private static MachineException failed(Path file, IOException e) {
    return new MachineException(file + ": could not be written (" + e.getMessage() + ").", e);
  }

  private static ObjectNode line(String row) {
    return JSON.createObjectNode().put("row", row);
  }

  private static String name(String kind, int[]... tokens) {
    ByteBuffer bytes =
        ByteBuffer.allocate(4 * Arrays.stream(tokens).mapToInt(t -> t.length + 1).sum());
    for (int[] part : tokens) {
      bytes.putInt(part.length);
      bytes.asIntBuffer().put(part);
      bytes.position(bytes.position() + 4 * part.length);
    }
    return Hashes.sha256(kind + " " + HexFormat.of().formatHex(bytes.array()));
  }

  private static void ints(ArrayNode array, int[] values) {
    IntStream.of(values).forEach(array::add);
  }

  private static void floats(ArrayNode array, float[] values) {
    for (float value : values) {
      array.add(Float.toString(value)); // NaN too
    }
  }

  private static int[] ints(JsonNode array) {
    return IntStream.range(0, array.size()).map(i -> array.get(i).intValue()).toArray();
  }

  private static float[] floats(JsonNode array) {
    float[] values = new float[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = Float.parseFloat(array.get(i).asText());
    }
    return values;
  }
}
