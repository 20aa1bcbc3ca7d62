package org.unlearn4j.sign;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * One way in which a folder is not as it was signed.
 *
 * @param where the file, or what was found
 */
public record Finding(Kind kind, String where) {

  /** What is wrong. */
  public enum Kind {
    OTHER_KEY("was signed with another key: found "),
    SIGNATURE("the signature is not this key's on this statement, one of them was changed: found "),
    STATEMENT("is signed, but no statement of this kind: found "),
    ROOT_DIGEST("the signed digests contradict each other: the subject is "),
    CHANGED("content was changed since it was signed: "),
    MISSING("signed, and not there: "),
    ADDED("there, and not signed: "),
    RENAMED("signed under another name: "),
    EXCHANGED("the content of another signed file: "),
    RECORD_MISSING("the signed record of the unlearning is not there: "),
    RECORD_OF_ANOTHER("the signed record is another model's, whose digest is "),
    RECORD_CHANGED("unlearning.json is not what was signed in ");

    private final String words;

    Kind(String words) {
      this.words = words;
    }
  }

  /** In one line. */
  public String sentence() {
    return kind.words + where + ".";
  }

  Finding in(String file) {
    return new Finding(kind, where + " in " + file);
  }

  /** How the files of a folder differ from those that were signed. */
  static List<Finding> between(Manifest signed, Manifest found) {
    Map<String, String> then = signed.files();
    Map<String, String> now = found.files();
    List<Finding> findings = new ArrayList<>();
    TreeSet<String> added = new TreeSet<>(now.keySet());
    added.removeAll(then.keySet());
    for (String name : new TreeSet<>(then.keySet())) {
      String digest = then.get(name);
      if (!now.containsKey(name)) {
        String other =
            added.stream().filter(a -> now.get(a).equals(digest)).findFirst().orElse(null);
        if (other != null) {
          added.remove(other);
        }
        findings.add(
            other == null
                ? new Finding(Kind.MISSING, name)
                : new Finding(Kind.RENAMED, other + ", signed as " + name));
      } else if (!now.get(name).equals(digest)) {
        boolean others = then.containsValue(now.get(name));
        findings.add(new Finding(others ? Kind.EXCHANGED : Kind.CHANGED, name));
      }
    }
    added.forEach(a -> findings.add(new Finding(Kind.ADDED, a)));
    return findings;
  }
}
