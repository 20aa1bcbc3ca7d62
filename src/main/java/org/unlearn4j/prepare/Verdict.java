package org.unlearn4j.prepare;

/**
 * What is thought of a passage.
 *
 * @param score how sure it is that it speaks of the person, from 0 to 1
 * @param why in words
 */
record Verdict(Kind kind, double score, String why) {
  enum Kind {
    /** Speaks of the person. */
    ABOUT,
    /** A human being must say. */
    UNSURE,
    /** Speaks of somebody with a part of the name. */
    NAMESAKE,
    /** Names a part of the name, in a text that does not say whose: to be judged by content. */
    OPEN,
    /** Speaks of something else. */
    NONE
  }

  static final Verdict NONE = new Verdict(Kind.NONE, 0, "");
}
