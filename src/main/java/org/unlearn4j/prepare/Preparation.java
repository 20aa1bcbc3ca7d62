package org.unlearn4j.prepare;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.UserException;

/**
 * Makes a folder of a request out of a corpus: what speaks of a person, what lies near it and is to
 * be kept, what is set apart for being measured, and what was left out, for a human being to read
 * before anything is run.
 *
 * @param about the person's name
 * @param aliases further names
 * @param from a file or folder of texts
 * @param out the folder to be made
 * @param holdout share of what is found that is measured only, at most a half
 * @param passage most characters of a passage
 * @param neighbours how many passages to keep are proposed; empty: three for each that is found
 * @param questions a file of the user's questions
 * @param seed of the split
 */
public record Preparation(
    String about,
    List<String> aliases,
    Path from,
    Path out,
    double holdout,
    int passage,
    Optional<Integer> neighbours,
    Optional<Path> questions,
    long seed) {
  /** What a person reads first; its presence makes the folder a request. */
  public static final String REQUEST = "request.yaml";

  /** Every passage that was found, proposed or left out, with the reason. */
  public static final String REVIEW = "review.jsonl";

  /** Most characters of a passage: at some four a token, it fits a row of 256 tokens. */
  public static final int PASSAGE = 800;

  private static final int NEIGHBOURS = 3;

  public Preparation {
    aliases = List.copyOf(aliases);
  }

  /**
   * Makes the folder, whole or not at all.
   *
   * @return a sentence for each of its files and for what was left out
   * @throws UserException if the folder is there or can be none of a request, an option is at
   *     fault, the corpus cannot be read, or nothing in it speaks of the person
   */
  public List<String> write() {
    Person person = Person.of(about, aliases);
    check();
    List<Questions.Asked> own = questions.map(Questions::ofUser).orElse(List.of());
    Corpus corpus = Corpus.read(from, passage);
    Proposal proposal = proposal(person, corpus, own);
    RequestText text = new RequestText(this, person, corpus, proposal);
    Map<String, String> files = new TreeMap<>(text.files());
    AtomicFiles.writeFolder(
        out,
        beside -> {
          for (Map.Entry<String, String> file : files.entrySet()) {
            Files.writeString(
                beside.resolve(file.getKey()), file.getValue(), StandardCharsets.UTF_8);
          }
        });
    return text.told();
  }

  private void check() {
    if (Files.exists(out)) {
      throw UserException.at(out, "", "something there", "a new folder");
    }
    Path name = out.toAbsolutePath().normalize().getFileName();
    if (name == null
        || !name.toString().matches("[A-Za-z0-9][A-Za-z0-9_-]*")
        || List.of("shared", "runs").contains(name.toString())) {
      throw UserException.at(
          out, "", "this name", "one of letters, digits, - and _, and neither shared nor runs");
    }
    if (!(holdout >= 0 && holdout <= 0.5)) {
      throw new UserException("--holdout: found " + holdout + ", expected a share from 0 to 0.5.");
    }
  }

  private Proposal proposal(Person person, Corpus corpus, List<Questions.Asked> own) {
    try (TextIndex index = new TextIndex(corpus.entries())) {
      List<Verdict> verdicts = Finder.find(person, corpus, index);
      List<Integer> found = Finder.ids(verdicts, Verdict.Kind.ABOUT);
      if (found.isEmpty()) {
        throw UserException.at(
            from,
            "",
            "no passage about " + about + " among " + corpus.entries().size(),
            "at least one (" + Finder.ids(verdicts, Verdict.Kind.UNSURE).size() + " are unsure)");
      }
      int most = neighbours.orElse(NEIGHBOURS * found.size());
      List<Neighbours.Near> near =
          most == 0 ? List.of() : Neighbours.of(corpus, index, verdicts, most);
      Split forget = Split.of(found, corpus, holdout, seed);
      List<Integer> kept = near.stream().map(Neighbours.Near::id).sorted().toList();
      Split retain = Split.of(kept, corpus, holdout, seed);
      List<Questions.Asked> asked = new ArrayList<>(own);
      List<Entry> entries = found.stream().map(corpus.entries()::get).toList();
      asked.addAll(Questions.byTemplate(person, entries, verdicts));
      return new Proposal(verdicts, forget, retain, near, asked);
    }
  }

  /** All that was decided. */
  record Proposal(
      List<Verdict> verdicts,
      Split forget,
      Split retain,
      List<Neighbours.Near> near,
      List<Questions.Asked> asked) {}
}
