package org.unlearn4j.parity;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.unlearn4j.config.VerifyLimit;

/**
 * What a deployed file has for weights, read back and held against those that it should have.
 *
 * @param unread the model's parameters that the file has nowhere
 * @param codes values that the file has as codes
 * @param beyond of these, those that another code of the same scale would be nearer to
 * @param clipped of these, those more than half a step away because there is no code beyond
 * @param foreign large constants that are not bit for bit what this program writes; empty where
 *     another program wrote the file
 * @param changed values in float formats that are not the weight, rounded to that format
 * @param offending what the differences are in, the most first
 */
public record WeightEvidence(
    List<String> unread,
    long codes,
    long beyond,
    long clipped,
    OptionalLong foreign,
    long changed,
    List<String> offending) {
  public WeightEvidence {
    unread = List.copyOf(unread);
    offending = List.copyOf(offending);
  }

  /** The same with values of an adapter beside the weights that are not those that were learned. */
  public WeightEvidence withChanged(long more, List<String> in) {
    List<String> all = new ArrayList<>(in);
    all.addAll(offending);
    return new WeightEvidence(unread, codes, beyond, clipped, foreign, changed + more, all);
  }

  /** Share of codes that are not the nearest; 0 where there are no codes. */
  public double beyondShare() {
    return codes == 0 ? 0 : (double) beyond / codes;
  }

  /** Share of weights beyond the last code of their scale; 0 where there are no codes. */
  public double clippedShare() {
    return codes == 0 ? 0 : (double) clipped / codes;
  }

  /** The gates: nothing unread, every code the nearest, every other value the weight itself. */
  List<Gate> gates(ParityGates limits) {
    List<Gate> gates = new ArrayList<>();
    gates.add(Gate.atMost(GateSubject.Whole.UNREAD_WEIGHTS, unread.size(), 0));
    if (codes > 0) {
      gates.add(
          limits.gate(
              GateSubject.Whole.CODES_NOT_NEAREST, beyondShare(), VerifyLimit.NOT_NEAREST_MAX));
    }
    gates.add(Gate.atMost(GateSubject.Whole.CHANGED_WEIGHTS, (double) changed, 0));
    foreign.ifPresent(
        n -> gates.add(Gate.atMost(GateSubject.Whole.CHANGED_CONSTANTS, (double) n, 0)));
    return gates;
  }
}
