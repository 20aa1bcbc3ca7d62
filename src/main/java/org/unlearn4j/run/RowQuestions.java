package org.unlearn4j.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.unlearn4j.config.DataSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.data.Benchmark;
import org.unlearn4j.data.DataRow;
import org.unlearn4j.data.QaEncoder;
import org.unlearn4j.text.ChatPrompt;
import org.unlearn4j.text.Prompting;
import org.unlearn4j.text.Tokenizer;

/** How many questions an evaluation asks about rows of one's own. */
public final class RowQuestions {
  private RowQuestions() {}

  /**
   * Questions about each row to forget by the line on which it stands: one of a pair, one of each
   * window of a passage, one of each turn of a conversation; in the order of lines they are the
   * evaluation's. A passage or conversation that says what an earlier one says is not there.
   *
   * @param pipeline of benchmark {@code jsonl}, its forget split one file
   * @param tokenizer folder with {@code tokenizer.json}
   * @throws org.unlearn4j.base.UserException if rows or tokenizer are at fault
   */
  public static SortedMap<Integer, Integer> byLine(Pipeline pipeline, Path tokenizer) {
    DataSettings data = pipeline.data();
    Benchmark benchmark = Benchmark.open(data.benchmark().spelling(), data.path());
    SortedMap<Integer, Integer> counts = new TreeMap<>();
    try (Tokenizer opened = Tokenizer.open(tokenizer)) {
      Prompting template =
          Prompting.of(
              data.template(), opened, new ChatPrompt.Settings(data.systemPrompt(), data.date()));
      QaEncoder pairs = new QaEncoder(opened, template, data.maxLength());
      OwnRows rows = new OwnRows(pipeline, benchmark, opened, pairs, new ArrayList<>());
      for (DataRow row : rows.of(data.forget())) {
        counts.put(row.line(), rows.items(List.of(row), Integer.MAX_VALUE).size());
      }
    }
    return counts;
  }
}
