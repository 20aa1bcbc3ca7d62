package org.unlearn4j.parity;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.unlearn4j.base.UserException;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.RowResult;

/**
 * Greedy generations on both sides.
 *
 * @param rows generations that were compared
 * @param different those that are not the same
 */
public record GenerationDifferences(int rows, List<Different> different) {

  /**
   * Two generations that part.
   *
   * @param set the evaluation set
   * @param index the row's place in the data file
   * @param position the first character that differs, from 0
   */
  public record Different(String set, int index, int position, String trained, String deployed) {}

  public GenerationDifferences {
    different = List.copyOf(different);
  }

  /** Share of identical generations; NaN where there are none, since that proves nothing. */
  public double identicalShare() {
    return rows == 0 ? Double.NaN : (double) (rows - different.size()) / rows;
  }

  /**
   * Compares row by row.
   *
   * @throws UserException if the two evaluations are not of the same rows
   */
  static GenerationDifferences between(EvaluationResult trained, EvaluationResult deployed) {
    int rows = 0;
    List<Different> different = new ArrayList<>();
    if (!trained.perRow().keySet().equals(deployed.perRow().keySet())) {
      throw mismatch(trained.perRow().keySet().toString(), deployed.perRow().keySet().toString());
    }
    for (Map.Entry<String, List<RowResult>> set : trained.perRow().entrySet()) {
      List<RowResult> a = set.getValue();
      List<RowResult> b = deployed.rows(set.getKey());
      if (!indices(a).equals(indices(b))) {
        throw mismatch(a.size() + " rows of " + set.getKey(), b.size() + " others");
      }
      for (int r = 0; r < a.size(); r++) {
        if (!a.get(r).generated() && !b.get(r).generated()) {
          continue; // two answers that were never made are no evidence
        }
        rows++;
        String x = a.get(r).generation();
        String y = b.get(r).generation();
        if (!x.equals(y)) {
          different.add(new Different(set.getKey(), a.get(r).index(), firstDifference(x, y), x, y));
        }
      }
    }
    return new GenerationDifferences(rows, different);
  }

  private static UserException mismatch(String trained, String deployed) {
    return new UserException(
        "the two evaluations: found " + trained + " and " + deployed + ", expected the same rows.");
  }

  private static List<Integer> indices(List<RowResult> rows) {
    return rows.stream().map(RowResult::index).toList();
  }

  private static int firstDifference(String a, String b) {
    int i = 0;
    while (i < Math.min(a.length(), b.length()) && a.charAt(i) == b.charAt(i)) {
      i++;
    }
    return i;
  }
}
