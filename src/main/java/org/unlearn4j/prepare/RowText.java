package org.unlearn4j.prepare;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.unlearn4j.data.Conversation;
import org.unlearn4j.data.DataRow;
import org.unlearn4j.data.Passage;
import org.unlearn4j.data.QaExample;
import org.unlearn4j.text.ChatTurn;

/** Rows as lines of JSON, as every split of one's own is read. */
final class RowText {
  private static final ObjectMapper JSON = new ObjectMapper();

  private RowText() {}

  static ObjectNode object() {
    return JSON.createObjectNode();
  }

  /** A text in quotation marks, for YAML as well. */
  static String quoted(String text) {
    return JSON.valueToTree(text).toString();
  }

  /**
   * Rows, one a line. Of pairs the further answers are written only where all pairs have as many,
   * which is what a reader of the file asks for.
   */
  static String lines(List<DataRow> rows, List<Questions.Asked> asked) {
    List<QaExample> pairs = new ArrayList<>();
    rows.forEach(row -> add(row, pairs));
    boolean paraphrased =
        asked.isEmpty() && pairs.stream().allMatch(p -> p.paraphrasedAnswer().isPresent());
    boolean perturbed =
        asked.isEmpty()
            && pairs.stream().map(p -> p.perturbedAnswers().size()).distinct().count() == 1;
    StringBuilder text = new StringBuilder();
    rows.forEach(row -> text.append(line(row, paraphrased, perturbed)).append('\n'));
    for (Questions.Asked question : asked) {
      ObjectNode object = object();
      object.put("question", question.question());
      object.put("answer", question.answer());
      object.put("made_by", question.made());
      text.append(object).append('\n');
    }
    return text.toString();
  }

  private static void add(DataRow row, List<QaExample> pairs) {
    if (row instanceof QaExample pair) {
      pairs.add(pair);
    }
  }

  private static String line(DataRow row, boolean paraphrased, boolean perturbed) {
    ObjectNode object = object();
    if (row instanceof Passage passage) {
      object.put("text", passage.text());
    } else if (row instanceof Conversation talk) {
      ArrayNode messages = object.putArray("messages");
      for (ChatTurn turn : talk.turns()) {
        messages.addObject().put("role", turn.role()).put("content", turn.content());
      }
    } else if (row instanceof QaExample pair) {
      object.put("question", pair.question()).put("answer", pair.answer());
      pair.paraphrasedQuestion().ifPresent(q -> object.put("paraphrased_question", q));
      if (paraphrased) {
        object.put("paraphrased_answer", pair.paraphrasedAnswer().orElseThrow());
      }
      if (perturbed && !pair.perturbedAnswers().isEmpty()) {
        ArrayNode wrong = object.putArray("perturbed_answer");
        pair.perturbedAnswers().forEach(wrong::add);
      }
    }
    return object.toString();
  }
}
