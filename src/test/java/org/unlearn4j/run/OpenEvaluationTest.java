package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.unlearn4j.eval.EvalItem;
import org.unlearn4j.eval.EvalSet;
import org.unlearn4j.lm.TokenRow;

/** What a failure of a batch is told with. */
class OpenEvaluationTest {
  private static EvalItem item(int index, int token) {
    int[] prompt = {token, 1};
    return new EvalItem(
        index,
        "q",
        "a",
        TokenRow.answered(prompt, 2),
        Optional.of(TokenRow.answered(prompt, 3)),
        List.of(TokenRow.answered(prompt, 4)),
        prompt);
  }

  @Test
  void rowsAreNamedByTheirSetAndPlace() {
    List<EvalSet> sets =
        List.of(
            new EvalSet("forget", EvalSet.Role.FORGET, List.of(item(0, 10), item(1, 11))),
            new EvalSet("retain", EvalSet.Role.RETAIN, List.of(item(7, 20), item(8, 21))));
    List<TokenRow> batch =
        List.of(
            TokenRow.answered(new int[] {11, 1}, 2), // the answer of forget 1
            TokenRow.answered(new int[] {20, 1}, 4), // a wrong answer of retain 7
            TokenRow.answered(new int[] {21, 1}, 3)); // a paraphrase of retain 8
    assertEquals("forget rows 1; retain rows 7, 8", OpenEvaluation.names(sets, batch));
    TokenRow prompt = TokenRow.unlabelled(new int[] {10, 1});
    assertEquals("forget rows 0", OpenEvaluation.names(sets, List.of(prompt)));
    TokenRow other = TokenRow.unlabelled(new int[] {99});
    assertEquals("1 rows", OpenEvaluation.names(sets, List.of(other)));
  }
}
