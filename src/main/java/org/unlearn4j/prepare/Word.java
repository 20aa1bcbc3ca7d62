package org.unlearn4j.prepare;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.miscellaneous.ASCIIFoldingFilter;

/**
 * A word of a text and how it stands there. Hyphens part words, as they do in the index.
 *
 * @param folded in small letters, without accents and without a possessive ending
 * @param capital whether it begins with a capital letter
 * @param sentence number of its sentence in the text, from 0
 * @param place its place in the sentence, from 0
 * @param joined whether nothing but blanks, a hyphen or an initial's full stop parts it from the
 *     word before
 * @param comma whether a comma stands before it
 * @param from its first character in the text
 * @param to behind its last character, a possessive ending included
 */
record Word(
    String folded,
    boolean capital,
    int sentence,
    int place,
    boolean joined,
    boolean comma,
    int from,
    int to) {
  private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{M}\\p{Nd}]+(?:['’]\\p{L}+)?");
  private static final Pattern POSSESSIVE = Pattern.compile("['’](?:s|S)?$");

  /** Ends a sentence only where a blank or a quotation mark follows. */
  private static final Pattern END = Pattern.compile("[.!?…]['’\"”)\\]]*\\s|\\n\\s*\\n|\\n#|^#");

  private static final Pattern PARTS = Pattern.compile("[,;:()\\[\\]\"“”.!?…—/|]|\\n");
  private static final int LONGEST_TITLE = 4;

  /** Words before a surname that are no given name. */
  static final Set<String> TITLES =
      Set.of(
          "mr",
          "mrs",
          "ms",
          "miss",
          "mx",
          "dr",
          "prof",
          "professor",
          "doctor",
          "sir",
          "lady",
          "lord",
          "dame",
          "st",
          "saint",
          "herr",
          "frau",
          "madame",
          "monsieur",
          "senor",
          "senora",
          "author",
          "writer",
          "poet",
          "president",
          "judge",
          "captain",
          "father",
          "mother",
          "uncle",
          "aunt",
          "sister",
          "brother",
          "rev",
          "reverend",
          "hon");

  /** The words of a text, in order. */
  static List<Word> of(String text) {
    List<Word> words = new ArrayList<>();
    Matcher matcher = WORD.matcher(text);
    int end = 0;
    int sentence = 0;
    int place = 0;
    while (matcher.find()) {
      String between = text.substring(end, matcher.start());
      Word last = words.isEmpty() ? null : words.get(words.size() - 1);
      boolean shortened = last != null && shortened(last, between);
      if (last != null && !shortened && END.matcher(between).find()) {
        sentence++;
        place = 0;
      }
      boolean joined = last != null && (shortened || !PARTS.matcher(between).find());
      boolean capital = Character.isUpperCase(matcher.group().codePointAt(0));
      words.add(
          new Word(
              fold(bare(matcher.group())),
              capital,
              sentence,
              place++,
              joined,
              between.contains(","),
              matcher.start(),
              matcher.end()));
      end = matcher.end();
    }
    return words;
  }

  private static String bare(String word) {
    boolean mark = word.indexOf('\'') >= 0 || word.indexOf('’') >= 0;
    return mark ? POSSESSIVE.matcher(word).replaceFirst("") : word;
  }

  /** Whether a full stop behind a word belongs to it: an initial, or a title cut short. */
  private static boolean shortened(Word word, String between) {
    boolean cut =
        word.capital
            && (word.folded.length() == 1
                || (word.folded.length() <= LONGEST_TITLE && TITLES.contains(word.folded)));
    return cut && between.startsWith(".") && between.substring(1).isBlank();
  }

  /** Small letters without accents: how words are compared. */
  static String fold(String word) {
    if (word.chars().allMatch(c -> c < 128)) {
      return word.toLowerCase(Locale.ROOT);
    }
    char[] in = word.toCharArray();
    char[] out = new char[4 * in.length];
    int length = ASCIIFoldingFilter.foldToASCII(in, 0, out, 0, in.length);
    return new String(out, 0, length).replaceAll("\\p{M}", "").toLowerCase(Locale.ROOT);
  }

  /** Whether it begins a sentence, where every word has a capital letter. */
  boolean first() {
    return place == 0;
  }
}
