package org.unlearn4j.nn;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.unlearn4j.base.UserException;

/**
 * Low-rank adapters (Hu et al. 2021): {@code y = x W + b + s (x A^T) B^T} with W as it is, and A
 * and B that learn.
 *
 * <p>A and B have the names and shapes of the published format (PEFT): {@code MODULE.lora_A.weight
 * [rank, in]} and {@code MODULE.lora_B.weight [out, rank]}, whatever the layout of W.
 *
 * @param shape rank and scale
 * @param targets the linear maps that are adapted, in the order in which the decoder uses them
 * @param biases of adapted linear maps that learn too, under their own names; empty: none does
 */
public record Adapter(Shape shape, List<Target> targets, List<Parameter> biases) {
  /** All linear maps of the blocks. */
  public static final String ALL_LINEAR = "all-linear";

  private static final Pattern BLOCK = Pattern.compile("\\.(\\d+)\\.");

  /**
   * Rank and scale.
   *
   * @param rank columns of A and rows of B
   * @param alpha {@code s = alpha / rank}
   * @param rankStabilised {@code s = alpha / sqrt(rank)} instead (Kalajdzievski 2023)
   * @param dropout probability with which a value of x is left out on its way to A, in training
   */
  public record Shape(int rank, double alpha, boolean rankStabilised, double dropout) {
    /** s. */
    public double scale() {
      return alpha / (rankStabilised ? Math.sqrt(rank) : rank);
    }
  }

  /**
   * An adapted linear map.
   *
   * @param down A, {@code [rank, in]}
   * @param up B, {@code [out, rank]}
   */
  public record Target(Linear linear, Parameter down, Parameter up) {
    static Target of(Linear linear, int rank) {
      String module = linear.module();
      return new Target(
          linear,
          Parameter.matrix(module + ".lora_A.weight", rank, linear.in()),
          new Parameter(
              module + ".lora_B.weight", List.of(linear.out(), rank), Parameter.Init.ZEROS));
    }
  }

  public Adapter {
    targets = List.copyOf(targets);
    biases = List.copyOf(biases);
  }

  /**
   * Which linear maps are adapted.
   *
   * @param names {@link LinearRole roles}, module names or their last parts, or {@link #ALL_LINEAR}
   * @param layers numbers of the blocks, from 0; empty: all of them
   * @param biases whether their biases learn too
   * @param place of the setting, for messages, such as {@code unlearn.adapter}
   */
  public record Selection(List<String> names, List<Integer> layers, boolean biases, String place) {}

  /**
   * The adapters of a decoder.
   *
   * @throws UserException for a name or block that the decoder does not have, a head that is tied
   *     to the token table (which would change with it), or a rank that no matrix has
   */
  public static Adapter of(Decoder decoder, Shape shape, Selection selection) {
    List<Linear> all = decoder.linears();
    Set<Parameter> inBlocks = Set.copyOf(decoder.blockMatrices());
    for (String name : selection.names) {
      if (all.stream().noneMatch(named(inBlocks, name))) {
        throw unknown(decoder, selection.place, name);
      }
    }
    int blocks = decoder.config().layers();
    for (int layer : selection.layers) {
      if (layer >= blocks) {
        throw new UserException(
            selection.place
                + ".layers: found block "
                + layer
                + ", expected blocks from 0 to "
                + (blocks - 1)
                + ".");
      }
    }
    List<Linear> chosen =
        all.stream()
            .filter(l -> selection.names.stream().anyMatch(n -> named(inBlocks, n).test(l)))
            .filter(l -> selection.layers.isEmpty() || within(l, selection.layers))
            .toList();
    if (chosen.isEmpty()) {
      throw new UserException(
          selection.place
              + ".targets: found "
              + String.join(", ", selection.names)
              + ", of which the blocks in layers have none, expected linear maps of those blocks.");
    }
    for (Linear l : chosen) {
      int most = Math.min(l.in(), l.out());
      if (shape.rank > most) {
        throw new UserException(
            selection.place
                + ".rank: found "
                + shape.rank
                + ", expected at most "
                + most
                + ", the full rank of "
                + l.module()
                + ".");
      }
    }
    return new Adapter(
        shape,
        chosen.stream().map(l -> Target.of(l, shape.rank)).toList(),
        selection.biases ? chosen.stream().flatMap(l -> l.bias().stream()).toList() : List.of());
  }

  private static UserException unknown(Decoder decoder, String place, String name) {
    boolean tied = name.equals(LinearRole.HEAD.spelling()) && decoder.config().tiedEmbeddings();
    if (tied) {
      return new UserException(
          place
              + ".targets: found head, expected other targets: this model's head is its token"
              + " table, which an adapter of the head would change with it.");
    }
    String known =
        decoder.linears().stream()
            .map(Linear::module)
            .map(m -> m.substring(m.lastIndexOf('.') + 1))
            .distinct()
            .collect(Collectors.joining(", "));
    return new UserException(
        place
            + ".targets: found "
            + name
            + ", which this model does not have, expected "
            + ALL_LINEAR
            + ", "
            + Stream.of(LinearRole.values())
                .map(LinearRole::spelling)
                .collect(Collectors.joining(", "))
            + " or one of its modules: "
            + known
            + ".");
  }

  private static Predicate<Linear> named(Set<Parameter> inBlocks, String name) {
    if (name.equals(ALL_LINEAR)) {
      return l -> inBlocks.contains(l.weight());
    }
    Optional<LinearRole> role = LinearRole.named(name);
    return role.isPresent() ? role.get()::of : l -> LinearRole.endsWith(l.module(), name);
  }

  private static boolean within(Linear linear, List<Integer> layers) {
    Matcher block = BLOCK.matcher(linear.module());
    return block.find() && layers.contains(Integer.parseInt(block.group(1)));
  }

  /** The same of those targets alone whose weight is one of some. */
  public Adapter onlyOf(Predicate<Parameter> weights) {
    List<Target> left = targets.stream().filter(t -> weights.test(t.linear.weight())).toList();
    List<Parameter> own =
        biases.stream()
            .filter(b -> left.stream().anyMatch(t -> t.linear.bias().filter(b::equals).isPresent()))
            .toList();
    return new Adapter(shape, left, own);
  }

  /** The target of a linear map, if it is adapted. */
  public Optional<Target> target(Linear linear) {
    return targets.stream().filter(t -> t.linear.weight().equals(linear.weight())).findFirst();
  }

  /** The targets that read what this one reads, itself among them, in their order. */
  public List<Target> readers(Target target) {
    return targets.stream()
        .filter(t -> t.equals(target) || LinearRole.readTheSame(t.linear, target.linear))
        .toList();
  }

  /** All that learns: A and B of each target, then the biases. */
  public List<Parameter> parameters() {
    List<Parameter> all = new ArrayList<>();
    for (Target t : targets) {
      all.add(t.down);
      all.add(t.up);
    }
    all.addAll(biases);
    return all;
  }
}
