package org.unlearn4j.attack;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;
import org.unlearn4j.eval.Bootstrap;

/**
 * What a model gives away after its weights were pushed, to the question as it was taught.
 *
 * @param model its name
 * @param push what was done
 * @param points by amount, ascending
 */
public record Pushed(String model, String push, List<Point> points) {
  public Pushed {
    points = List.copyOf(points);
  }

  /**
   * One amount.
   *
   * @param leakage mean over the probes
   * @param probability the same
   * @param retainOnly leakage of the retain-only model, pushed as hard; NaN without one
   * @param excess over that, probe by probe
   */
  public record Point(
      double amount,
      double leakage,
      double probability,
      double retainOnly,
      Optional<Bootstrap.Interval> excess) {

    /**
     * Puts probes together.
     *
     * @param own judgements, {@code [probe]}
     * @param retainOnly of the retain-only model under the same push
     * @param groups of each probe
     */
    public static Point of(
        double amount,
        List<Judgement> own,
        Optional<List<Judgement>> retainOnly,
        List<String> groups) {
      return new Point(
          amount,
          Judgement.leakage(own),
          Judgement.probability(own),
          Judgement.leakage(retainOnly.orElse(List.of())),
          retainOnly.map(other -> Judgement.excess(own, other, groups)));
    }
  }

  void put(ObjectNode node) {
    node.put("model", model).put("push", push);
    ArrayNode list = node.putArray("points");
    for (Point p : points) {
      ObjectNode point = list.addObject();
      point.put("amount", p.amount).put("leakage", p.leakage).put("probability", p.probability);
      p.excess.ifPresent(
          e ->
              point
                  .put("retain_only", p.retainOnly)
                  .put("excess", e.mean())
                  .put("excess_low", e.low())
                  .put("excess_high", e.high()));
    }
  }
}
