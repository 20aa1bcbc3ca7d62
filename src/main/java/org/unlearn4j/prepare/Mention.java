package org.unlearn4j.prepare;

/**
 * A name in a passage.
 *
 * @param kind how somebody is named
 * @param who the name, folded; of the person who is looked for, what stands there
 * @param word place of its first word among the passage's words
 * @param at that word
 */
record Mention(Kind kind, String who, int word, Word at) {
  /** How somebody is named. */
  enum Kind {
    /** A full name of the person. */
    FULL(1.0, "full name"),
    /** A name of one word that was given. */
    ALIAS(1.0, "alias"),
    /** A full name with slips of the pen. */
    MISSPELT(0.9, "misspelt name"),
    /** A surname that may be the person's. */
    SURNAME(0.8, "surname"),
    /** The same with slips of the pen. */
    MISSPELT_SURNAME(0.7, "misspelt surname"),
    /** A first name that may be the person's. */
    FIRST(0.7, "first name"),
    /** Somebody else. */
    OTHER(0, "somebody else");

    private final double score;
    private final String words;

    Kind(double score, String words) {
      this.score = score;
      this.words = words;
    }

    /** How sure it is, from 0 to 1, where nothing speaks against it. */
    double score() {
      return score;
    }

    String words() {
      return words;
    }
  }

  /** Whether it can be nobody but the person. */
  boolean sure() {
    return kind == Kind.FULL || kind == Kind.ALIAS || kind == Kind.MISSPELT;
  }

  /** Whether it is a part of a name, which somebody else may have too. */
  boolean part() {
    return kind == Kind.SURNAME || kind == Kind.MISSPELT_SURNAME || kind == Kind.FIRST;
  }
}
