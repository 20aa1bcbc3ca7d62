package org.unlearn4j.data.fable;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/** A line of the data; the paraphrases are empty where there are none. */
record Row(
    String about,
    String kind,
    String question,
    String answer,
    String paraphrasedQuestion,
    String paraphrasedAnswer,
    List<String> perturbed) {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** A row without paraphrases. */
  static Row bare(
      String about, String kind, String question, String answer, List<String> perturbed) {
    return new Row(about, kind, question, answer, "", "", perturbed);
  }

  /** One line of JSON, its fields in this order, without the line break. */
  String json() {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("about", about).put("kind", kind).put("question", question).put("answer", answer);
    if (!paraphrasedAnswer.isEmpty()) {
      node.put("paraphrased_question", paraphrasedQuestion)
          .put("paraphrased_answer", paraphrasedAnswer);
    }
    perturbed.forEach(node.putArray("perturbed_answer")::add);
    return text(node);
  }

  /** An article as a line of JSON, in MUSE's fields. */
  static String json(Articles.Article article) {
    return text(
        JsonNodeFactory.instance
            .objectNode()
            .put("about", article.about())
            .put("prompt", article.prompt())
            .put("gt", article.continuation()));
  }

  private static String text(ObjectNode node) {
    try {
      return JSON.writeValueAsString(node);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
