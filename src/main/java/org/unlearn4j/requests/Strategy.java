package org.unlearn4j.requests;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** From which model a request is unlearned, and beside which rows of earlier requests. */
public enum Strategy {
  /** From the model in use; the new rows alone. */
  SEQUENTIAL(false, false, false, false),
  /** From the model in use; rows that earlier requests keep are kept, too. */
  GROWING(false, false, true, false),
  /** The same, and rows of earlier requests are forgotten again, so that they stay so. */
  HELD(false, true, true, false),
  /** From the first model; all rows so far. */
  TOGETHER(true, true, true, false),
  /** One adapter a request, each trained on the first model alone, added up. */
  ADAPTERS(true, false, true, true);

  private final boolean first;
  private final boolean forgetsAgain;
  private final boolean keepsEarlier;
  private final boolean adds;

  Strategy(boolean first, boolean forgetsAgain, boolean keepsEarlier, boolean adds) {
    this.first = first;
    this.forgetsAgain = forgetsAgain;
    this.keepsEarlier = keepsEarlier;
    this.adds = adds;
  }

  /** Whether it starts from the first model, not from the one in use. */
  boolean first() {
    return first;
  }

  /** Whether rows of earlier requests are forgotten in every run. */
  boolean forgetsAgain() {
    return forgetsAgain;
  }

  /** Whether rows that earlier requests brought to be kept are kept in every run. */
  boolean keepsEarlier() {
    return keepsEarlier;
  }

  /** Whether what a run learned is added to what earlier runs learned. */
  boolean adds() {
    return adds;
  }

  /** Its name in files. */
  public String spelling() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The strategy of that name. */
  static Optional<Strategy> of(String spelling) {
    return Arrays.stream(values()).filter(s -> s.spelling().equals(spelling)).findFirst();
  }

  /** All names, in order. */
  static List<String> names() {
    return Arrays.stream(values()).map(Strategy::spelling).toList();
  }
}
