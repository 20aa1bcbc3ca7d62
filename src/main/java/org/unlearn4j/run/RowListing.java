package org.unlearn4j.run;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.text.Tokenizer;

/** The first rows of what a pipeline forgets and keeps, with what of them is labelled. */
public final class RowListing {
  private RowListing() {}

  /**
   * Prints them, decoded; what is labelled stands between the signs {@code ⟦} and {@code ⟧}.
   *
   * @param most rows of either side
   * @throws UserException if the data or the tokenizer is at fault
   */
  public static void print(Pipeline pipeline, int most, PrintStream out) {
    Path folder =
        pipeline
            .model()
            .tokenizerFolder()
            .orElseThrow(
                () ->
                    new UserException(
                        "model.tokenizer: found nothing, expected a folder with tokenizer.json to"
                            + " show rows in its tokens."));
    try (TaskData data = new TaskData(pipeline, folder, pipeline.data().maxLength())) {
      list("forget", data.forget(), most, data.tokenizer(), out);
      list("retain", data.retain(), most, data.tokenizer(), out);
    }
  }

  private static void list(
      String side, List<TokenRow> rows, int most, Tokenizer tokenizer, PrintStream out) {
    out.println(side + ": " + rows.size() + " rows");
    for (TokenRow row : rows.subList(0, Math.min(most, rows.size()))) {
      out.println(
          "- "
              + row.length()
              + " tokens, "
              + row.labelled()
              + " labelled: "
              + marked(row, tokenizer));
    }
  }

  /** A row's text with signs around what is labelled. */
  static String marked(TokenRow row, Tokenizer tokenizer) {
    StringBuilder text = new StringBuilder();
    int from = 0;
    for (int t = 1; t <= row.length(); t++) {
      boolean labelled = row.labels()[from] != TokenRow.IGNORED;
      if (t == row.length() || (row.labels()[t] != TokenRow.IGNORED) != labelled) {
        String part = tokenizer.decode(Arrays.copyOfRange(row.ids(), from, t), false);
        text.append(labelled ? "\u27e6" + part + "\u27e7" : part);
        from = t;
      }
    }
    return text.toString();
  }
}
