package org.unlearn4j.check;

/** What a check comes to, over all of its parts. */
public enum CheckVerdict {
  /** Every part that was asked for was done, and none failed. */
  PASS("pass"),
  /** None failed, but one was left out, stopped or ended by the clock. */
  PARTIAL("partial"),
  /** A part failed, whatever became of the others. */
  FAIL("fail");

  private final String spelling;

  CheckVerdict(String spelling) {
    this.spelling = spelling;
  }

  /** As it stands in the JSON. */
  public String spelling() {
    return spelling;
  }
}
