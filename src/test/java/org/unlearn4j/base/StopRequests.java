package org.unlearn4j.base;

/** Tests share a process, and what it was asked must not outlast one of them. */
public final class StopRequests {
  private StopRequests() {}

  public static void withdraw() {
    StopRequest.withdraw();
  }
}
