package org.unlearn4j.lm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Rows laid out so that a prompt which several of them begin with is computed once: first all
 * different prompts, padded on the left, for their keys and values; then, in parts of like length,
 * what follows them, padded on the right, each row on top of its prompt. Padding on the left leaves
 * no gap between a prompt and what follows, which models with a window of columns would count.
 *
 * <p>A prompt's last token is computed with what follows, because it predicts the first label; a
 * row's last token is not computed at all, because it predicts nothing.
 *
 * @param prompts how many different ones there are; 0 if they are not computed by themselves, and
 *     rows follow nothing
 * @param width columns of the prompts' pass
 * @param ids {@code [prompts * width]}, 0 at padding
 * @param mask {@code [prompts * width]}, 1 at real tokens
 * @param positions {@code [prompts * width]}, 0 at padding
 */
@SuppressWarnings("ArrayRecordComponent") // feeds a runtime once, never shared
public record PromptBatch(
    int prompts, int width, int[] ids, int[] mask, int[] positions, List<Part> parts) {

  /** Prompts are computed by themselves where that saves at least this share of their tokens. */
  private static final double WORTH_IT = 0.2;

  /** A pass costs as much as so many tokens on top of its own. */
  private static final int PASS = 64;

  /**
   * Rows that go through the model together.
   *
   * @param rows their numbers in the list that was laid out
   * @param time columns
   * @param ids {@code [rows * time]}, 0 at padding
   * @param mask {@code [rows * (width + time)]}, of the prompt, then of what follows
   * @param positions {@code [rows * time]}; at padding, that of the row's last real token
   * @param prompt the row of the prompts' pass that each row follows, {@code [rows]}
   * @param predictedFrom flat index into {@code rows * time} of the position that predicts each
   *     label, {@code [labelled]}
   * @param labels row after row, {@code [labelled]}
   */
  @SuppressWarnings("ArrayRecordComponent") // as above
  public record Part(
      int[] rows,
      int time,
      int[] ids,
      int[] mask,
      int[] positions,
      int[] prompt,
      int[] predictedFrom,
      int[] labels) {}

  public PromptBatch {
    parts = List.copyOf(parts);
  }

  /** Tokens before the first label, less the last of them. */
  private record Prompt(List<Integer> ids) {
    static Prompt of(TokenRow row) {
      int end = Math.max(0, row.prompt() - 1);
      return new Prompt(Arrays.stream(row.ids(), 0, end).boxed().toList());
    }

    int length() {
      return ids.size();
    }
  }

  /**
   * Which rows had best be laid out together: those of one prompt, and prompts of like length; rows
   * of like length where few have a prompt in common.
   *
   * @param tokenBudget most tokens of a batch; a single longer row is a batch of its own
   * @return numbers of rows
   */
  public static List<int[]> plan(List<TokenRow> rows, int tokenBudget) {
    List<Prompt> prompts = rows.stream().map(Prompt::of).toList();
    if (!worthIt(prompts)) {
      return BatchPlan.byLength(rows.size(), i -> rows.get(i).length(), tokenBudget);
    }
    Map<Prompt, List<Integer>> groups = new LinkedHashMap<>();
    IntStream.range(0, rows.size())
        .forEach(i -> groups.computeIfAbsent(prompts.get(i), p -> new ArrayList<>()).add(i));
    List<Prompt> order = new ArrayList<>(groups.keySet());
    order.sort(Comparator.comparingInt(Prompt::length)); // stable
    List<int[]> batches = new ArrayList<>();
    List<Integer> batch = new ArrayList<>();
    long tokens = 0;
    for (Prompt prompt : order) {
      boolean there = false;
      for (int row : groups.get(prompt)) {
        int own = following(rows.get(row), prompt.length());
        if (!batch.isEmpty() && tokens + own + (there ? 0 : prompt.length()) > tokenBudget) {
          batches.add(array(batch));
          batch.clear();
          tokens = 0;
          there = false;
        }
        tokens += own + (there ? 0 : prompt.length());
        there = true;
        batch.add(row);
      }
    }
    if (!batch.isEmpty()) {
      batches.add(array(batch));
    }
    return batches;
  }

  /**
   * Lays out a batch. No pass has more tokens, padding included, than the whole batch has without.
   *
   * @param rows at least one, each with at least one token
   */
  public static PromptBatch of(List<TokenRow> rows) {
    List<Prompt> prompts = rows.stream().map(Prompt::of).toList();
    if (!worthIt(prompts)) {
      int[] nothing = {};
      int[] none = new int[rows.size()];
      return new PromptBatch(0, 0, nothing, nothing, nothing, parts(rows, none, none, nothing, 0));
    }
    Map<Prompt, Integer> numbers = new LinkedHashMap<>();
    prompts.forEach(p -> numbers.putIfAbsent(p, numbers.size()));
    List<Prompt> different = List.copyOf(numbers.keySet());
    int width = different.stream().mapToInt(Prompt::length).max().orElseThrow();
    int[] ids = new int[different.size() * width];
    int[] mask = new int[ids.length];
    int[] positions = new int[ids.length];
    for (int p = 0; p < different.size(); p++) {
      List<Integer> own = different.get(p).ids;
      int first = (p + 1) * width - own.size();
      for (int t = 0; t < own.size(); t++) {
        ids[first + t] = own.get(t);
        mask[first + t] = 1;
        positions[first + t] = t;
      }
    }
    int[] lengths = prompts.stream().mapToInt(Prompt::length).toArray();
    int[] number = prompts.stream().mapToInt(numbers::get).toArray();
    List<Part> parts = parts(rows, lengths, number, mask, width);
    return new PromptBatch(different.size(), width, ids, mask, positions, parts);
  }

  private static boolean worthIt(List<Prompt> prompts) {
    long all = prompts.stream().mapToLong(Prompt::length).sum();
    Set<Prompt> different = new HashSet<>(prompts);
    return all - different.stream().mapToLong(Prompt::length).sum() > WORTH_IT * all;
  }

  /** Tokens of a row that are computed on top of its prompt. */
  private static int following(TokenRow row, int promptLength) {
    return Math.max(1, row.length() - 1 - promptLength);
  }

  /**
   * Rows of like length together.
   *
   * @param lengths of each row's prompt
   * @param number of each row's prompt
   * @param promptMask {@code [prompts * width]}
   */
  private static List<Part> parts(
      List<TokenRow> rows, int[] lengths, int[] number, int[] promptMask, int width) {
    int[] following =
        IntStream.range(0, rows.size()).map(i -> following(rows.get(i), lengths[i])).toArray();
    long most =
        IntStream.of(following).asLongStream().sum()
            + IntStream.of(promptMask).asLongStream().sum();
    List<Integer> order = new ArrayList<>(IntStream.range(0, following.length).boxed().toList());
    order.sort(Comparator.comparingInt(i -> following[i])); // stable
    return cuts(order.stream().mapToInt(i -> following[i]).toArray(), most).stream()
        .map(cut -> array(order.subList(cut[0], cut[1])))
        .map(part -> part(rows, part, lengths, number, promptMask, width))
        .toList();
  }

  /**
   * Where to cut a sorted list so that padding and passes cost least.
   *
   * @param lengths ascending
   * @param most tokens of a part, padding included, unless it is a single row
   * @return begin and end of each part
   */
  private static List<int[]> cuts(int[] lengths, long most) {
    long[] cost = new long[lengths.length + 1];
    int[] begin = new int[lengths.length + 1];
    for (int end = 1; end <= lengths.length; end++) {
      cost[end] = Long.MAX_VALUE;
      for (int from = end - 1; from >= 0; from--) {
        long padded = (long) (end - from) * lengths[end - 1];
        if (padded > most && from < end - 1) {
          break;
        }
        if (cost[from] + padded + PASS < cost[end]) {
          cost[end] = cost[from] + padded + PASS;
          begin[end] = from;
        }
      }
    }
    List<int[]> cuts = new ArrayList<>();
    for (int end = lengths.length; end > 0; end = begin[end]) {
      cuts.add(0, new int[] {begin[end], end});
    }
    return cuts;
  }

  private static Part part(
      List<TokenRow> all, int[] rows, int[] lengths, int[] number, int[] promptMask, int width) {
    int time = IntStream.of(rows).map(r -> following(all.get(r), lengths[r])).max().orElseThrow();
    int labelled = IntStream.of(rows).map(r -> all.get(r).labelled()).sum();
    Part part =
        new Part(
            rows,
            time,
            new int[rows.length * time],
            new int[rows.length * (width + time)],
            new int[rows.length * time],
            new int[rows.length],
            new int[labelled],
            new int[labelled]);
    int n = 0;
    for (int r = 0; r < rows.length; r++) {
      TokenRow row = all.get(rows[r]);
      int from = lengths[rows[r]];
      int real = following(row, from);
      part.prompt[r] = number[rows[r]];
      System.arraycopy(row.ids(), from, part.ids, r * time, real);
      System.arraycopy(promptMask, number[rows[r]] * width, part.mask, r * (width + time), width);
      int begin = r * (width + time) + width;
      Arrays.fill(part.mask, begin, begin + real, 1);
      for (int t = 0; t < time; t++) {
        part.positions[r * time + t] = from + Math.min(t, real - 1);
      }
      for (int t = 1; t < row.length(); t++) {
        if (row.labels()[t] != TokenRow.IGNORED) {
          part.predictedFrom[n] = r * time + t - 1 - from;
          part.labels[n++] = row.labels()[t];
        }
      }
    }
    return part;
  }

  private static int[] array(List<Integer> list) {
    return list.stream().mapToInt(Integer::intValue).toArray();
  }
}
