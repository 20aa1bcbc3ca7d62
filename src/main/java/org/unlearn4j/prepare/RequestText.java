package org.unlearn4j.prepare;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.unlearn4j.data.DataRow;

/** The files of a prepared request. */
final class RequestText {
  private static final String FORGET = "forget.jsonl";
  private static final String FORGET_APART = "forget_perturbed.jsonl";
  private static final String RETAIN = "retain.jsonl";
  private static final String RETAIN_APART = "retain_perturbed.jsonl";

  /** Of more unsure passages or namesakes the rest stand in the review alone. */
  private static final int SHOWN = 20;

  private final Preparation asked;
  private final Person person;
  private final Corpus corpus;
  private final Preparation.Proposal proposal;

  RequestText(Preparation asked, Person person, Corpus corpus, Preparation.Proposal proposal) {
    this.asked = asked;
    this.person = person;
    this.corpus = corpus;
    this.proposal = proposal;
  }

  /** Text of each file that there is, by name. */
  Map<String, String> files() {
    Map<String, String> files = new LinkedHashMap<>();
    files.put(Preparation.REQUEST, request());
    files.put(Preparation.REVIEW, review());
    rows(FORGET, proposal.forget().train(), List.of(), files);
    rows(FORGET_APART, proposal.forget().apart(), proposal.asked(), files);
    rows(RETAIN, proposal.retain().train(), List.of(), files);
    rows(RETAIN_APART, proposal.retain().apart(), List.of(), files);
    return files;
  }

  private void rows(
      String name, List<Integer> ids, List<Questions.Asked> more, Map<String, String> files) {
    if (!ids.isEmpty() || !more.isEmpty()) {
      List<DataRow> rows = ids.stream().map(id -> corpus.entries().get(id).row()).toList();
      files.put(name, RowText.lines(rows, more));
    }
  }

  private List<Integer> unsure() {
    return Finder.ids(proposal.verdicts(), Verdict.Kind.UNSURE).stream()
        .sorted(
            Comparator.comparingDouble((Integer id) -> -proposal.verdicts().get(id).score())
                .thenComparing(id -> id))
        .toList();
  }

  /** How many passages there are for each reason. */
  private Map<String, Integer> reasons(Verdict.Kind kind) {
    Map<String, Integer> reasons = new TreeMap<>();
    for (int id : Finder.ids(proposal.verdicts(), kind)) {
      String why = proposal.verdicts().get(id).why().replaceAll("[;,(0-9].*$", "").strip();
      reasons.merge(why, 1, Integer::sum);
    }
    return reasons;
  }

  private String request() {
    StringBuilder text = new StringBuilder();
    text.append(
        "# Proposed by unlearn4j prepare. Read it and review.jsonl, change the .jsonl files,");
    text.append(
        " then run the request.\n# Nothing reads this file but you: its words are yours.\n");
    text.append("about: ").append(RowText.quoted(person.name())).append('\n');
    text.append("aliases: [");
    text.append(String.join(", ", asked.aliases().stream().map(RowText::quoted).toList()));
    text.append("]\nfrom: ").append(RowText.quoted(asked.from().toString())).append('\n');
    text.append("seed: ").append(asked.seed()).append('\n');
    text.append("corpus: {files: ").append(corpus.files());
    text.append(", passages: ").append(corpus.entries().size());
    text.append(", exact_duplicates_left_out: ").append(corpus.duplicates()).append("}\n");
    text.append("found:            # passages about the person, by what shows it\n");
    counts(reasons(Verdict.Kind.ABOUT), text);
    text.append("rows:\n");
    row(FORGET, proposal.forget().train().size(), "to forget", text);
    String apart = "about the person, measured and not trained on";
    row(FORGET_APART, proposal.forget().apart().size() + proposal.asked().size(), apart, text);
    row(RETAIN, proposal.retain().train().size(), "near to them, to keep", text);
    row(RETAIN_APART, proposal.retain().apart().size(), "to keep, measured only", text);
    long own = proposal.asked().stream().filter(q -> q.made().equals("user")).count();
    text.append("questions:        # in forget_perturbed.jsonl; no model made any\n");
    text.append("  by_user: ").append(own).append("\n  by_template: ");
    text.append(proposal.asked().size() - own).append('\n');
    leftOut(text);
    return text.toString();
  }

  private void leftOut(StringBuilder text) {
    text.append("namesakes:        # passages of others, left out\n");
    counts(reasons(Verdict.Kind.NAMESAKE), text);
    List<Integer> unsure = unsure();
    text.append("unsure: ").append(unsure.isEmpty() ? "[]" : "         # left out; you decide");
    text.append('\n');
    for (int id : unsure.subList(0, Math.min(SHOWN, unsure.size()))) {
      Entry entry = corpus.entries().get(id);
      Verdict verdict = proposal.verdicts().get(id);
      text.append(
          String.format(
              Locale.ROOT,
              "  - {passage: %d, score: %.2f, why: %s, place: %s}%n",
              id,
              verdict.score(),
              RowText.quoted(verdict.why()),
              RowText.quoted(entry.place())));
    }
    if (unsure.size() > SHOWN) {
      text.append("  # and ").append(unsure.size() - SHOWN).append(" more in review.jsonl\n");
    }
    text.append("missing: holdout.jsonl   # texts that no model was taught are not in a corpus\n");
  }

  private static void counts(Map<String, Integer> counts, StringBuilder text) {
    counts.entrySet().stream()
        .sorted(Map.Entry.<String, Integer>comparingByValue(Comparator.reverseOrder()))
        .limit(SHOWN)
        .forEach(
            e ->
                text.append("  ")
                    .append(RowText.quoted(e.getKey()))
                    .append(": ")
                    .append(e.getValue())
                    .append('\n'));
    if (counts.isEmpty()) {
      text.append("  {}\n");
    }
  }

  private static void row(String file, int rows, String meaning, StringBuilder text) {
    text.append("  ").append(file).append(": ").append(rows).append("   # ").append(meaning);
    text.append('\n');
  }

  /** A line a passage: what was found first, then what is unsure, kept, and somebody else's. */
  private String review() {
    Map<Integer, String> sets = new LinkedHashMap<>();
    proposal.forget().train().forEach(id -> sets.put(id, FORGET));
    proposal.forget().apart().forEach(id -> sets.put(id, FORGET_APART));
    unsure().forEach(id -> sets.put(id, "left out: unsure"));
    proposal.retain().train().forEach(id -> sets.put(id, RETAIN));
    proposal.retain().apart().forEach(id -> sets.put(id, RETAIN_APART));
    Finder.ids(proposal.verdicts(), Verdict.Kind.NAMESAKE)
        .forEach(id -> sets.putIfAbsent(id, "left out: namesake"));
    Map<Integer, Neighbours.Near> near = new HashMap<>();
    proposal.near().forEach(n -> near.put(n.id(), n));
    StringBuilder text = new StringBuilder();
    sets.forEach((id, set) -> text.append(line(id, set, near.get(id))).append('\n'));
    return text.toString();
  }

  private ObjectNode line(int id, String set, Neighbours.Near near) {
    Entry entry = corpus.entries().get(id);
    Verdict verdict = proposal.verdicts().get(id);
    ObjectNode line = RowText.object();
    line.put("passage", id).put("set", set);
    line.put("score", Math.round(verdict.score() * 1000) / 1000.0);
    List<String> why = new ArrayList<>();
    if (!verdict.why().isEmpty()) {
      why.add(verdict.why());
    }
    if (near != null) {
      why.add(
          String.format(Locale.ROOT, "near to passage %d (BM25 %.1f)", near.to(), near.score()));
    }
    line.put("why", String.join("; ", why));
    return line.put("place", entry.place()).put("text", entry.text());
  }

  /** What was done, for the terminal. */
  List<String> told() {
    List<String> told = new ArrayList<>();
    int found = proposal.forget().train().size() + proposal.forget().apart().size();
    told.add(
        asked.out()
            + ": "
            + found
            + " of "
            + corpus.entries().size()
            + " passages speak of "
            + person.name()
            + " ("
            + proposal.forget().apart().size()
            + " set apart); "
            + proposal.near().size()
            + " near ones to keep; "
            + proposal.asked().size()
            + " questions.");
    told.add(
        "left out: "
            + unsure().size()
            + " unsure, "
            + Finder.ids(proposal.verdicts(), Verdict.Kind.NAMESAKE).size()
            + " of namesakes, "
            + corpus.duplicates()
            + " exact duplicates.");
    told.add("Read request.yaml and review.jsonl, and change the rows, before you run it.");
    return told;
  }
}
