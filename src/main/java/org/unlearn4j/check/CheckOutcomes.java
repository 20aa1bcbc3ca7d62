package org.unlearn4j.check;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.unlearn4j.base.JsonInput;

/**
 * What became of the parts of a check, read from its JSON: {@code pass}, {@code fail}, {@code
 * absent} where there is nothing to do it with, {@code skipped} where it was left out, {@code cut}
 * where the clock ended it, {@code stopped} where somebody did. A part of several programs has
 * {@code stages}, each with an outcome of its own.
 */
public final class CheckOutcomes {
  private static final Set<String> DONE = Set.of("pass", "fail", "absent");
  private static final String OUTCOME = "outcome";

  /** Of a program that a signal has ended: the terminal sends it to all programs at once. */
  private static final Set<Integer> BY_SIGNAL = Set.of(128 + 2, 128 + 15);

  private CheckOutcomes() {}

  /**
   * A line for each part or stage that is not simply done, for instance {@code failed: fable} or
   * {@code skipped: fable/run.cuda (no provider)}.
   *
   * @param file the JSON of a check
   */
  public static List<String> lines(Path file) {
    List<String> lines = new ArrayList<>();
    for (JsonNode part : JsonInput.read(file, "a check").node().path("parts")) {
      String name = part.path("part").asText();
      add(lines, name, part);
      part.path("stages").forEach(s -> add(lines, name + "/" + s.path("stage").asText(), s));
    }
    return lines;
  }

  private static void add(List<String> lines, String name, JsonNode node) {
    String outcome = node.path(OUTCOME).asText();
    if (!outcome.equals("pass")) {
      String why = node.path("why").asText();
      lines.add(
          (outcome.equals("fail") ? "failed" : outcome)
              + ": "
              + name
              + (why.isEmpty() ? "" : " (" + why + ")"));
    }
  }

  /**
   * What all of it comes to.
   *
   * @param parts of the JSON
   */
  static CheckVerdict verdict(JsonNode parts) {
    boolean whole = true;
    for (JsonNode part : parts) {
      String outcome = part.path(OUTCOME).asText();
      if (outcome.equals("fail")) {
        return CheckVerdict.FAIL;
      }
      whole &= DONE.contains(outcome);
      for (JsonNode stage : part.path("stages")) {
        whole &= DONE.contains(stage.path(OUTCOME).asText());
      }
    }
    return whole ? CheckVerdict.PASS : CheckVerdict.PARTIAL;
  }

  /**
   * What a part that did not pass is called. Only a program that was ended while it worked is
   * excused; what had failed before, or ended by itself with an error, has failed.
   *
   * @param part with the exit codes of its programs
   * @param stopped whether somebody asked the check to stop
   * @param over whether its time is over
   */
  static String ofUnfinished(JsonNode part, boolean stopped, boolean over) {
    JsonNode stages = part.path("stages");
    for (int i = 0; i < stages.size() - 1; i++) {
      if (stages.path(i).path(OUTCOME).asText().equals("fail")) {
        return "fail";
      }
    }
    JsonNode last = stages.isEmpty() ? part : stages.path(stages.size() - 1);
    int code = last.path("exit_code").asInt();
    boolean ended = code == ChildProcess.ENDED;
    if (stopped && (ended || BY_SIGNAL.contains(code))) {
      return "stopped";
    }
    return over && ended ? "cut" : "fail";
  }
}
