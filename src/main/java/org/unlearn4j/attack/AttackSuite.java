package org.unlearn4j.attack;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.unlearn4j.eval.Scorer;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;

/**
 * Asks a model all probes in one pass.
 *
 * @param maxNewTokens longest answer
 * @param stop tokens that end one
 * @param decoder text of generated tokens
 */
public record AttackSuite(
    List<Encoded> probes, int maxNewTokens, Set<Integer> stop, Function<int[], String> decoder) {
  public AttackSuite {
    probes = List.copyOf(probes);
    stop = Set.copyOf(stop);
  }

  /** What came out, probe by probe. */
  public List<Judgement> run(Scorer scorer) {
    Map<TokenRow, TokenScores> scores =
        scorer.score(probes.stream().flatMap(p -> p.rows().stream()).toList());
    List<int[]> prompts =
        probes.stream()
            .filter(p -> p.probe().goal() instanceof Goal.Say)
            .map(Encoded::prompt)
            .toList();
    List<int[]> answers = scorer.generate(prompts, maxNewTokens, stop);
    List<Judgement> judgements = new ArrayList<>();
    int next = 0;
    for (Encoded encoded : probes) {
      Goal goal = encoded.probe().goal();
      if (goal instanceof Goal.Say say) {
        String said = decoder.apply(answers.get(next++)).strip();
        double nll = scores.get(encoded.rows().get(0)).avgNll();
        judgements.add(Judgement.ofWords(say, said, nll));
      } else if (goal instanceof Goal.Choose choose) {
        List<TokenScores> options = encoded.rows().stream().map(scores::get).toList();
        judgements.add(Judgement.ofOptions(choose, options));
      }
    }
    return List.copyOf(judgements);
  }
}
