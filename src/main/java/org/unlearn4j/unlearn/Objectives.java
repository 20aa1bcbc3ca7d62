package org.unlearn4j.unlearn;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.ClRegSettings;
import org.unlearn4j.config.Floor;
import org.unlearn4j.config.Layer;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.config.ObjectiveKeys;
import org.unlearn4j.config.ObjectiveName;
import org.unlearn4j.config.ObjectiveSettings;
import org.unlearn4j.config.QuantizationSettings;
import org.unlearn4j.config.RetainName;
import org.unlearn4j.config.UnlearnSettings;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.FakeQuantization;
import org.unlearn4j.weights.DType;

/**
 * The closed list of objectives: settings in, terms out. A new one is one class and one line here.
 */
public final class Objectives {
  private Objectives() {}

  /**
   * The objective that settings describe, for training: a retain loss of weight 0 is left out.
   *
   * @param decoder the model that it is for
   * @throws UserException for a layer that the model does not have, a pattern that matches no
   *     parameter, or one that leaves no module to a search for salient ones
   */
  public static Objective of(UnlearnSettings settings, Decoder decoder) {
    ObjectiveSettings o = settings.objective();
    Objective objective =
        assemble(settings, decoder, drawn(settings, decoder.config()), o.retains());
    if (settings.salientShare() < 1) {
      Saliency.requireCandidates(decoder, objective, settings.salientShare());
    }
    return objective;
  }

  /**
   * All that an {@code unlearn} block says of an objective, its training's part included.
   *
   * @param formats in which the model's parameters lie in its checkpoint, by name
   * @throws UserException as {@link #of} and {@link #forTraining(Objective, LoopSettings, String,
   *     Decoder, Map)}
   */
  public static Objective forTraining(
      UnlearnSettings settings, Decoder decoder, Map<String, DType> formats) {
    return forTraining(of(settings, decoder), settings.loop(), "unlearn", decoder, formats);
  }

  /**
   * An objective with what a training's settings add: the loss that balances experts, and adapters
   * to train instead of the model.
   *
   * @param block of the pipeline file, for messages
   * @param formats in which the model's parameters lie in its checkpoint, by name
   * @throws UserException for a loss that balances experts of a model without any, or whose
   *     configuration has no coefficient where it is asked for; for linear maps, blocks or a rank
   *     that the model does not have
   */
  public static Objective forTraining(
      Objective objective,
      LoopSettings loop,
      String block,
      Decoder decoder,
      Map<String, DType> formats) {
    return Adaptations.through(
        RouterLoss.added(objective, loop, block, decoder), loop, block, decoder, formats);
  }

  /**
   * The objective for looking at it: a retain loss of weight 0 has a value too, and adapters are
   * left out.
   *
   * @param control RMU's control vector; empty: drawn from the seed
   * @param retainRows whether there are any
   * @throws UserException as {@link #of}, and for a loss that balances experts as {@link
   *     #forTraining(Objective, LoopSettings, String, Decoder, Map)}
   */
  public static Objective forProbing(
      UnlearnSettings settings,
      Decoder decoder,
      Optional<ControlVector> control,
      boolean retainRows) {
    ObjectiveSettings o = settings.objective();
    boolean retains = o.retains() || (o.retain() != RetainName.NONE && retainRows);
    Objective objective =
        assemble(settings, decoder, control.or(() -> drawn(settings, decoder.config())), retains);
    return RouterLoss.added(objective, settings.loop(), "unlearn", decoder);
  }

  private static Optional<ControlVector> drawn(UnlearnSettings settings, ModelConfig model) {
    return settings.objective().name() == ObjectiveName.RMU
        ? Optional.of(
            ControlVector.drawn(
                settings.loop().seed(),
                model.hiddenSize(),
                settings.objective().get(ObjectiveKeys.COEFFICIENT)))
        : Optional.empty();
  }

  private static Objective assemble(
      UnlearnSettings settings, Decoder decoder, Optional<ControlVector> control, boolean retains) {
    ObjectiveSettings o = settings.objective();
    int layers = decoder.config().layers();
    Weighted forget = new Weighted(forget(o, control, layers), o.gamma());
    Weighted retain = retains ? new Weighted(retain(o, layers), o.alpha()) : null;
    Objective objective = Objective.of(o.name().spelling(), forget, retain);
    objective =
        switch (o.name()) {
          case PDU -> objective.with(dual(o));
          case RMU, CIRCUIT_BREAKER ->
              objective.training(trainable(o.get(ObjectiveKeys.TRAINABLE), decoder));
          default -> objective;
        };
    if (!o.floor().equals(Floor.NONE)) {
      objective = objective.with(new Floored(o.get(ObjectiveKeys.PULL)));
    }
    if (settings.robust().isPresent()) {
      objective = objective.robustly();
    }
    if (settings.combine().isPresent()) {
      objective = objective.combining(settings.combine().get());
    }
    if (settings.quantization().isPresent()) {
      objective = objective.with(quantization(settings.quantization().get()));
    }
    Optional<ClRegSettings> clreg = settings.clreg().filter(c -> c.weight() > 0);
    return clreg.isPresent() ? objective.with(regulariser(clreg.get(), layers)) : objective;
  }

  private static QuantizationAware quantization(QuantizationSettings q) {
    FakeQuantization form =
        switch (q.format()) {
          case INT8 -> FakeQuantization.INT8;
          case INT4 -> FakeQuantization.INT4;
          case NONE -> throw new IllegalArgumentException("no format was asked for");
        };
    return new QuantizationAware(form, q.share());
  }

  private static Term forget(ObjectiveSettings o, Optional<ControlVector> control, int layers) {
    return switch (o.name()) {
      case GRAD_ASCENT, GRAD_DIFF -> new MeanNll(Segment.FORGET, -1);
      case NPO -> new Npo(beta(o));
      case SIM_NPO -> new SimNpo(beta(o), o.get(ObjectiveKeys.DELTA));
      case DPO, ALT_PO -> new Dpo(beta(o));
      case RMU ->
          ActivationDistance.steered(
              steered(o, layers).get(0), control.orElseThrow(), o.get(ObjectiveKeys.ADAPTIVE));
      case CIRCUIT_BREAKER -> Rerouting.at(steered(o, layers), o.get(ObjectiveKeys.ORTHOGONALITY));
      case UNDIAL -> new Undial(beta(o));
      case CEU -> new Ceu(o.get(ObjectiveKeys.SKIP_TOKENS));
      case WGA -> new WeightedAscent(beta(o), 0);
      case SAT_IMP -> new WeightedAscent(o.get(ObjectiveKeys.BETA1), o.get(ObjectiveKeys.BETA2));
      case PDU -> new LogitFlatness();
      case IHL -> new InvertedHinge();
      case FLAT -> new Flat(o.get(ObjectiveKeys.DIVERGENCE));
    };
  }

  private static Term retain(ObjectiveSettings o, int layers) {
    return switch (o.retain()) {
      case NLL -> new MeanNll(Segment.RETAIN, 1);
      case KL -> new RetainKl();
      case EMBED_DIFF -> ActivationDistance.kept(steered(o, layers));
      case NONE -> throw new IllegalArgumentException("no retain loss was asked for");
    };
  }

  private static double beta(ObjectiveSettings o) {
    return o.get(ObjectiveKeys.BETA);
  }

  private static Dual dual(ObjectiveSettings o) {
    return new Dual(
        o.get(ObjectiveKeys.EPSILON),
        o.get(ObjectiveKeys.DUAL_STEP),
        o.get(ObjectiveKeys.DUAL_UPDATE),
        o.get(ObjectiveKeys.DUAL_WARMUP));
  }

  /** Where the forget loss moves activations, and {@code EmbedDiff} keeps them. */
  private static List<FeatureLayer> steered(ObjectiveSettings o, int layers) {
    return o.name() == ObjectiveName.RMU
        ? named(ObjectiveKeys.LAYER.path(), List.of(o.get(ObjectiveKeys.LAYER)), layers)
        : named(ObjectiveKeys.LAYERS.path(), o.get(ObjectiveKeys.LAYERS), layers);
  }

  private static List<FeatureLayer> named(String key, List<Layer> names, int layers) {
    return names.stream()
        .map(Layer::toString)
        .map(l -> FeatureLayer.named(key, l, layers))
        .toList();
  }

  private static Set<String> trainable(String regex, Decoder decoder) {
    Pattern pattern = Pattern.compile(regex);
    Set<String> names =
        decoder.parameters().stream()
            .map(Parameter::name)
            .filter(n -> pattern.matcher(n).matches())
            .collect(Collectors.toSet());
    if (names.isEmpty()) {
      throw new UserException(
          "unlearn.objective.trainable: found "
              + regex
              + ", which matches no parameter, expected a pattern for whole names such as "
              + decoder.parameters().get(decoder.parameters().size() - 1).name()
              + ".");
    }
    return names;
  }

  private static Regulariser regulariser(ClRegSettings c, int layers) {
    List<FeatureLayer> at = named("unlearn.clreg.layers", c.layers(), layers);
    Features features =
        new Features(
            at,
            c.pooling() == ClRegSettings.Pooling.LAST ? RowPooling.LAST : RowPooling.MEAN,
            c.stopGradient(),
            c.queue() > 0,
            c.view() == ClRegSettings.View.DROPOUT && c.form().hasView()
                ? c.dropoutProbability()
                : 0);
    return switch (c.form()) {
      case CONTRASTIVE -> new ClReg(features, c.temperature());
      case MARGIN -> new MarginRegulariser(features, c.margin());
      case COMPACT -> new Compactness(features);
      case SUPERVISED -> new SupervisedContrast(features, c.temperature());
    };
  }
}
