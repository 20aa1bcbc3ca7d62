package org.unlearn4j.init;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * What a split holds, measured with the model's own tokenizer.
 *
 * @param split its name in the folder
 * @param pairs questions with answers
 * @param passages running texts
 * @param conversations chats
 * @param rows tokens of each pair and conversation, ascending
 * @param texts tokens of each passage, ascending
 * @param labelled tokens of each row that it would be trained on, ascending
 * @param cut rows that are longer than the model reads
 */
@SuppressWarnings("ArrayRecordComponent") // made once and never changed
record Side(
    String split,
    int pairs,
    int passages,
    int conversations,
    int[] rows,
    int[] texts,
    int[] labelled,
    int cut) {

  int count() {
    return pairs + passages + conversations;
  }

  /** In a few words: {@code 8 pairs and 2 passages}. */
  String kinds() {
    List<String> kinds = new ArrayList<>();
    kind(pairs, "pair", kinds);
    kind(passages, "passage", kinds);
    kind(conversations, "conversation", kinds);
    return String.join(" and ", kinds);
  }

  private static void kind(int count, String name, List<String> into) {
    if (count > 0) {
      into.add(String.format(Locale.ROOT, "%,d %s%s", count, name, count == 1 ? "" : "s"));
    }
  }

  /** All lengths in a sentence: {@code 12 to 31 tokens, half of them up to 20, 99 of 100 to 30}. */
  String lengths() {
    int[] all = Arrays.copyOf(rows, rows.length + texts.length);
    System.arraycopy(texts, 0, all, rows.length, texts.length);
    Arrays.sort(all);
    return String.format(
        Locale.ROOT,
        "%,d to %,d tokens, half of them up to %,d, 99 of 100 up to %,d",
        all[0],
        all[all.length - 1],
        at(all, 0.5),
        at(all, 0.99));
  }

  /** The smallest value that a share of all is no larger than; 0 of none. */
  static int at(int[] ascending, double share) {
    return ascending.length == 0
        ? 0
        : ascending[Math.max(0, (int) Math.ceil(share * ascending.length) - 1)];
  }

  /** The largest; 0 of none. */
  static int most(int[] ascending) {
    return at(ascending, 1);
  }
}
