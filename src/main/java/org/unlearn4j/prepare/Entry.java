package org.unlearn4j.prepare;

import java.util.List;
import org.unlearn4j.data.DataRow;

/**
 * A passage of the corpus: what is forgotten or kept as one row.
 *
 * @param id its place in the corpus, from 0
 * @param document the text that it is a part of
 * @param row as it will be written
 * @param text all that it says
 * @param source the file that it was read from
 * @param line its line there, counted from 1
 */
record Entry(int id, String document, DataRow row, String text, String source, int line) {
  List<Word> words() {
    return Word.of(text);
  }

  String place() {
    return source + ", line " + line;
  }
}
