package org.unlearn4j.run;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import java.util.function.IntConsumer;
import org.unlearn4j.attack.Keywords;
import org.unlearn4j.base.UserException;
import org.unlearn4j.data.QaExample;
import org.unlearn4j.eval.Rouge;
import org.unlearn4j.lm.Forbidden;
import org.unlearn4j.lm.Generation;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.Sampling;

/**
 * Draws other answers to questions from a model that knows the right ones. It would repeat those,
 * so the tokens with which their keywords begin are never drawn, unless a word of the question or
 * another one of the answer begins so too. Keywords are words that neither the question nor grammar
 * gives. What is drawn says the answer nevertheless where its words are the answer's, or all
 * keywords are in it: then it is drawn again, up to {@link #AGAIN} times.
 *
 * @param samples answers to each question
 * @param maxNewTokens longest answer
 * @param stop tokens that end one; no answer is empty
 * @param encoder tokens of a text, without any that a tokenizer puts around it
 * @param decoder text of tokens
 */
record AlternateDraws(
    int samples,
    double temperature,
    long seed,
    int maxNewTokens,
    Set<Integer> stop,
    Function<String, int[]> encoder,
    Function<int[], String> decoder) {
  static final int AGAIN = 16;

  /** Questions that are asked together. */
  private static final int TOGETHER = 32;

  /**
   * What was drawn.
   *
   * @param answers {@code [question][sample]}
   * @param again draws besides the first ones
   * @param same answers that still say what is to be forgotten
   */
  record Drawn(List<List<String>> answers, int again, int same) {}

  /**
   * Asks a model. What it says to a question depends on seed, question and sample, and on no other
   * question.
   *
   * @param prompts what asks each question, token ids
   * @param done told how many questions have been asked
   * @throws UserException if the model has nothing to say to a question
   */
  Drawn of(LanguageModel model, List<QaExample> pairs, List<int[]> prompts, IntConsumer done) {
    List<Set<Integer>> later = pairs.stream().map(this::forbidden).toList();
    List<Set<Integer>> first = later.stream().map(f -> union(f, stop)).toList();
    Forbidden forbidden = (draw, place) -> (place == 0 ? first : later).get(draw / samples);
    List<String> said = new ArrayList<>();
    for (int from = 0; from < pairs.size(); from += TOGETHER) {
      int to = Math.min(pairs.size(), from + TOGETHER);
      List<int[]> batch = new ArrayList<>();
      for (int i = from * samples; i < to * samples; i++) {
        batch.add(prompts.get(i / samples));
      }
      said.addAll(said(model, batch, how(0, forbidden).from(from * samples)));
      done.accept(to);
    }
    int again = 0;
    int same = 0;
    for (int draw = 0; draw < said.size(); draw++) {
      QaExample pair = pairs.get(draw / samples);
      List<int[]> prompt = List.of(prompts.get(draw / samples));
      for (int time = 1; time <= AGAIN && !other(said.get(draw), pair); time++) {
        String next = said(model, prompt, how(time, forbidden).from(draw)).get(0);
        said.set(draw, next.isBlank() ? said.get(draw) : next);
        again++;
      }
      if (said.get(draw).isBlank()) {
        throw new UserException(
            pair.place()
                + ": found nothing that the model says to the question in "
                + (AGAIN + 1)
                + " draws, expected an answer (try a higher --temperature).");
      }
      same += other(said.get(draw), pair) ? 0 : 1;
    }
    List<List<String>> answers = new ArrayList<>();
    for (int i = 0; i < said.size(); i += samples) {
      answers.add(List.copyOf(said.subList(i, i + samples)));
    }
    return new Drawn(answers, again, same);
  }

  /** Each time has dice of its own, which no other seed of 32 bits has. */
  private Generation how(int time, Forbidden forbidden) {
    Sampling dice = new Sampling(temperature, 1, seed + ((long) time << 32));
    return new Generation(maxNewTokens, stop, dice, 0, forbidden);
  }

  private List<String> said(LanguageModel model, List<int[]> prompts, Generation how) {
    return model.generate(prompts, how, (row, token) -> {}).stream()
        .map(ids -> decoder.apply(ids).strip())
        .toList();
  }

  /** Whether a text is another answer. */
  static boolean other(String text, QaExample pair) {
    Set<String> words = new HashSet<>(Rouge.words(text));
    List<String> keywords = Keywords.of(pair.answer(), pair.question());
    boolean told =
        !keywords.isEmpty() && keywords.stream().allMatch(k -> words.containsAll(Rouge.words(k)));
    boolean repeated =
        words.isEmpty()
            ? plain(text).equals(plain(pair.answer()))
            : Rouge.words(text).equals(Rouge.words(pair.answer()));
    return !text.isBlank() && !told && !repeated;
  }

  private static String plain(String text) {
    return text.strip().toLowerCase(Locale.ROOT);
  }

  /** Tokens with which keywords of the answer begin, and no other word. */
  Set<Integer> forbidden(QaExample pair) {
    List<String> keywords = Keywords.of(pair.answer(), pair.question());
    List<String> others = new ArrayList<>(Keywords.words(pair.question()));
    others.addAll(Keywords.words(pair.answer()));
    others.removeAll(keywords);
    Set<Integer> tokens = begins(keywords);
    tokens.removeAll(begins(others));
    return Set.copyOf(tokens);
  }

  /** The first token of each word that is no blank, at the beginning of a text and within one. */
  private Set<Integer> begins(List<String> words) {
    Set<Integer> tokens = new HashSet<>();
    for (String word : words) {
      for (String text : List.of(word, " " + word)) {
        Arrays.stream(encoder.apply(text))
            .filter(id -> !decoder.apply(new int[] {id}).isBlank())
            .findFirst()
            .ifPresent(tokens::add);
      }
    }
    return tokens;
  }

  private static Set<Integer> union(Set<Integer> a, Set<Integer> b) {
    Set<Integer> both = new HashSet<>(a);
    both.addAll(b);
    return both;
  }
}
