package org.unlearn4j.unlearn;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.unlearn4j.lm.TokenRow;

/**
 * A micro-batch's rows divided among devices, neighbours together. Where they do not divide evenly,
 * the first devices get one more row of those that are forgotten, with what belongs to it, and the
 * last ones one more of those that are kept.
 */
final class Shares {
  private Shares() {}

  /** One batch a device; means still run over the whole step. */
  static List<StepBatch> of(StepBatch batch, int devices) {
    if (devices == 1) {
      return List.of(batch);
    }
    List<StepBatch> shares = new ArrayList<>();
    for (int i = 0; i < devices; i++) {
      int d = i;
      Map<Segment, List<TokenRow>> rows = new EnumMap<>(Segment.class);
      Map<Segment, double[]> reference = new EnumMap<>(Segment.class);
      for (Map.Entry<Segment, List<TokenRow>> e : batch.rows().entrySet()) {
        int n = e.getValue().size();
        rows.put(
            e.getKey(),
            e.getValue()
                .subList(from(e.getKey(), n, d, devices), from(e.getKey(), n, d + 1, devices)));
      }
      batch
          .referenceNll()
          .forEach((s, all) -> reference.put(s, part(s, all, batch.of(s).size(), d, devices)));
      int forget = batch.floors().size();
      List<double[]> floors =
          batch
              .floors()
              .subList(
                  from(Segment.FORGET, forget, d, devices),
                  from(Segment.FORGET, forget, d + 1, devices));
      shares.add(new StepBatch(rows, reference, floors, batch.queue(), batch.totals()));
    }
    return shares;
  }

  private static double[] part(Segment s, double[] all, int rows, int d, int devices) {
    // A step without rows of a segment may still name the reference numbers of the whole.
    return rows == 0
        ? new double[0]
        : Arrays.copyOfRange(all, from(s, rows, d, devices), from(s, rows, d + 1, devices));
  }

  /** First of a device's rows of a segment; that of the device after the last is {@code rows}. */
  static int from(Segment s, int rows, int device, int devices) {
    int more = rows % devices;
    int before =
        s == Segment.RETAIN ? Math.max(0, device - (devices - more)) : Math.min(device, more);
    return device * (rows / devices) + before;
  }
}
