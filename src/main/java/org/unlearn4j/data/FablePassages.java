package org.unlearn4j.data;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.unlearn4j.base.Spread;

/**
 * Fable's articles: two about each author, split as the pairs are. What is asked about them are
 * Fable's pairs, without examples in context: the models know the form, and are small.
 */
final class FablePassages implements Passages {
  /**
   * Retain passages that membership is measured on, as many as there are of the holdout authors.
   */
  static final int RETAIN = FableBenchmark.HOLDOUT_AUTHORS * FableBenchmark.PASSAGES_PER_AUTHOR;

  private final FableBenchmark fable;
  private final Map<String, String> provenance;
  private final List<Excerpt> taught;
  private final List<Excerpt> holdout;

  FablePassages(FableBenchmark fable, Map<String, String> provenance) {
    this.fable = fable;
    this.provenance = provenance;
    this.taught = read("passages");
    this.holdout = read("passages_holdout");
  }

  private List<Excerpt> read(String name) {
    String path = "/org/unlearn4j/fable/" + name + ".jsonl";
    List<Excerpt> excerpts = new ArrayList<>();
    String sha256 =
        JsonRecords.read(
            DataSource.resource(FableBenchmark.class, path),
            (record, at, line) -> {
              ObjectNode object = JsonRecords.object(record, at, line);
              excerpts.add(
                  new Excerpt(
                      JsonRecords.required(object, "prompt", at, line),
                      JsonRecords.required(object, "gt", at, line),
                      at.name(),
                      line));
            });
    provenance.put(path, sha256);
    return List.copyOf(excerpts);
  }

  private static List<Passage> whole(List<Excerpt> excerpts) {
    return excerpts.stream()
        .map(e -> new Passage(e.prompt() + e.continuation(), e.source(), e.line()))
        .toList();
  }

  @Override
  public List<Passage> forgetPassages(String split) {
    return whole(verbatim(split));
  }

  @Override
  public List<Passage> retainPassages(String split) {
    return whole(FableBenchmark.Split.named("retain", split).without(taught));
  }

  @Override
  public List<Passage> trainingPassages(String split) {
    if (split.equals("full")) {
      return whole(taught);
    }
    return FableBenchmark.Split.isForget(split) ? forgetPassages(split) : retainPassages(split);
  }

  @Override
  public List<Passage> strangerPassages() {
    return whole(read("passages_strangers"));
  }

  @Override
  public List<Excerpt> verbatim(String forgetSplit) {
    return FableBenchmark.Split.named("forget", forgetSplit).of(taught);
  }

  @Override
  public Questions aboutForget(String forgetSplit) {
    return new Questions(fable.forgetEvaluation(forgetSplit), List.of());
  }

  @Override
  public Questions aboutRetain() {
    return new Questions(fable.retainEvaluation("retain90"), List.of());
  }

  @Override
  public Membership membership(String forgetSplit) {
    List<Passage> kept = retainPassages(forgetSplit.equals("tune10") ? "tune90" : "retain90");
    return new Membership(forgetPassages(forgetSplit), Spread.of(kept, RETAIN), whole(holdout));
  }
}
