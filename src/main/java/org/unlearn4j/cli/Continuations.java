package org.unlearn4j.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.text.GrowingText;

/**
 * Prints the continuations of a batch in the order of its prompts while they grow: the first that
 * is not finished as it comes, what follows it when its turn is there.
 */
final class Continuations implements LanguageModel.StepListener {

  /** How they are printed. */
  enum Form {
    /** The text alone, as it comes. */
    TEXT,
    /** A line with number and prompt before each text, as it comes. */
    NUMBERED,
    /** A line of JSON for each that is finished. */
    JSON
  }

  private final List<String> prompts;
  private final int firstNumber;
  private final Form form;
  private final PrintStream out;
  private final List<GrowingText> texts = new ArrayList<>();
  private final boolean[] finished;
  private int current;
  private boolean begun;

  /**
   * Of one batch.
   *
   * @param firstNumber of the first prompt, from 0
   * @param decode text of token ids
   */
  Continuations(
      List<String> prompts,
      int firstNumber,
      Function<int[], String> decode,
      List<String> stopWords,
      Form form,
      PrintStream out) {
    this.prompts = prompts;
    this.firstNumber = firstNumber;
    this.form = form;
    this.out = out;
    this.finished = new boolean[prompts.size()];
    prompts.forEach(p -> texts.add(new GrowingText(decode, stopWords)));
  }

  @Override
  public void token(int row, int token) {
    texts.get(row).add(token);
    print();
  }

  @Override
  public boolean ends(int row) {
    return texts.get(row).stopped();
  }

  @Override
  public void finished(int row) {
    finished[row] = true;
    print();
  }

  /** Prints what is left: nothing more comes, to rows without any room either. */
  void end() {
    for (int r = current; r < finished.length; r++) {
      finished[r] = true;
    }
    print();
  }

  private void print() {
    while (current < finished.length && finished[current]) {
      if (form == Form.JSON) {
        out.println(json(current));
      } else {
        begin();
        out.println(texts.get(current).rest());
      }
      out.flush();
      current++;
      begun = false;
    }
    if (form != Form.JSON && current < finished.length) {
      String piece = texts.get(current).settled();
      if (!piece.isEmpty()) {
        begin();
        out.print(piece);
        out.flush();
      }
    }
  }

  private void begin() {
    if (form == Form.NUMBERED && !begun) {
      out.println("[" + (firstNumber + current + 1) + "] " + prompts.get(current));
    }
    begun = true;
  }

  private ObjectNode json(int row) {
    return new ObjectMapper()
        .createObjectNode()
        .put("index", firstNumber + row)
        .put("prompt", prompts.get(row))
        .put("text", texts.get(row).text())
        .put("tokens", texts.get(row).tokens());
  }
}
