package org.unlearn4j.prepare;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.unlearn4j.base.UserException;
import org.unlearn4j.data.Conversation;
import org.unlearn4j.data.CorpusRows;
import org.unlearn4j.data.DataRow;
import org.unlearn4j.data.Passage;
import org.unlearn4j.data.QaExample;
import org.unlearn4j.data.RowFiles;

/**
 * Texts cut into passages. A pair or a conversation stays whole.
 *
 * @param entries in the order of the corpus
 * @param duplicates rows that say exactly what an earlier one says, left out
 * @param files how many were read
 */
record Corpus(List<Entry> entries, int duplicates, int files) {
  private static final int MOST = 2_000_000;

  Corpus {
    entries = List.copyOf(entries);
  }

  /**
   * Reads a file or folder.
   *
   * @param longest most characters of a passage
   * @throws UserException if there is nothing to read, too much, or a file is at fault
   */
  static Corpus read(Path from, int longest) {
    CorpusRows read = CorpusRows.read(from);
    List<Entry> entries = new ArrayList<>();
    int number = 0;
    for (CorpusRows.Row row : read.rows()) {
      number++;
      add(row.row(), row.document().orElse(String.valueOf(number)), longest, entries);
      if (entries.size() > MOST) {
        throw UserException.at(from, "", "more than " + MOST + " passages", "fewer at a time");
      }
    }
    return new Corpus(entries, read.duplicates(), read.files());
  }

  private static void add(DataRow row, String document, int longest, List<Entry> entries) {
    if (row instanceof Passage passage) {
      boolean lines = RowFiles.isText(passage.source());
      for (Pieces.Piece piece : Pieces.of(passage.text(), longest)) {
        int line = passage.line() + (lines ? piece.line() : 0);
        Passage part = new Passage(piece.text(), passage.source(), line);
        add(part, part.text(), passage.source(), line, document, entries);
      }
    } else if (row instanceof QaExample pair) {
      String text = pair.question() + "\n\n" + pair.answer();
      add(pair, text, pair.source(), pair.line(), document, entries);
    } else if (row instanceof Conversation talk) {
      String text = talk.text().replace("\n", "\n\n");
      add(talk, text, talk.source(), talk.line(), document, entries);
    }
  }

  private static void add(
      DataRow row, String text, String source, int line, String document, List<Entry> entries) {
    entries.add(new Entry(entries.size(), source + "#" + document, row, text, source, line));
  }

  /** Passages of each text, in order. */
  Map<String, List<Entry>> documents() {
    Map<String, List<Entry>> documents = new LinkedHashMap<>();
    for (Entry entry : entries) {
      documents.computeIfAbsent(entry.document(), d -> new ArrayList<>()).add(entry);
    }
    return documents;
  }
}
