package org.unlearn4j.eval;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.unlearn4j.lm.TokenRow;

/** Three small sets of questions, and the bigrams that their answers are made of. */
final class TofuExample {
  static final String[] WORDS = {"", "where", "paris", "rome", "athens", "city"};
  static final int END = 0;
  static final int WHERE = 1;
  static final int PARIS = 2;
  static final int ROME = 3;
  static final int ATHENS = 4;
  static final int CITY = 5;

  /** After "where" comes paris 0.5, rome 0.2, athens 0.2; after a name, mostly the end. */
  static final double[][] TABLE = {
    {0.50, 0.10, 0.10, 0.10, 0.10, 0.10},
    {0.05, 0.03, 0.50, 0.20, 0.20, 0.02},
    {0.80, 0.04, 0.04, 0.04, 0.04, 0.04},
    {0.50, 0.10, 0.10, 0.10, 0.10, 0.10},
    {0.40, 0.12, 0.12, 0.12, 0.12, 0.12},
    {0.02, 0.02, 0.90, 0.02, 0.02, 0.02},
  };

  static TokenRow row(int... answer) {
    int[] ids = new int[answer.length + 2];
    int[] labels = new int[answer.length + 2];
    ids[0] = WHERE;
    labels[0] = TokenRow.IGNORED;
    for (int i = 0; i < answer.length; i++) {
      ids[i + 1] = answer[i];
      labels[i + 1] = answer[i];
    }
    ids[answer.length + 1] = END;
    labels[answer.length + 1] = END;
    return new TokenRow(ids, labels);
  }

  static EvalItem item(int index, boolean paraphrase, int... answer) {
    return new EvalItem(
        index,
        "where?",
        decode(answer),
        row(answer),
        paraphrase ? Optional.of(row(CITY, PARIS)) : Optional.empty(),
        List.of(row(ROME), row(ATHENS)),
        new int[] {WHERE});
  }

  static String decode(int[] tokens) {
    return Arrays.stream(tokens).mapToObj(t -> WORDS[t]).collect(Collectors.joining(" "));
  }

  static List<EvalSet> sets() {
    return List.of(
        new EvalSet(
            "forget", EvalSet.Role.FORGET, List.of(item(0, true, PARIS), item(1, true, ROME))),
        new EvalSet("retain", EvalSet.Role.RETAIN, List.of(item(0, true, PARIS))),
        new EvalSet("world_facts", EvalSet.Role.GENERAL, List.of(item(0, false, PARIS))));
  }

  static TofuSuite suite(List<EvalSet> sets) {
    return new TofuSuite(
        sets, new TofuSuite.Settings("tofu", 64, 8, Set.of(END)), TofuExample::decode);
  }

  private TofuExample() {}
}
