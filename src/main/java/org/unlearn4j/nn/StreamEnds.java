package org.unlearn4j.nn;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Which linear maps of a decoder read from its residual stream, and which write to it.
 *
 * @param readers in the order in which the decoder uses them, the head last
 * @param writers in that order, tables first
 */
public record StreamEnds(List<Reader> readers, List<Writer> writers) {
  public StreamEnds {
    readers = List.copyOf(readers);
    writers = List.copyOf(writers);
  }

  /**
   * A map whose input is the residual stream.
   *
   * @param block that it is in, counted from 0; the number of blocks for the head
   * @param norm what the stream passes before it; empty where it is read as it is
   * @param factor by which the norm's output is multiplied before it is read
   */
  public record Reader(int block, Linear linear, Optional<Norm> norm, double factor) {}

  /**
   * A map whose output is added to the residual stream.
   *
   * @param block that it is in; -1 for what the first block reads
   * @param linear a table {@code [size, hidden]} is one that stores {@code [in, out]}
   * @param throughNorm whether a norm stands between it and the stream, so that what it returns has
   *     another direction than what is added
   */
  public record Writer(int block, Linear linear, boolean throughNorm) {}

  /** Names of weights at both ends: a table that the head reads, too. */
  public Set<String> shared() {
    Set<String> shared = new HashSet<>();
    readers.forEach(r -> shared.add(r.linear().weight().name()));
    Set<String> written = new HashSet<>();
    writers.forEach(w -> written.add(w.linear().weight().name()));
    shared.retainAll(written);
    return shared;
  }
}
