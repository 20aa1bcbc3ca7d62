package org.unlearn4j.stage;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.unlearn4j.base.Hashes;

/**
 * Everything that decides what a stage writes. Where things lie is no part of it: a file is known
 * by what it is to the stage ({@code model/config.json}), so that a project that is moved is still
 * what it was.
 *
 * @param settings values by dotted key, as the pipeline file spells them
 * @param content SHA-256 by name, or {@link #ABSENT}: files, rows, other stages' outputs, the
 *     graph's listing
 */
public record Inputs(SortedMap<String, String> settings, SortedMap<String, String> content) {
  /** The content of a file that is looked for and not there: it matters if it comes. */
  public static final String ABSENT = "absent";

  /**
   * To be raised when what a stage writes changes with none of its inputs, which the listings of
   * the graphs do not show: the optimiser's formula, the form of a file.
   */
  static final int FORMAT = 1;

  public Inputs {
    settings = Collections.unmodifiableSortedMap(new TreeMap<>(settings));
    content = Collections.unmodifiableSortedMap(new TreeMap<>(content));
  }

  /** The same with the content of what a stage found out about while it ran. */
  public Inputs with(Map<String, String> read) {
    SortedMap<String, String> all = new TreeMap<>(content);
    all.putAll(read);
    return new Inputs(settings, all);
  }

  /** SHA-256 over all of it, and the kind of the stage. */
  public String identity(String kind) {
    StringBuilder all = new StringBuilder("format " + FORMAT + "\nstage " + kind + "\n");
    settings.forEach((key, value) -> line(all, "setting", key, value));
    content.forEach((name, hash) -> line(all, "content", name, hash));
    return Hashes.sha256(all.toString());
  }

  /** Lengths keep apart what a line end or a blank within a name would join. */
  private static void line(StringBuilder to, String kind, String name, String value) {
    to.append(kind).append(' ').append(name.length()).append(' ').append(name);
    to.append(' ').append(value.length()).append(' ').append(value).append('\n');
  }

  /** What is another than it was, a clause each: {@code unlearn.epochs was 15 and is 16}. */
  List<String> differences(Inputs earlier) {
    List<String> clauses = new ArrayList<>();
    for (String key : keys(settings, earlier.settings)) {
      String was = earlier.settings.get(key);
      String is = settings.get(key);
      if (is == null) {
        clauses.add(key + " was " + was + " and is not set");
      } else if (was == null) {
        clauses.add(key + " was not set and is " + is);
      } else if (!was.equals(is)) {
        clauses.add(key + " was " + was + " and is " + is);
      }
    }
    for (String name : keys(content, earlier.content)) {
      String was = earlier.content.getOrDefault(name, ABSENT);
      String is = content.getOrDefault(name, ABSENT);
      if (!was.equals(is)) {
        clauses.add(
            name + (was.equals(ABSENT) ? " is new" : is.equals(ABSENT) ? " is gone" : " changed"));
      }
    }
    return clauses;
  }

  private static TreeSet<String> keys(Map<String, String> a, Map<String, String> b) {
    TreeSet<String> keys = new TreeSet<>(a.keySet());
    keys.addAll(b.keySet());
    return keys;
  }

  /** Collects inputs. */
  public static final class Builder {
    private final SortedMap<String, String> settings = new TreeMap<>();
    private final SortedMap<String, String> content = new TreeMap<>();

    /** Adds settings by dotted key. */
    public Builder settings(Map<String, String> values) {
      settings.putAll(values);
      return this;
    }

    /**
     * Adds content.
     *
     * @param hash SHA-256, {@link Inputs#ABSENT}, or a word for what has no content
     */
    public Builder content(String name, String hash) {
      content.put(name, hash);
      return this;
    }

    /** Adds content under names that begin alike. */
    public Builder content(String role, Map<String, String> hashes) {
      hashes.forEach((name, hash) -> content.put(role + "/" + name, hash));
      return this;
    }

    public Inputs build() {
      return new Inputs(settings, content);
    }
  }
}
