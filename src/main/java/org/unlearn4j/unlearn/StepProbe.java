package org.unlearn4j.unlearn;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Feeds;
import org.unlearn4j.tf.TfTensors;

/**
 * Looks at a step without making it: each term, its own gradient, and how the gradients lie to each
 * other. Norms and products are taken in the graph, so that no gradient leaves it whole.
 */
public final class StepProbe {
  private static final int HEAD = 8;

  /**
   * A summand of the total.
   *
   * @param value unweighted
   * @param weight with which it is in the total
   * @param gradNorm of the unweighted term over all trained parameters
   */
  public record TermSeen(double value, double weight, double gradNorm) {}

  /** The total's gradient of one parameter: its L2 norm and first values. */
  public record Gradient(double norm, List<Float> head) {
    public Gradient {
      head = List.copyOf(head);
    }
  }

  /**
   * PDU's dual variable.
   *
   * @param after what it would be after this step
   */
  public record DualSeen(double alpha, double after) {}

  /**
   * What the step saw.
   *
   * @param terms by name; a term that is off is absent
   * @param gradNorm of the total, over all trained parameters
   * @param cosines between the gradients of two terms, by {@code first_second}: below 0 they
   *     interfere
   * @param dual empty for objectives without one
   */
  public record Seen(
      Map<String, TermSeen> terms,
      double total,
      double gradNorm,
      Map<String, Double> cosines,
      Optional<DualSeen> dual,
      Map<String, Gradient> parameters) {}

  private final StepGraph graph;
  private final Map<String, Map<Parameter, Operand<TFloat32>>> ofTerms = new LinkedHashMap<>();
  private final Map<String, Operand<TFloat32>> fetches = new LinkedHashMap<>();

  /**
   * Adds what is looked at to a graph whose session is not open yet.
   *
   * @param shown names of parameters whose gradient is given
   */
  public StepProbe(StepGraph graph, Predicate<String> shown) {
    this.graph = graph;
    Ops tf = graph.runtime().ops().withSubScope("probe");
    fetches.put("total", graph.total());
    graph.values().forEach((name, value) -> fetches.put("value " + name, value));
    graph.values().keySet().forEach(name -> ofTerms.put(name, graph.gradientsOf(name)));
    fetches.put("square", product(tf, graph.gradients(), graph.gradients()));
    List<String> names = new ArrayList<>(ofTerms.keySet());
    for (int i = 0; i < names.size(); i++) {
      for (int j = i; j < names.size(); j++) {
        fetches.put(
            "product " + names.get(i) + "_" + names.get(j),
            product(tf, ofTerms.get(names.get(i)), ofTerms.get(names.get(j))));
      }
    }
    graph
        .gradients()
        .forEach(
            (p, g) -> {
              if (shown.test(p.name())) {
                Operand<TFloat32> flat = tf.reshape(g, tf.array(-1));
                int head = (int) Math.min(HEAD, p.size());
                fetches.put("norm " + p.name(), tf.math.sqrt(dot(tf, g, g)));
                fetches.put("head " + p.name(), tf.slice(flat, tf.array(0), tf.array(head)));
              }
            });
  }

  /** Inner product of two gradients, a scalar; what only one of them has counts 0. */
  private static Operand<TFloat32> product(
      Ops tf, Map<Parameter, Operand<TFloat32>> a, Map<Parameter, Operand<TFloat32>> b) {
    List<Operand<TFloat32>> parts = new ArrayList<>();
    a.forEach(
        (p, g) -> {
          if (b.containsKey(p)) {
            parts.add(dot(tf, g, b.get(p)));
          }
        });
    return parts.isEmpty() ? tf.constant(0f) : tf.math.addN(parts);
  }

  private static Operand<TFloat32> dot(Ops tf, Operand<TFloat32> a, Operand<TFloat32> b) {
    Operand<TFloat32> both = tf.math.mul(a, b);
    return tf.sum(tf.reshape(both, tf.array(-1)), tf.constant(0));
  }

  /** Runs the step; the graph's variables must be assigned. */
  public Seen run(StepBatch batch, StepControl control) {
    Map<String, float[]> found = new LinkedHashMap<>();
    try (Feeds feeds = new Feeds(graph.runtime())) {
      graph.feed(feeds, batch, control);
      fetches.values().forEach(feeds::fetch);
      try (Result result = graph.runtime().run("probe", feeds)) {
        int at = 0;
        for (String name : fetches.keySet()) {
          found.put(name, TfTensors.floats(result, at++));
        }
      }
    }
    return seen(found, control);
  }

  private Seen seen(Map<String, float[]> found, StepControl control) {
    Map<String, TermSeen> terms = new LinkedHashMap<>();
    for (String name : ofTerms.keySet()) {
      double norm = Math.sqrt(scalar(found, "product " + name + "_" + name));
      terms.put(name, new TermSeen(scalar(found, "value " + name), weight(name, control), norm));
    }
    Map<String, Double> cosines = new LinkedHashMap<>();
    List<String> names = new ArrayList<>(terms.keySet());
    for (int i = 0; i < names.size(); i++) {
      for (int j = i + 1; j < names.size(); j++) {
        String pair = names.get(i) + "_" + names.get(j);
        double norms = terms.get(names.get(i)).gradNorm() * terms.get(names.get(j)).gradNorm();
        // A gradient that is zero has no direction.
        cosines.put(pair, norms == 0 ? null : (Double) (scalar(found, "product " + pair) / norms));
      }
    }
    Map<String, Gradient> parameters = new LinkedHashMap<>();
    for (Parameter p : graph.gradients().keySet()) {
      if (found.containsKey("norm " + p.name())) {
        List<Float> head = new ArrayList<>();
        for (float v : found.get("head " + p.name())) {
          head.add(v);
        }
        parameters.put(p.name(), new Gradient(scalar(found, "norm " + p.name()), head));
      }
    }
    Optional<DualSeen> dual =
        graph
            .objective()
            .dual()
            .map(
                d ->
                    new DualSeen(
                        control.alpha(), d.after(control.alpha(), terms.get("retain").value())));
    return new Seen(
        terms,
        scalar(found, "total"),
        Math.sqrt(scalar(found, "square")),
        cosines,
        dual,
        parameters);
  }

  private double weight(String term, StepControl control) {
    return switch (term) {
      case "forget" -> graph.objective().forget().orElseThrow().weight();
      case "floor" -> graph.objective().pull().orElseThrow().weight();
      case "retain" -> control.alpha();
      case "router" -> graph.objective().balancing();
      default -> control.lambda();
    };
  }

  private static double scalar(Map<String, float[]> found, String name) {
    return found.get(name)[0];
  }
}
