package org.unlearn4j.run;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.DataSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.data.Benchmark;
import org.unlearn4j.data.Conversation;
import org.unlearn4j.data.DataRow;
import org.unlearn4j.data.Excerpt;
import org.unlearn4j.data.Passage;
import org.unlearn4j.data.QaEncoder;
import org.unlearn4j.data.QaExample;
import org.unlearn4j.data.RowEncoder;
import org.unlearn4j.eval.EvalItem;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.text.ChatPrompt;
import org.unlearn4j.text.Tokenizer;

/** Rows of one's own data, of several kinds, in tokens. */
final class OwnRows {
  private final Pipeline pipeline;
  private final Benchmark benchmark;
  private final QaEncoder pairs;
  private final RowEncoder encoder;
  private final List<String> notes;

  OwnRows(
      Pipeline pipeline,
      Benchmark benchmark,
      Tokenizer tokenizer,
      QaEncoder pairs,
      List<String> notes) {
    DataSettings data = pipeline.data();
    this.pipeline = pipeline;
    this.benchmark = benchmark;
    this.pairs = pairs;
    this.notes = notes;
    this.encoder =
        new RowEncoder(
            tokenizer,
            pairs,
            new RowEncoder.Shape(
                data.maxLength(),
                data.rows().window(),
                data.rows().overlap(),
                Set.copyOf(data.rows().roles())),
            () ->
                ChatPrompt.of(
                    tokenizer, new ChatPrompt.Settings(data.systemPrompt(), data.date())));
  }

  /** Whether the data is of this kind. */
  static boolean are(Pipeline pipeline) {
    return pipeline.data().benchmark() == DataSettings.Benchmark.JSONL;
  }

  /**
   * The rows of a split; of {@code full} without such a file what is kept and what is forgotten.
   *
   * @throws UserException if there is no such split, or none of its rows
   */
  List<DataRow> of(String split) {
    DataSettings data = pipeline.data();
    Optional<Benchmark.Rows> rows = benchmark.rows(split);
    if (rows.isEmpty() && split.equals("full")) {
      List<DataRow> all = new ArrayList<>(of(data.retain()));
      all.addAll(of(data.forget()));
      return all;
    }
    if (rows.isEmpty()) {
      benchmark.forget(split); // says which file is missing
    }
    return rows.orElseThrow().all();
  }

  /** What a split holds, row by row. */
  List<Lesson> lessons(String what, String split) {
    List<DataRow> rows = of(split);
    List<Lesson> lessons = new ArrayList<>();
    Map<String, String> first = new LinkedHashMap<>();
    List<QaExample> asked = new ArrayList<>();
    int windows = 0;
    for (DataRow row : rows) {
      List<TokenRow> own = encoder.rows(row);
      windows += own.size();
      lessons.add(new Lesson(own, text(row)));
      first.computeIfAbsent(kind(row), k -> pairs.describe(own.get(0)));
      if (row instanceof QaExample pair) {
        asked.add(pair);
      }
    }
    pairs.warning(pairs.encodeAll(asked)).ifPresent(w -> notes.add(what + " " + split + ": " + w));
    int dropped = benchmark.rows(split).map(Benchmark.Rows::duplicates).orElse(0);
    notes.add(
        what
            + " "
            + split
            + ": "
            + rows.size()
            + " rows, "
            + windows
            + " with all windows"
            + (dropped == 0 ? "" : "; " + dropped + " exact duplicates are left out"));
    first.forEach(
        (kind, row) -> notes.add(what + " " + split + ", the first " + kind + ": " + row));
    return lessons;
  }

  private static String kind(DataRow row) {
    return row instanceof QaExample ? "pair" : row instanceof Passage ? "passage" : "conversation";
  }

  private static Optional<String> text(DataRow row) {
    return row instanceof Passage p
        ? Optional.of(p.text())
        : row instanceof Conversation c ? Optional.of(c.text()) : Optional.empty();
  }

  /**
   * What is asked about rows, in order: of a pair its question, of a passage how each window goes
   * on after its first half, of a conversation each turn.
   */
  List<EvalItem> items(List<DataRow> rows, int most) {
    List<EvalItem> items = new ArrayList<>();
    for (DataRow row : rows) {
      if (row instanceof QaExample pair) {
        items.add(EvaluationSets.item(items.size(), pair, pairs));
        continue;
      }
      for (RowEncoder.Asked a : encoder.asked(row, pipeline.evaluate().maxNewTokens())) {
        items.add(
            new EvalItem(
                items.size(),
                a.before(),
                a.answer(),
                a.row(),
                Optional.empty(),
                List.of(),
                a.prompt(),
                kind(row, a)));
      }
      if (items.size() >= most) {
        return items.subList(0, most);
      }
    }
    return items.subList(0, Math.min(most, items.size()));
  }

  /**
   * How each window of the passages of a split goes on after its first half, in whole words; a text
   * without spaces has none.
   *
   * @param most tokens of a continuation
   */
  List<Excerpt> excerpts(String split, int most) {
    List<Excerpt> excerpts = new ArrayList<>();
    for (DataRow row : of(split)) {
      if (row instanceof Passage p) {
        encoder.asked(p, most).forEach(a -> excerpt(p, a, most).ifPresent(excerpts::add));
      }
    }
    return excerpts;
  }

  private static Optional<Excerpt> excerpt(Passage passage, RowEncoder.Asked asked, int most) {
    String text = asked.before() + asked.answer();
    int from = text.indexOf(' ', asked.before().length());
    boolean cut = asked.row().labelled() == most; // perhaps within a word
    int to = cut ? text.lastIndexOf(' ') : text.length();
    return from > 0 && to > from
        ? Optional.of(
            new Excerpt(
                text.substring(0, from),
                text.substring(from, to),
                passage.source(),
                passage.line()))
        : Optional.empty();
  }

  private static EvalItem.Kind kind(DataRow row, RowEncoder.Asked asked) {
    if (row instanceof Passage) {
      return EvalItem.Kind.CONTINUATION;
    }
    return asked.ended() ? EvalItem.Kind.ANSWER : EvalItem.Kind.CUT_ANSWER;
  }

  /**
   * @throws UserException if a row is to be kept that is to be forgotten too
   */
  void requireApart() {
    DataSettings data = pipeline.data();
    Set<Object> forgotten = new HashSet<>();
    of(data.forget()).forEach(r -> forgotten.add(said(r)));
    List<DataRow> both =
        of(data.retain()).stream().filter(r -> forgotten.contains(said(r))).toList();
    if (!both.isEmpty()) {
      throw TaskData.inBoth(data, both.size(), both.get(0).place());
    }
  }

  private static Object said(DataRow row) {
    return row instanceof QaExample pair
        ? List.of(pair.question(), pair.answer())
        : text(row).orElseThrow();
  }

  /**
   * @param what wants them
   * @throws UserException if a row to forget is none
   */
  void requirePairs(String what) {
    of(pipeline.data().forget()).stream()
        .filter(r -> !(r instanceof QaExample))
        .findFirst()
        .ifPresent(
            r -> {
              throw new UserException(
                  r.place()
                      + ": found a "
                      + kind(r)
                      + ", expected a question with an answer, which "
                      + what
                      + " needs.");
            });
  }
}
