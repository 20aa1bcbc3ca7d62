package org.unlearn4j.init;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.base.UserException;
import org.unlearn4j.data.Benchmark;
import org.unlearn4j.data.Conversation;
import org.unlearn4j.data.DataRow;
import org.unlearn4j.data.Passage;
import org.unlearn4j.data.QaEncoder;
import org.unlearn4j.data.QaExample;
import org.unlearn4j.data.RowEncoder;
import org.unlearn4j.data.RowFiles;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.text.ChatPrompt;
import org.unlearn4j.text.Prompting;
import org.unlearn4j.text.Tokenizer;

/**
 * What there is to know of rows of one's own and of the tokenizer that reads them.
 *
 * @param files what is forgotten and kept
 * @param forget what is forgotten
 * @param retain what is kept
 * @param others splits beside them that a run reads, by their names
 * @param chat whether the tokenizer brings a chat template that renders
 * @param noChat why it does not, where it brings one
 */
record DataFacts(
    DataFiles files,
    Side forget,
    Side retain,
    Map<String, Side> others,
    boolean chat,
    Optional<String> noChat) {
  static final String HOLDOUT = "holdout";
  static final String STRANGERS = "strangers";

  /** Whose turns are forgotten where nothing else is said. */
  private static final Set<String> ROLES = Set.of("assistant");

  /** All splits that a run reads. */
  List<Side> all() {
    List<Side> all = new ArrayList<>(List.of(forget, retain));
    all.addAll(others.values());
    return all;
  }

  /**
   * Reads all rows; what is wrong with rows and tokenizer goes to {@code problems}.
   *
   * @param folder of the tokenizer
   * @param model that reads the tokens; empty where it is not known
   */
  static Optional<DataFacts> read(
      DataFiles files, Path folder, Optional<ModelFacts> model, Problems problems) {
    Optional<Tokenizer> opened = problems.attempt(() -> Tokenizer.open(folder));
    Benchmark benchmark = Benchmark.open("jsonl", Optional.of(files.folder()));
    Map<String, List<DataRow>> rows = new LinkedHashMap<>();
    for (String split : splits(files)) {
      // Read without a tokenizer, too, so that all mistakes are told at once.
      problems
          .attempt(() -> benchmark.rows(split))
          .flatMap(r -> r)
          .ifPresent(r -> rows.put(split, r.all()));
    }
    if (opened.isEmpty()) {
      return Optional.empty();
    }
    try (Tokenizer tokenizer = opened.get()) {
      return measured(files, rows, new Reader(tokenizer, model, problems));
    }
  }

  private static List<String> splits(DataFiles files) {
    return List.of(
        files.forget(),
        files.retain(),
        HOLDOUT,
        STRANGERS,
        RowFiles.withoutEnding(files.forget()) + "_perturbed",
        "retain_perturbed",
        "real_authors_perturbed",
        "world_facts_perturbed");
  }

  private record Reader(Tokenizer tokenizer, Optional<ModelFacts> model, Problems problems) {
    int positions() {
      return model.map(ModelFacts::positions).orElse(Integer.MAX_VALUE / 2);
    }
  }

  private static Optional<DataFacts> measured(
      DataFiles files, Map<String, List<DataRow>> rows, Reader reader) {
    Optional<String> noChat = Optional.empty();
    Optional<ChatPrompt> chat = Optional.empty();
    try {
      chat = ChatPrompt.find(reader.tokenizer, ChatPrompt.Settings.NONE);
    } catch (UserException e) {
      noChat = Optional.of(e.getMessage());
    }
    Optional<ChatPrompt> template = chat;
    Map<String, Side> sides = new LinkedHashMap<>();
    rows.forEach(
        (split, all) -> {
          Optional<DataRow> conversation =
              all.stream().filter(Conversation.class::isInstance).findFirst();
          if (conversation.isPresent() && template.isEmpty()) {
            reader.problems.add(
                conversation.get().place()
                    + ": found a conversation, but no chat template that works beside"
                    + " tokenizer.json, expected chat_template.jinja there.");
          } else {
            reader
                .problems
                .attempt(() -> measure(split, all, template, reader))
                .ifPresent(side -> sides.put(split, side));
          }
        });
    Side forget = sides.remove(files.forget());
    Side retain = sides.remove(files.retain());
    return forget == null || retain == null
        ? Optional.empty()
        : Optional.of(new DataFacts(files, forget, retain, sides, template.isPresent(), noChat));
  }

  private static Side measure(
      String split, List<DataRow> all, Optional<ChatPrompt> chat, Reader reader) {
    int most = reader.positions();
    Prompting prompting = Method.template(chat);
    QaEncoder pairs = new QaEncoder(reader.tokenizer, prompting, most);
    RowEncoder encoder =
        new RowEncoder(
            reader.tokenizer,
            pairs,
            new RowEncoder.Shape(most, most, 0, ROLES),
            () -> chat.orElseThrow());
    List<Integer> rows = new ArrayList<>();
    List<Integer> texts = new ArrayList<>();
    List<Integer> labelled = new ArrayList<>();
    int[] kinds = new int[3];
    int cut = 0;
    for (DataRow row : all) {
      List<TokenRow> own = new ArrayList<>(encoder.rows(row));
      int tokens = own.stream().mapToInt(TokenRow::length).sum();
      labelled.add(own.stream().mapToInt(TokenRow::labelled).sum());
      if (row instanceof Passage) {
        kinds[1]++;
        texts.add(tokens);
      } else if (row instanceof QaExample pair) {
        kinds[0]++;
        cut += pairs.truncated(own.get(0)) ? 1 : 0;
        pair.paraphrasedAnswer().ifPresent(a -> own.add(pairs.encode(pair, a)));
        pair.perturbedAnswers().forEach(a -> own.add(pairs.encode(pair, a)));
        rows.add(own.stream().mapToInt(TokenRow::length).max().orElseThrow());
      } else {
        kinds[2]++;
        cut += own.size() > 1 ? 1 : 0;
        rows.add(Math.min(tokens, most));
      }
      requireKnown(row, own, reader);
    }
    return new Side(
        split,
        kinds[0],
        kinds[1],
        kinds[2],
        ascending(rows),
        ascending(texts),
        ascending(labelled),
        cut);
  }

  /** A model's table may be shorter than the vocabulary of a tokenizer that was put beside it. */
  private static void requireKnown(DataRow row, List<TokenRow> tokens, Reader reader) {
    int known = reader.model.map(m -> m.decoder().config().vocabSize()).orElse(Integer.MAX_VALUE);
    int highest = tokens.stream().flatMapToInt(r -> Arrays.stream(r.ids())).max().orElse(0);
    if (highest >= known) {
      throw new UserException(
          row.place()
              + ": found token "
              + highest
              + " by "
              + reader.tokenizer.folder().resolve("tokenizer.json")
              + ", expected tokens below "
              + known
              + ", the model's vocabulary.");
    }
  }

  private static int[] ascending(List<Integer> values) {
    return values.stream().mapToInt(Integer::intValue).sorted().toArray();
  }
}
