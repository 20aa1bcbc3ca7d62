package org.unlearn4j.ledger;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Whether the records of a ledger are whole: each has the hash that it says, the number of its
 * place, and the hash of the record before. Whoever changes a byte, leaves out or moves a record
 * has to make every later hash anew; that, and a tail that was cut off, shows only against a hash
 * that is kept elsewhere.
 */
public final class ChainCheck {
  private static final String A_RECORD = "record ";

  private ChainCheck() {}

  /**
   * What was found.
   *
   * @param entries records that are what they say, in the order of the file
   * @param mistakes a sentence each; none where the chain is whole
   */
  public record Result(List<Entry> entries, List<String> mistakes) {
    public Result {
      entries = List.copyOf(entries);
      mistakes = List.copyOf(mistakes);
    }

    /** Hash of the last record; empty where there is none, or the chain is broken. */
    public Optional<String> last() {
      return mistakes.isEmpty() && !entries.isEmpty()
          ? Optional.of(entries.get(entries.size() - 1).hash())
          : Optional.empty();
    }
  }

  /** Looks at every line of a ledger's file; one that is not there has none. */
  public static Result of(Path file) {
    List<Entry> entries = new ArrayList<>();
    List<String> mistakes = new ArrayList<>();
    byte[] bytes = Ledger.bytes(file);
    String before = Entry.NO_PARENT;
    int number = 0;
    for (int from = 0; from < bytes.length; number++) {
      int end = from;
      while (end < bytes.length && bytes[end] != '\n') {
        end++;
      }
      String place = file + ", line " + (number + 1);
      if (end == bytes.length) {
        mistakes.add(place + ": found no end of the line, expected one after the last record.");
      }
      try {
        Entry entry = Entry.of(text(bytes, from, end));
        if (entry.number() != number) {
          mistakes.add(
              sentence(place, A_RECORD + entry.number(), A_RECORD + number + " of the chain"));
        } else if (!entry.parent().equals(before)) {
          mistakes.add(
              sentence(
                  place,
                  A_RECORD + number + " that follows " + entry.parent(),
                  "one that follows " + before));
        }
        before = entry.hash();
        entries.add(entry);
      } catch (Entry.Broken e) {
        mistakes.add(sentence(place, e.getMessage(), A_RECORD + number + " as it was written"));
        before = claimed(bytes, from, end); // so that one mistake is told once
      }
      from = end + 1;
    }
    return new Result(entries, mistakes);
  }

  /**
   * Whether a hash that was kept elsewhere is that of a record here.
   *
   * @param kept as {@code requests verify} printed it once
   * @return empty if it is; else a sentence
   */
  public static Optional<String> against(Result result, Path file, String kept) {
    if (result.entries().stream().anyMatch(e -> e.hash().equals(kept))) {
      return Optional.empty();
    }
    return Optional.of(
        file
            + ": found no record with the hash "
            + kept
            + ", expected the one that was last when this hash was noted (its tail was cut off, or"
            + " the chain was made anew).");
  }

  private static String sentence(String place, String found, String expected) {
    return place + ": found " + found + ", expected " + expected + ".";
  }

  private static String text(byte[] bytes, int from, int end) throws Entry.Broken {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(bytes, from, end - from))
          .toString();
    } catch (CharacterCodingException e) {
      throw new Entry.Broken("bytes that are no UTF-8");
    }
  }

  /** The hash that a broken line says it has, where it still says one. */
  private static String claimed(byte[] bytes, int from, int end) {
    String line = new String(bytes, from, end - from, StandardCharsets.UTF_8);
    int at = line.lastIndexOf("\"hash\":\"");
    int start = at + "\"hash\":\"".length();
    return at >= 0 && line.length() >= start + 64
        ? line.substring(start, start + 64)
        : "nothing that can be read";
  }
}
