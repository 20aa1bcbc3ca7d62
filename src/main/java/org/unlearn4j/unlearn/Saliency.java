package org.unlearn4j.unlearn;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.UserException;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Parameter;

/**
 * How strongly the forget loss pulls at a model's modules before anything is learned. Modules are
 * the linear maps of the blocks: only they are rounded when a model is quantised, and only for them
 * do larger steps buy anything. Training the most salient ones alone, with a larger learning rate,
 * is the remedy of Zhang et al. (ICLR 2025, <i>Catastrophic Failure of LLM Unlearning via
 * Quantization</i>), which takes the saliency of SalUn (Fan et al., ICLR 2024) from single weights
 * to modules.
 *
 * @param modules most salient first
 */
public record Saliency(List<Module> modules) {

  /**
   * A linear map.
   *
   * @param name of its weight
   * @param weights how many it has
   * @param value root mean square, over its weights, of the forget loss's gradient
   */
  public record Module(String name, long weights, double value) {}

  public Saliency {
    modules = List.copyOf(modules);
  }

  /**
   * Ranks modules; equal ones stay in their order.
   *
   * @param squares squared L2 norm of the gradient of each
   * @throws MachineException if one is no number, or all are 0
   */
  public static Saliency of(Map<Parameter, Double> squares) {
    List<Module> modules = new ArrayList<>();
    squares.forEach(
        (p, square) -> modules.add(new Module(p.name(), p.size(), Math.sqrt(square / p.size()))));
    for (Module m : modules) {
      if (!Double.isFinite(m.value())) {
        throw new MachineException(
            "unlearn.salient_share: the gradient of "
                + m.name()
                + " is "
                + m.value()
                + ", expected a number.");
      }
    }
    modules.sort(Comparator.comparingDouble(Module::value).reversed());
    if (modules.get(0).value() == 0) {
      throw new MachineException(
          "unlearn.salient_share: the forget loss has no gradient before the first step, so no"
              + " module is more salient than another; 1 trains the whole model.");
    }
    return new Saliency(modules);
  }

  /** Modules of a model that a search may choose from: those that the objective trains. */
  public static List<Parameter> candidates(Decoder decoder, Objective objective) {
    return decoder.blockMatrices().stream().filter(objective::trains).toList();
  }

  static void requireCandidates(Decoder decoder, Objective objective, double share) {
    if (candidates(decoder, objective).isEmpty()) {
      throw new UserException(
          "unlearn.salient_share: found "
              + share
              + ", but unlearn.objective.trainable matches no linear map of a block, expected a"
              + " pattern that matches one, such as "
              + decoder.blockMatrices().get(0).name()
              + ".");
    }
  }

  /** Weights of all modules together. */
  public long weights() {
    return weights(modules);
  }

  /** Weights of some modules together. */
  public static long weights(List<Module> some) {
    return some.stream().mapToLong(Module::weights).sum();
  }

  /**
   * The most salient modules, as many as it takes to have a share of all modules' weights; at least
   * one.
   *
   * @param share greater than 0, at most 1
   */
  public List<Module> most(double share) {
    double enough = share * weights() * (1 - 1e-12); // 0.07 * 100 is more than 7
    int n = 1;
    while (n < modules.size() && weights(modules.subList(0, n)) < enough) {
      n++;
    }
    return modules.subList(0, n);
  }
}
