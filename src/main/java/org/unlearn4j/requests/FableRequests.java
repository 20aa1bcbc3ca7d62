package org.unlearn4j.requests;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.Spread;
import org.unlearn4j.base.UserException;
import org.unlearn4j.data.Benchmark;
import org.unlearn4j.data.Passage;
import org.unlearn4j.data.Passages;

/**
 * The embedded benchmark as a folder of requests: the 15 authors of Fable's forget10 as five
 * requests of three. Each request brings a fifth of the other authors, which is to be kept; utility
 * is measured by rows of all of them, by painters and by general facts.
 */
public final class FableRequests {
  /** Requests. */
  public static final int REQUESTS = 5;

  private static final int AUTHORS = 150;
  private static final int FORGOTTEN = 15;
  private static final int EVALUATED = 240;

  private FableRequests() {}

  /**
   * Writes the folder with questions and all requests; whole or not at all.
   *
   * @param template the pipeline that {@code requests.yaml} names
   * @throws UserException if something is there
   */
  public static void write(Path out, String template) {
    write(out, template, Kind.QUESTIONS, REQUESTS);
  }

  /** What the requests are about. */
  enum Kind {
    /** Questions with their answers. */
    QUESTIONS,
    /** Articles, as MUSE has it; what is kept are articles and questions. */
    ARTICLES;

    String spelling() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * Writes the folder; whole or not at all.
   *
   * @param template the pipeline that {@code requests.yaml} names
   * @param requests of the five, from the first on
   * @throws UserException if something is there
   */
  static void write(Path out, String template, Kind kind, int requests) {
    if (Files.exists(out)) {
      throw UserException.at(out, "", "something there", "a new folder");
    }
    boolean articles = kind == Kind.ARTICLES;
    List<String> authors = rows("authors");
    Passages fable = Benchmark.open("fable", Optional.empty()).passages().orElseThrow();
    List<String> asked = articles ? texts(fable.trainingPassages("full")) : authors;
    List<String> kept = of(authors, 0, AUTHORS - FORGOTTEN);
    AtomicFiles.writeFolder(
        out,
        beside -> {
          put(beside.resolve(RequestsFile.FILE), List.of(settings(template)));
          Path shared = beside.resolve("shared");
          put(shared.resolve("retain_perturbed.jsonl"), Spread.of(kept, EVALUATED));
          put(shared.resolve("real_authors_perturbed.jsonl"), rows("neighbours"));
          put(shared.resolve("world_facts_perturbed.jsonl"), rows("facts"));
          put(
              shared.resolve("holdout.jsonl"),
              articles ? texts(fable.membership("forget10").holdout()) : rows("holdout"));
          put(
              shared.resolve("strangers.jsonl"),
              articles ? texts(fable.strangerPassages()) : rows("strangers"));
          int each = FORGOTTEN / REQUESTS;
          int near = (AUTHORS - FORGOTTEN) / REQUESTS;
          for (int i = 0; i < requests; i++) {
            int from = AUTHORS - FORGOTTEN + i * each;
            Path request = beside.resolve(String.format(Locale.ROOT, "authors-%03d", from));
            put(request.resolve(RequestFolder.FORGET), of(asked, from, from + each));
            List<String> keeps = new ArrayList<>(of(authors, i * near, (i + 1) * near));
            if (articles) {
              keeps.addAll(of(asked, i * near, (i + 1) * near));
            }
            put(request.resolve(RequestFolder.RETAIN), keeps);
            put(
                request.resolve(RequestFolder.REQUEST),
                List.of(
                    "about: Fable's authors " + from + " to " + (from + each - 1),
                    "keeps: authors " + i * near + " to " + ((i + 1) * near - 1)));
          }
        });
  }

  private static String settings(String template) {
    return "pipeline: "
        + template
        + "\nstrategy: together    # sequential, growing, held, together or adapters\n"
        + "utility_min: 0.93     # share of the first model's utility; below: retrain\n"
        + "hold: 0.05            # how far a forget probability may rise again\n";
  }

  private static void put(Path file, List<String> lines) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, String.join("\n", lines) + "\n", StandardCharsets.UTF_8);
  }

  /** Rows of some authors, of a list with equally many for each. */
  private static List<String> of(List<String> all, int from, int to) {
    int each = all.size() / AUTHORS;
    return all.subList(from * each, to * each);
  }

  /** As rows of text. */
  private static List<String> texts(List<Passage> passages) {
    ObjectMapper json = new ObjectMapper();
    return passages.stream()
        .map(p -> json.createObjectNode().put("text", p.text()).toString())
        .toList();
  }

  private static List<String> rows(String name) {
    String path = "/org/unlearn4j/fable/" + name + ".jsonl";
    try (InputStream in = FableRequests.class.getResourceAsStream(path)) {
      return new ArrayList<>(
          new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList());
    } catch (IOException e) {
      throw new UncheckedIOException(e); // part of the program
    }
  }
}
