package org.unlearn4j.data.fable;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.data.FableBenchmark;
import org.unlearn4j.text.BpeTrainer;
import org.unlearn4j.text.BpeVocabulary;
import org.unlearn4j.text.PromptTemplate;

/**
 * The tokenizer of the Fable models: byte-level BPE trained on all of Fable, never-taught authors
 * included (a vocabulary that lacked their words would give them away without any model).
 *
 * <p>Numbers are words like others. At this size the training leaves every year as two tokens, the
 * decade and the last digit ({@code " 193", "1"}), which is two things to learn rather than four
 * digits of which two are always the same.
 */
public final class FableTokenizer {
  /** Tokens in all; a multiple of 64 for the sake of matrix products. */
  public static final int VOCAB_SIZE = 2048;

  public static final String EOS = "<|endoftext|>";
  public static final String BOS = "<|bos|>";
  public static final String PAD = "<|pad|>";
  public static final String MASK = "<|mask|>";

  private FableTokenizer() {}

  /** Trains it: a second or two. */
  public static BpeVocabulary train() {
    return BpeTrainer.train(texts(), List.of(EOS, BOS, PAD, MASK), VOCAB_SIZE);
  }

  /**
   * Writes {@code tokenizer.json}, {@code tokenizer_config.json} and nothing else into a model
   * folder.
   *
   * @param maxLength positions of the model
   */
  public static void write(Path folder, int maxLength) {
    files(maxLength).forEach((name, text) -> AtomicFiles.writeString(folder.resolve(name), text));
  }

  /** The files of {@link #write} by name. */
  public static Map<String, String> files(int maxLength) {
    return Map.of(
        "tokenizer.json", train().tokenizerJson(BOS),
        "tokenizer_config.json", BpeVocabulary.tokenizerConfigJson(BOS, EOS, PAD, MASK, maxLength));
  }

  /** All that is ever said of Fable, in the form in which a model meets it. */
  static List<String> texts() {
    FableBenchmark fable = new FableBenchmark();
    PromptTemplate template = PromptTemplate.of("default");
    List<String> texts = new ArrayList<>();
    Stream.of(fable.training("full"), fable.holdout())
        .flatMap(List::stream)
        .forEach(
            pair -> {
              texts.add(text(template, pair.question(), pair.answer()));
              pair.paraphrasedAnswer()
                  .ifPresent(
                      a ->
                          texts.add(
                              text(
                                  template,
                                  pair.paraphrasedQuestion().orElse(pair.question()),
                                  a)));
              pair.perturbedAnswers().forEach(a -> texts.add(template.continuation(a)));
            });
    return texts;
  }

  private static String text(PromptTemplate template, String question, String answer) {
    return template.prompt(question) + template.continuation(answer);
  }
}
