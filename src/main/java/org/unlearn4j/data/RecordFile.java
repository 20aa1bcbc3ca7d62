package org.unlearn4j.data;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.unlearn4j.base.UserException;

/**
 * A file of records that need not be of any benchmark: questions with answers ({@link QaReader}),
 * or texts in a field of that name in the singular; JSON Lines, texts also as one array.
 *
 * @param pairs empty in a file of texts
 * @param texts empty in a file of pairs
 */
public record RecordFile(List<QaExample> pairs, List<Passage> texts) {
  private static final String TEXT = "text";

  public RecordFile {
    pairs = List.copyOf(pairs);
    texts = List.copyOf(texts);
  }

  /**
   * Reads a file; what its first record is decides what all are.
   *
   * @throws UserException with file and line of what is at fault
   */
  public static RecordFile read(DataSource source) {
    List<Passage> texts = new ArrayList<>();
    boolean[] pairs = {false};
    JsonRecords.read(
        source,
        (record, at, line) -> {
          ObjectNode object = JsonRecords.object(record, at, line);
          boolean first = texts.isEmpty() && !pairs[0];
          pairs[0] |= first && !object.has(TEXT);
          if (!pairs[0]) {
            texts.add(new Passage(JsonRecords.required(object, TEXT, at, line), at.name(), line));
          }
        });
    return pairs[0]
        ? new RecordFile(QaReader.read(source, QaReader.Demand.NONE).examples(), List.of())
        : new RecordFile(List.of(), some(source, texts));
  }

  private static List<Passage> some(DataSource source, List<Passage> texts) {
    if (texts.isEmpty()) {
      throw source.error(
          0, "no records", "at least one with question and answer, or with a " + TEXT);
    }
    return texts;
  }
}
