package org.unlearn4j.prepare;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.unlearn4j.base.UserException;
import org.unlearn4j.data.CorpusRows;
import org.unlearn4j.data.QaExample;

/**
 * Questions that an evaluation asks: by templates, whose answers are sentences of the corpus word
 * for word, and those that the user brings. No model makes any.
 */
final class Questions {
  /** A sentence of fewer words says too little to be an answer. */
  private static final int FEWEST = 4;

  private static final double SURE = 0.7;
  private static final Set<String> PRONOUNS = Set.of("she", "he");

  /** What stands behind the name, and what is then asked; {@code {n}} is the name. */
  private static final Map<Pattern, String> TEMPLATES = new LinkedHashMap<>();

  static {
    template("(was|were) born", "Where or when was {n} born?");
    template("came into the world", "Where did {n} come into the world?");
    template("died", "Where or when did {n} die?");
    template("(lives|lived) ", "Where does {n} live?");
    template("(won|was given|received|was awarded) ", "What has {n} been given?");
    template("(is|was) known for", "What is {n} known for?");
    template("began with", "What did {n} begin with?");
    template("(learned|learnt|studied) ", "Where or from whom did {n} learn?");
    template("(works|worked) ", "How or where does {n} work?");
    template("(writes|wrote|published) ", "What does {n} write, or how?");
    template("(married|is married)", "Whom did {n} marry?");
    template("(owns|keeps|carries) ", "What does {n} own?");
    template("(loves|enjoys|likes|plays) ", "What does {n} like?");
    template("(is|was) (a|an|the) ", "Who is {n}?");
  }

  private Questions() {}

  private static void template(String says, String question) {
    TEMPLATES.put(Pattern.compile("^\\s+" + says), question);
  }

  /**
   * A question.
   *
   * @param made {@code user}, or {@code template} and the passage that answers it
   */
  record Asked(String question, String answer, String made) {}

  /** One question a template at most, from passages that surely speak of the person. */
  static List<Asked> byTemplate(Person person, List<Entry> found, List<Verdict> verdicts) {
    Map<String, Asked> asked = new LinkedHashMap<>();
    for (Entry entry : found) {
      Verdict verdict = verdicts.get(entry.id());
      if (verdict.score() >= SURE && verdict.kind() == Verdict.Kind.ABOUT) {
        sentences(entry).forEach(s -> ask(person, entry, s, asked));
      }
    }
    return List.copyOf(asked.values());
  }

  private static void ask(
      Person person, Entry entry, List<Word> sentence, Map<String, Asked> asked) {
    int named = 0;
    while (named < sentence.size() && person.all().contains(sentence.get(named).folded())) {
      named++;
    }
    boolean surname = named > 0 && person.surnames().contains(sentence.get(named - 1).folded());
    if (!surname) {
      named = PRONOUNS.contains(sentence.get(0).folded()) ? 1 : 0;
    }
    if (named == 0 || sentence.size() < FEWEST) {
      return;
    }
    int to = sentence.get(sentence.size() - 1).to();
    String text = entry.text();
    String rest = text.substring(sentence.get(named - 1).to(), to);
    int stop = to < text.length() && ".!?".indexOf(text.charAt(to)) >= 0 ? to + 1 : to;
    String answer = text.substring(sentence.get(0).from(), stop).replaceAll("\\s+", " ");
    for (Map.Entry<Pattern, String> template : TEMPLATES.entrySet()) {
      if (template.getKey().matcher(rest).find()) {
        String question = template.getValue().replace("{n}", person.name());
        asked.putIfAbsent(question, new Asked(question, answer, "template, passage " + entry.id()));
        return;
      }
    }
  }

  private static List<List<Word>> sentences(Entry entry) {
    List<List<Word>> sentences = new ArrayList<>();
    for (Word word : entry.words()) {
      if (word.first()) {
        sentences.add(new ArrayList<>());
      }
      sentences.get(sentences.size() - 1).add(word);
    }
    return sentences;
  }

  /**
   * The user's questions.
   *
   * @throws UserException if a row of the file is no pair
   */
  static List<Asked> ofUser(Path file) {
    List<Asked> asked = new ArrayList<>();
    for (CorpusRows.Row row : CorpusRows.read(file).rows()) {
      if (!(row.row() instanceof QaExample pair)) {
        throw UserException.at(
            file, row.row().place(), "no question", "lines with question and answer");
      }
      asked.add(new Asked(pair.question(), pair.answer(), "user"));
    }
    return List.copyOf(asked);
  }
}
