package org.unlearn4j.parity;

import java.util.Locale;
import java.util.Optional;
import org.unlearn4j.lm.LanguageModel;

/**
 * What is measured of two models' numbers, by its name in verify.json: the constant's in lower
 * case. {@link NumericParity} measures all but those that are another one over the logits' spread.
 */
public enum NumericMeasure {
  /** Largest absolute difference between two logits. */
  LOGIT_MAX_ABS(Evidence.BOTH_SIDES),
  /** Mean absolute difference. */
  LOGIT_MEAN_ABS(Evidence.BOTH_SIDES),
  /** The root of the logits' mean variance over the vocabulary, trained side. */
  LOGIT_SPREAD(Evidence.BOTH_SIDES),
  LOGIT_MAX_RELATIVE(LOGIT_MAX_ABS),
  LOGIT_MEAN_RELATIVE(LOGIT_MEAN_ABS),
  /** Mean of KL(trained || deployed) over labelled tokens, nats. */
  KL_MEAN(Evidence.BOTH_SIDES),
  /** Its 99.9th percentile. */
  KL_P999(Evidence.BOTH_SIDES),
  /** Share of labelled tokens with the same most probable token. */
  TOP1_AGREEMENT(Evidence.BOTH_SIDES),
  /** Largest logit difference between one pass and two with a cache; NaN where there is none. */
  CHUNKED_PREFILL(Evidence.OWN_CACHE),
  /**
   * Largest amount by which a token that was decoded step by step with the cache is below the
   * largest logit of one full pass; NaN where there is no cache.
   */
  CACHED_DECODING(Evidence.OWN_CACHE),
  /**
   * Largest logit difference between a row in one pass and its prompt in a batch that is padded on
   * the left; NaN where it cannot be padded so.
   */
  LEFT_PADDING(Evidence.OWN_PADDING),
  CHUNKED_PREFILL_RELATIVE(CHUNKED_PREFILL),
  CACHED_DECODING_RELATIVE(CACHED_DECODING),
  LEFT_PADDING_RELATIVE(LEFT_PADDING);

  /** What a measure holds against each other. */
  enum Evidence {
    /** The trained model and the deployed file. */
    BOTH_SIDES,
    /** The deployed file with its key-value cache, and itself. */
    OWN_CACHE,
    /** The deployed file behind padding, and itself. */
    OWN_PADDING
  }

  private final Evidence evidence;
  private final NumericMeasure absolute;

  NumericMeasure(Evidence evidence) {
    this.evidence = evidence;
    this.absolute = null;
  }

  /** Another one over the spread. */
  NumericMeasure(NumericMeasure absolute) {
    this.evidence = absolute.evidence;
    this.absolute = absolute;
  }

  /** Its name in verify.json. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** What is divided by the spread; empty for what is measured itself. */
  Optional<NumericMeasure> absolute() {
    return Optional.ofNullable(absolute);
  }

  /** Whether it is of both sides: what is held against itself only may be any other model. */
  boolean comparesModels() {
    return evidence == Evidence.BOTH_SIDES;
  }

  /** Whether a deployed file has what is measured. */
  boolean isOf(LanguageModel deployed) {
    return switch (evidence) {
      case BOTH_SIDES -> true;
      case OWN_CACHE -> deployed.cached();
      case OWN_PADDING -> deployed.padsLeft();
    };
  }
}
