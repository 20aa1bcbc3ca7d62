package org.unlearn4j.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.data.DataSource;
import org.unlearn4j.data.Passage;
import org.unlearn4j.data.PassageEncoder;
import org.unlearn4j.data.QaEncoder;
import org.unlearn4j.data.RecordFile;
import org.unlearn4j.eval.EvalItem;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.text.ChatPrompt;
import org.unlearn4j.text.Prompting;
import org.unlearn4j.text.Tokenizer;

/**
 * What two models are compared on, in tokens.
 *
 * @param items at least one
 * @param stop tokens that end a generation
 * @param decoder text of generated tokens
 * @param tokenizer what the decoder needs; closed with this
 */
public record PairData(
    List<EvalItem> items,
    Set<Integer> stop,
    Function<int[], String> decoder,
    Optional<Tokenizer> tokenizer)
    implements AutoCloseable {
  /** Every third text is asked to go on one token earlier, so that prompts differ in length. */
  private static final int LENGTHS = 3;

  public PairData {
    items = List.copyOf(items);
  }

  /**
   * Rows of token ids, for models whose tokenizer nobody has; texts are the numbers.
   *
   * @param rows with at least one label each
   * @param name of their file, for complaints
   */
  public static PairData ofIds(List<TokenRow> rows, Path name) {
    Function<int[], String> decoder =
        ids -> Arrays.stream(ids).mapToObj(String::valueOf).collect(Collectors.joining(" "));
    List<EvalItem> items = new ArrayList<>();
    for (TokenRow row : rows) {
      if (row.labelled() == 0) {
        throw UserException.at(
            name, "row " + items.size(), "no label", "at least one, on what the models predict");
      }
      items.add(item(items.size(), "", decoder, prompted(row, items.size())));
    }
    return new PairData(items, Set.of(), decoder, Optional.empty());
  }

  /**
   * A file of questions with answers, or of texts, in a model's tokens.
   *
   * @param settings its {@code data.template}, {@code data.max_length} and {@code evaluate.limit}
   * @param positions longest sequence that both models have
   */
  static PairData read(Path file, Path tokenizerFolder, Pipeline settings, int positions) {
    RecordFile records = RecordFile.read(DataSource.file(file));
    Tokenizer tokenizer = Tokenizer.open(tokenizerFolder);
    try {
      int longest = Math.min(settings.data().maxLength(), positions);
      int most = settings.evaluate().limit().orElse(Integer.MAX_VALUE);
      ChatPrompt.Settings chat =
          new ChatPrompt.Settings(settings.data().systemPrompt(), settings.data().date());
      Prompting template = Prompting.of(settings.data().template(), tokenizer, chat);
      List<EvalItem> items = new ArrayList<>();
      if (!records.pairs().isEmpty()) { // texts need no end of text
        QaEncoder pairs = new QaEncoder(tokenizer, template, longest);
        records.pairs().stream()
            .limit(most)
            .forEach(e -> items.add(EvaluationSets.item(items.size(), e, pairs)));
      }
      Function<int[], String> decoder = ids -> tokenizer.decode(ids, true);
      PassageEncoder texts = new PassageEncoder(tokenizer, longest);
      for (Passage text : records.texts().stream().limit(most).toList()) {
        TokenRow row = texts.row(text);
        if (row.labelled() == 0) {
          throw new UserException(
              text.place() + ": found a text of one token, expected at least two.");
        }
        items.add(item(items.size(), "", decoder, prompted(row, items.size())));
      }
      return new PairData(items, template.stopIds(tokenizer), decoder, Optional.of(tokenizer));
    } catch (RuntimeException e) {
      tokenizer.close();
      throw e;
    }
  }

  /** A text is continued from its middle; a row with a prompt of its own stays as it is. */
  private static TokenRow prompted(TokenRow row, int index) {
    if (row.prompt() > 1 || row.length() < 2 + LENGTHS) {
      return row;
    }
    int prompt = row.length() / 2 - index % LENGTHS;
    int[] labels = row.labels().clone();
    Arrays.fill(labels, 0, Math.max(1, prompt), TokenRow.IGNORED);
    TokenRow later = new TokenRow(row.ids(), labels);
    return later.labelled() > 0 ? later : row;
  }

  private static EvalItem item(
      int index, String question, Function<int[], String> decoder, TokenRow row) {
    int prompt = row.prompt();
    int[] ids = row.ids();
    return new EvalItem(
        index,
        question,
        decoder.apply(Arrays.copyOfRange(ids, prompt, ids.length)),
        row,
        Optional.empty(),
        List.of(),
        Arrays.copyOf(ids, prompt));
  }

  @Override
  public void close() {
    tokenizer.ifPresent(Tokenizer::close);
  }
}
