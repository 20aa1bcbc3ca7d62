package org.unlearn4j.init;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Every setting of a first pipeline, with its reason. */
final class Choices {
  /** Forget rows of a step. */
  private static final int BATCH = 8;

  /** The embedded benchmark's rank-16 adapters needed so much more: docs/results/adapters.md. */
  private static final double ADAPTER_RATE = 2.5;

  private final FirstPipeline.Given given;
  private final ModelFacts model;
  private final DataFacts data;
  private final Room room;
  private final Method method;

  Choices(FirstPipeline.Given given, ModelFacts model, DataFacts data, Room room) {
    this.given = given;
    this.model = model;
    this.data = data;
    this.room = room;
    this.method = Method.of(data, given.reference().isPresent());
  }

  Method method() {
    return method;
  }

  Path out() {
    return given.out();
  }

  /** What a way takes, beside what is free. */
  String taken(Room.Fit fit) {
    return String.format(
        Locale.ROOT,
        "the plan takes %s, and %s are free%s",
        Room.gib(fit.bytes()),
        Room.gib(room.bytes()),
        room.gpu() ? " on the GPU" : "");
  }

  /**
   * The file.
   *
   * @param fit how memory is saved; empty: not known yet, as if there were plenty
   */
  String text(Lengths lengths, Optional<Room.Fit> fit) {
    Way way = fit.map(Room.Fit::way).orElse(new Way(0, false, false, batch(), 1));
    String memory = fit.map(this::taken).orElse("");
    List<Setting> all = new ArrayList<>();
    model(way, memory, all);
    data(lengths, all);
    unlearn(way, memory, all);
    all.add(
        new Setting(
            "export.variants",
            "[fp32, int4]",
            "fp32 is held against the trained model value by value; int4 is the smallest file, and"
                + " the verdict says whether it still forgets"));
    int answer = answer(lengths);
    all.add(
        new Setting(
            "evaluate.max_new_tokens",
            String.valueOf(answer),
            "the longest answer that is asked for has "
                + longestAnswer(lengths)
                + " tokens; more than 128 are not compared"));
    return Draft.of(head(), all);
  }

  private List<String> head() {
    String file = given.out().toString();
    return List.of(
        "Written by unlearn4j init; each comment says why the value below it was chosen.",
        "Look at the rows:  unlearn4j pipeline --pipeline " + file + " --rows 3",
        "Run it:            unlearn4j run --pipeline " + file);
  }

  private void model(Way way, String memory, List<Setting> all) {
    String name = String.valueOf(given.out().getFileName()).replaceFirst("[.]ya?ml$", "");
    String letters = name.replaceAll("[^A-Za-z0-9._-]", "_").replaceFirst("^[.-]+", "");
    String own = letters.isEmpty() ? "mine" : letters;
    all.add(new Setting("name", Draft.quoted(own), "the run folder is runs/" + own));
    all.add(
        new Setting(
            "model.path",
            Draft.quoted(given.model()),
            model.words()
                + (given.reference().isPresent()
                    ? ""
                    : "; no retain-only model was given (--reference), so forget quality is not"
                        + " measured")));
    given
        .reference()
        .ifPresent(
            r ->
                all.add(
                    new Setting(
                        "model.reference", Draft.quoted(r), "the yardstick of forget quality")));
    given
        .device()
        .ifPresent(d -> all.add(new Setting("model.device", Draft.quoted(d), "asked for")));
    all.add(
        new Setting(
            "model.precision",
            way.brain() ? "bf16" : "fp32",
            way.brain()
                ? "float32 does not fit; " + memory
                : "float32 fits, so nothing is rounded while training; " + memory));
  }

  private void data(Lengths lengths, List<Setting> all) {
    Side forget = data.forget();
    Side retain = data.retain();
    all.add(new Setting("data.benchmark", "jsonl", "rows of one's own, in any form that is read"));
    all.add(new Setting("data.path", Draft.quoted(data.files().folder()), others()));
    all.add(
        new Setting(
            "data.forget",
            Draft.quoted(data.files().forget()),
            forget.kinds() + " of " + forget.lengths()));
    all.add(
        new Setting(
            "data.retain",
            Draft.quoted(data.files().retain()),
            retain.kinds()
                + " of "
                + retain.lengths()
                + (retain.count() < forget.count()
                    ? "; fewer than are forgotten: several times as many keep more"
                    : "")));
    boolean pairs = data.all().stream().anyMatch(s -> s.pairs() > 0);
    if (pairs) {
      String absent =
          data.noChat()
              .map(w -> "the chat template does not render: " + w)
              .orElse("the tokenizer has no chat template, so questions are asked in words");
      all.add(
          new Setting(
              "data.template",
              data.chat() ? "chat" : "default",
              data.chat()
                  ? "the tokenizer brings a chat template, so questions are turns"
                  : absent));
    }
    all.add(new Setting("data.max_length", String.valueOf(lengths.row()), lengths.why(model)));
    if (lengths.window() > 0 && lengths.window() < lengths.row()) {
      all.add(
          new Setting(
              "data.window",
              String.valueOf(lengths.window()),
              "passages are cut into windows; memory grows with their length"));
    }
    if (lengths.overlap() > 0) {
      all.add(
          new Setting(
              "data.overlap",
              String.valueOf(lengths.overlap()),
              "an eighth of a window is shown again, so that its first tokens have a context"));
    }
  }

  /** What lies beside the two splits. */
  private String others() {
    List<String> there = new ArrayList<>();
    data.others().values().forEach(s -> there.add(s.split() + " has " + s.kinds()));
    if (!data.others().containsKey(DataFacts.HOLDOUT)) {
      there.add(
          "there is no holdout file (rows like those to forget that no model was taught), so"
              + " privleak is not measured");
    }
    return String.join("; ", there);
  }

  private int batch() {
    return Math.min(BATCH, data.forget().count());
  }

  private void unlearn(Way way, String memory, List<Setting> all) {
    all.add(new Setting("unlearn.objective.name", method.name(), method.why()));
    all.addAll(method.settings());
    boolean texts = data.forget().passages() > 0;
    int epochs = (texts ? 5 : 10) * (way.adapter() ? 2 : 1);
    all.add(
        new Setting(
            "unlearn.epochs",
            String.valueOf(epochs),
            "passes over "
                + data.forget().kinds()
                + (way.adapter() ? "; adapters need about twice as many" : "")));
    all.add(
        new Setting(
            "unlearn.batch_size",
            String.valueOf(way.rows()),
            way.rows() < batch()
                ? "more forget rows at a time do not fit; " + memory
                : "forget rows at a time, and as many to keep"));
    if (way.accumulate() > 1) {
      all.add(
          new Setting(
              "unlearn.accumulate",
              String.valueOf(way.accumulate()),
              "so that a step still sees " + way.accumulate() * way.rows() + " forget rows"));
    }
    all.add(new Setting("unlearn.learning_rate", rate(way), rateWhy(way)));
    if (way.recompute()) {
      all.add(
          new Setting(
              "unlearn.recompute",
              "true",
              "activations of all blocks do not fit; computing them again costs a quarter more"
                  + " time"));
    }
    if (way.adapter()) {
      all.add(
          new Setting(
              "unlearn.adapter.rank",
              String.valueOf(way.rank()),
              "training of all weights does not fit, so low-rank adapters learn; " + memory));
    }
  }

  private double wholeRate() {
    long parameters = model.parameters();
    return parameters < 20_000_000 ? 2e-4 : parameters < 500_000_000 ? 5e-5 : 2e-5;
  }

  private String rate(Way way) {
    double rate = wholeRate() * (way.adapter() ? ADAPTER_RATE : 1);
    return String.format(Locale.ROOT, "%.1e", rate).replaceFirst("e-0?", "e-");
  }

  private String rateWhy(Way way) {
    return String.format(
        Locale.ROOT,
        "large models need less, and this one has %,d parameters%s; raise it if forget_prob hardly"
            + " falls",
        model.parameters(),
        way.adapter() ? ", of which only adapters learn, which need more" : "");
  }

  private int longestAnswer(Lengths lengths) {
    int longest = lengths.window() / 2;
    for (Side side : List.of(data.forget(), data.retain())) {
      if (side.pairs() + side.conversations() > 0) {
        longest = Math.max(longest, Math.min(Side.most(side.labelled()), lengths.row()));
      }
    }
    return longest;
  }

  private int answer(Lengths lengths) {
    return Math.max(1, Math.min(128, longestAnswer(lengths)));
  }
}
