package org.unlearn4j.check;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.unlearn4j.train.BenchShape;

/** The same step in PyTorch, where it is installed and computes on the same device. */
final class RivalCheck {
  private static final List<String> ASK =
      List.of("python3", "-c", "import torch; print(torch.__version__, torch.cuda.is_available())");

  private final CheckPrograms programs;
  private final int steps;

  /** Asked once, and only if a part wants to know. */
  private ChildProcess.Ended asked;

  RivalCheck(CheckPrograms programs, int steps) {
    this.programs = programs;
    this.steps = steps;
  }

  /**
   * Times it.
   *
   * @param gpu whether ours ran on one
   * @return {@code pass}, {@code fail}, or {@code absent} with the reason; a question that was
   *     ended before its answer is {@code fail} and asked again
   */
  String run(ObjectNode node, BenchShape shape, String precision, boolean gpu) {
    if (asked == null) {
      asked = programs.ask(ASK);
    }
    if (asked.code() == ChildProcess.ENDED) {
      node.put("exit_code", asked.code());
      node.put("why", "python3 was ended before it said whether it has PyTorch");
      asked = null;
      return "fail";
    }
    if (asked.code() != 0) {
      node.put("why", "PyTorch is not installed (python3 -c 'import torch')");
      return "absent";
    }
    String[] said = asked.out().strip().split(" ", -1);
    node.put("torch", said[0]);
    if (gpu && !said[said.length - 1].equals("True")) {
      node.put("why", "this PyTorch sees no GPU (torch.cuda.is_available())");
      return "absent";
    }
    return programs.others(node, command(shape, precision, gpu)) ? "pass" : "fail";
  }

  private List<String> command(BenchShape shape, String precision, boolean gpu) {
    BenchShape.Numbers n = shape.numbers();
    List<String> command = new ArrayList<>(List.of("python3"));
    command.add(programs.home().resolve("etc/npo_step.py").toString());
    Map<String, Object> options = new LinkedHashMap<>();
    options.put("hidden", n.hidden());
    options.put("layers", n.layers());
    options.put("heads", n.heads());
    options.put("kv-heads", n.kvHeads());
    options.put("ffn", n.ffn());
    options.put("vocab", n.vocab());
    options.put("rows", n.rows());
    options.put("tokens", n.tokens());
    options.put("steps", steps);
    options.put("precision", precision);
    options.put("device", gpu ? "cuda" : "cpu");
    options.forEach((k, v) -> command.addAll(List.of("--" + k, String.valueOf(v))));
    return command;
  }
}
