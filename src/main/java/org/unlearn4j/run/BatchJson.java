package org.unlearn4j.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.UserException;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.unlearn.ControlVector;
import org.unlearn4j.unlearn.Segment;

/**
 * Batches of token ids as users write them: {@code input_ids} and, if wanted, mask and labels;
 * right-padded.
 */
public final class BatchJson {
  private BatchJson() {}

  /**
   * The file.
   *
   * @throws UserException if it is not there or no JSON
   */
  public static JsonInput read(Path file) {
    return JsonInput.read(file, "a batch of token ids");
  }

  /**
   * The rows of a batch, padding cut off; every token but the first is labelled where there are no
   * labels.
   *
   * @throws UserException naming the row at fault
   */
  public static List<TokenRow> rows(JsonInput batch) {
    List<TokenRow> rows = new ArrayList<>();
    JsonInput mask = batch.get("attention_mask");
    JsonInput labels = batch.get("labels");
    for (JsonInput given :
        batch.get("input_ids").required("an array of rows of token ids").elements()) {
      int r = rows.size();
      int[] ids = ints(given);
      int length = mask.present() ? length(mask.get(r), ids.length) : ids.length;
      int[] own = labels.present() ? ints(labels.get(r)) : ids.clone();
      if (length == 0 || own.length < length) {
        throw given.mistake("at least one token, and as many labels as tokens");
      }
      own = Arrays.copyOf(own, length);
      if (!labels.present()) {
        own[0] = TokenRow.IGNORED;
      } else if (own[0] != TokenRow.IGNORED) {
        throw labels.get(r).mistake("-100 at position 0, which no position predicts");
      }
      rows.add(new TokenRow(Arrays.copyOf(ids, length), own));
    }
    if (rows.isEmpty()) {
      throw batch.get("input_ids").mistake("at least one row");
    }
    return rows;
  }

  /** The batches of a step, by segment: those that are there. */
  public static Map<Segment, List<TokenRow>> segments(JsonInput input) {
    Map<Segment, List<TokenRow>> rows = new EnumMap<>(Segment.class);
    for (Segment s : Segment.values()) {
      if (input.get(s.key()).present()) {
        rows.put(s, rows(input.get(s.key())));
      }
    }
    return rows;
  }

  /** RMU's control vector, where one is given. */
  public static Optional<ControlVector> controlVector(JsonInput given) {
    return given.present() ? Optional.of(new ControlVector(numbers(given))) : Optional.empty();
  }

  /** A regulariser's queue; empty where none is given. */
  public static List<float[]> queue(JsonInput given) {
    List<float[]> queue = new ArrayList<>();
    if (given.present()) {
      for (JsonInput row : given.elements()) {
        List<Float> values = numbers(row);
        float[] vector = new float[values.size()];
        for (int i = 0; i < vector.length; i++) {
          vector[i] = values.get(i);
        }
        queue.add(vector);
      }
    }
    return queue;
  }

  private static List<Float> numbers(JsonInput array) {
    return array.elements().stream().map(v -> (float) v.number()).toList();
  }

  /**
   * Checks that a model can read the rows.
   *
   * @throws UserException naming the first row that is too long or has an unknown id
   */
  public static void requireFits(
      JsonInput batch, List<TokenRow> rows, int vocabSize, int maxPositions) {
    for (int r = 0; r < rows.size(); r++) {
      int[] ids = rows.get(r).ids();
      String place = batch.get("input_ids").get(r).place();
      if (ids.length > maxPositions) {
        throw UserException.at(
            batch.file(),
            place,
            ids.length + " tokens",
            "at most the model's " + maxPositions + " positions");
      }
      requireWithin(batch.file(), place, ids, vocabSize);
      int[] labels =
          Arrays.stream(rows.get(r).labels()).filter(l -> l != TokenRow.IGNORED).toArray();
      requireWithin(batch.file(), batch.get("labels").get(r).place(), labels, vocabSize);
    }
  }

  private static void requireWithin(Path file, String place, int[] values, int vocabSize) {
    for (int id : values) {
      if (id < 0 || id >= vocabSize) {
        throw UserException.at(
            file, place, "token " + id, "0 to " + (vocabSize - 1) + ", the model's vocabulary");
      }
    }
  }

  /** Number of ones, which must all stand in front. */
  private static int length(JsonInput row, int width) {
    int[] mask = ints(row);
    int length = Arrays.stream(mask).sum();
    for (int t = 0; t < mask.length; t++) {
      if (mask.length != width || mask[t] != (t < length ? 1 : 0)) {
        throw row.mistake("as many entries as tokens: ones, then zeros (padding on the right)");
      }
    }
    return length;
  }

  private static int[] ints(JsonInput array) {
    return array.elements().stream().mapToInt(JsonInput::integer).toArray();
  }
}
