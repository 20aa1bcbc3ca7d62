package org.unlearn4j.surgery;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.nn.Norm;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.StreamEnds;

/**
 * Directions of the residual stream taken out of the weights at its ends. The graph stays what it
 * was: a block that reads where directions are cut no longer sees them, and no block below writes
 * them.
 *
 * @param ends of the decoder's stream
 * @param reads whether maps that read are changed
 * @param writes whether maps that write are changed
 * @param strength of the projection: 1 takes directions out, 0 changes nothing
 */
public record Cut(StreamEnds ends, boolean reads, boolean writes, double strength) {

  /** Where weights are read from, and what takes them back; values come flattened as stored. */
  public interface Weights {
    float[] get(Parameter p);

    void put(Parameter p, float[] values);
  }

  /**
   * What was done.
   *
   * @param read names of weights that no longer read the directions
   * @param written names of weights that no longer write them
   * @param leftOut sentences about those that could not be changed
   */
  public record Done(List<String> read, List<String> written, Set<String> leftOut) {}

  /**
   * Sentences about ends that a cut cannot change whatever the weights are.
   *
   * @param layers 0 for what block 0 reads, {@code l} for the stream after block {@code l - 1}
   */
  public Set<String> fixed(Set<Integer> layers) {
    Set<String> sentences = new TreeSet<>();
    readers(layers).forEach(r -> fixed(r).ifPresent(sentences::add));
    writers(layers).forEach(w -> fixed(w).ifPresent(sentences::add));
    return sentences;
  }

  /** Whether anything is left to change at some layers, whatever the weights are. */
  public boolean possible(Set<Integer> layers) {
    return readers(layers).stream().anyMatch(r -> fixed(r).isEmpty())
        || writers(layers).stream().anyMatch(w -> fixed(w).isEmpty());
  }

  private List<StreamEnds.Reader> readers(Set<Integer> layers) {
    return ends.readers().stream().filter(r -> reads && layers.contains(r.block())).toList();
  }

  private List<StreamEnds.Writer> writers(Set<Integer> layers) {
    return ends.writers().stream()
        .filter(w -> writes && layers.stream().anyMatch(l -> l > w.block()))
        .toList();
  }

  private Optional<String> fixed(StreamEnds.Reader r) {
    return tied(r.linear());
  }

  private Optional<String> fixed(StreamEnds.Writer w) {
    return w.throughNorm()
        ? Optional.of(w.linear().weight().name() + " writes through a norm")
        : tied(w.linear());
  }

  private Optional<String> tied(Linear linear) {
    String name = linear.weight().name();
    return ends.shared().contains(name)
        ? Optional.of(name + " is both the token table and the head")
        : Optional.empty();
  }

  /**
   * Changes weights, one matrix after the other.
   *
   * @param directions orthonormal, {@code [rank][hidden]}, by layer: those of layer {@code l} are
   *     cut from what block {@code l} reads (the head, where there is no such block) and, together
   *     with those of the layers above it, from what blocks below it write
   */
  public Done apply(Map<Integer, double[][]> directions, Weights weights) {
    SortedMap<Integer, double[][]> cut = new TreeMap<>(directions);
    cut.values().removeIf(u -> u.length == 0 || strength == 0);
    Done done = new Done(new ArrayList<>(), new ArrayList<>(), new TreeSet<>(fixed(cut.keySet())));
    for (StreamEnds.Reader r : readers(cut.keySet())) {
      if (fixed(r).isEmpty()) {
        read(r, new Projection(cut.get(r.block()), strength), weights, done);
      }
    }
    for (StreamEnds.Writer w : writers(cut.keySet())) {
      if (fixed(w).isEmpty()) {
        write(w, new Projection(union(cut, w.block() + 1), strength), weights, done);
      }
    }
    return done;
  }

  /** Everything that is cut at a layer or above it, {@code [rank][hidden]}, orthonormal. */
  public static double[][] union(SortedMap<Integer, double[][]> directions, int from) {
    List<double[]> all = new ArrayList<>();
    directions.tailMap(from).values().forEach(u -> all.addAll(List.of(u)));
    return Projection.orthonormal(all.toArray(double[][]::new));
  }

  private static void read(StreamEnds.Reader r, Projection projection, Weights weights, Done done) {
    Linear linear = r.linear();
    double[] gain = r.norm().map(n -> gain(n, weights)).orElseGet(() -> filled(linear.in(), 1));
    double[] shift =
        r.norm()
            .flatMap(Norm::bias)
            .map(b -> doubles(weights.get(b)))
            .orElse(new double[linear.in()]);
    boolean shifted = shift(shift);
    if (shifted && linear.bias().isEmpty()) {
      done.leftOut()
          .add(
              linear.weight().name()
                  + " has no bias for what "
                  + r.norm().flatMap(Norm::bias).orElseThrow().name()
                  + " adds before it");
      return;
    }
    float[] w = weights.get(linear.weight());
    double[] grown = projection.read(w, linear.inOut() ? linear.out() : 1, gain, shift, r.factor());
    weights.put(linear.weight(), w);
    if (shifted) {
      Parameter bias = linear.bias().orElseThrow();
      float[] b = weights.get(bias);
      for (int i = 0; i < b.length; i++) {
        b[i] = (float) (b[i] + grown[i]);
      }
      weights.put(bias, b);
    }
    done.read().add(linear.weight().name());
  }

  private static void write(
      StreamEnds.Writer writer, Projection projection, Weights weights, Done done) {
    Linear linear = writer.linear();
    float[] w = weights.get(linear.weight());
    projection.write(w, linear.inOut() ? 1 : linear.in());
    weights.put(linear.weight(), w);
    if (linear.bias().isPresent()) {
      float[] b = weights.get(linear.bias().get());
      projection.write(b, 1);
      weights.put(linear.bias().get(), b);
    }
    done.written().add(linear.weight().name());
  }

  private static double[] gain(Norm norm, Weights weights) {
    double[] gain = doubles(weights.get(norm.weight()));
    if (norm.plusOne()) {
      for (int i = 0; i < gain.length; i++) {
        gain[i] += 1;
      }
    }
    return gain;
  }

  private static boolean shift(double[] values) {
    for (double v : values) {
      if (v != 0) {
        return true;
      }
    }
    return false;
  }

  private static double[] filled(int width, double value) {
    double[] all = new double[width];
    Arrays.fill(all, value);
    return all;
  }

  private static double[] doubles(float[] values) {
    double[] all = new double[values.length];
    for (int i = 0; i < all.length; i++) {
      all[i] = values[i];
    }
    return all;
  }
}
