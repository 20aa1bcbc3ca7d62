package org.unlearn4j.unlearn;

import java.util.List;
import java.util.Optional;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.ClRegSettings;
import org.unlearn4j.config.ObjectiveSettings;
import org.unlearn4j.config.RetainName;

/**
 * The closed list of objectives: settings in, terms out. A new one is one class and one line here.
 */
public final class Objectives {
  private Objectives() {}

  /**
   * The objective that settings describe.
   *
   * @param layers blocks of the model
   * @throws UserException for a loss or an option that is not there yet, or a layer that the model
   *     does not have
   */
  public static Objective of(
      ObjectiveSettings settings, Optional<ClRegSettings> regulariser, int layers) {
    Optional<Term> retain =
        settings.retains() ? Optional.of(retain(settings.retain())) : Optional.empty();
    Optional<ClReg> clReg = regulariser.filter(c -> c.weight() > 0).map(c -> clReg(c, layers));
    return new Objective(
        settings.name().spelling(),
        Optional.of(forget(settings)),
        settings.gamma(),
        retain,
        settings.alpha(),
        clReg);
  }

  private static Term forget(ObjectiveSettings settings) {
    return switch (settings.name()) {
      case GRAD_ASCENT, GRAD_DIFF -> new MeanNll(Segment.FORGET, -1);
      case NPO -> new Npo(((ObjectiveSettings.Beta) settings.method()).beta());
      case SIM_NPO -> {
        ObjectiveSettings.SimNpo m = (ObjectiveSettings.SimNpo) settings.method();
        yield new SimNpo(m.beta(), m.delta());
      }
      case DPO, RMU, UNDIAL, CEU, WGA, SAT_IMP, PDU ->
          throw missing(
              "objective.name", settings.name().spelling(), "GradAscent, GradDiff, NPO or SimNPO");
    };
  }

  private static Term retain(RetainName name) {
    return switch (name) {
      case NLL -> new MeanNll(Segment.RETAIN, 1);
      case KL, EMBED_DIFF, NONE ->
          throw missing("objective.retain", name.spelling(), "NLL or none");
    };
  }

  private static ClReg clReg(ClRegSettings settings, int layers) {
    if (settings.pooling() != ClRegSettings.Pooling.MEAN) {
      throw missing("clreg.pooling", settings.pooling().spelling(), "mean");
    }
    if (settings.queue() > 0) {
      throw missing("clreg.queue", String.valueOf(settings.queue()), "0");
    }
    List<FeatureLayer> at =
        FeatureLayer.named(settings.layers().stream().map(Object::toString).toList(), layers);
    return new ClReg(at, settings.temperature(), settings.stopGradient(), false);
  }

  private static UserException missing(String key, String found, String expected) {
    return new UserException(
        "unlearn."
            + key
            + ": found "
            + found
            + ", which this version does not have yet, expected "
            + expected
            + ".");
  }
}
