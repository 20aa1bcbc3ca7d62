package org.unlearn4j.config;

import static org.unlearn4j.config.Fallback.constant;
import static org.unlearn4j.config.ValueType.choice;
import static org.unlearn4j.config.ValueType.dropProbability;
import static org.unlearn4j.config.ValueType.flag;
import static org.unlearn4j.config.ValueType.integer;
import static org.unlearn4j.config.ValueType.layer;
import static org.unlearn4j.config.ValueType.listOf;
import static org.unlearn4j.config.ValueType.nonNegative;
import static org.unlearn4j.config.ValueType.positive;

import java.util.List;

/** The keys of {@code unlearn.clreg} and their defaults. */
final class ClRegKeys {
  private ClRegKeys() {}

  static final Key<ClRegSettings.Form> FORM =
      key(
          "unlearn.clreg.form",
          choice(ClRegSettings.Form.class),
          constant(ClRegSettings.Form.CONTRASTIVE),
          "CLReg, or one of the alternatives to it");
  static final Key<Double> WEIGHT =
      key("unlearn.clreg.weight", nonNegative(), constant(0.1), "lambda; 0: off");
  static final Key<Double> TEMPERATURE =
      key("unlearn.clreg.temperature", positive(), constant(0.1), "tau");
  static final Key<Double> MARGIN =
      key(
          "unlearn.clreg.margin",
          ValueType.cosine(),
          constant(0.0),
          "cosine that is allowed, for `form: margin`");
  static final Key<List<Layer>> LAYERS =
      key(
          "unlearn.clreg.layers",
          listOf(layer(), "layers"),
          constant(List.of(Layer.LAST)),
          "residual streams that are regularised; the term is their mean");
  static final Key<ClRegSettings.Pooling> POOLING =
      key(
          "unlearn.clreg.pooling",
          choice(ClRegSettings.Pooling.class),
          constant(ClRegSettings.Pooling.MEAN),
          "labelled tokens to one vector");
  static final Key<ClRegSettings.View> VIEW =
      key(
          "unlearn.clreg.view",
          choice(ClRegSettings.View.class),
          constant(ClRegSettings.View.MASK),
          "how the positive is made");
  static final Key<Double> MASK_PROBABILITY =
      key(
          "unlearn.clreg.mask_probability",
          dropProbability(),
          constant(0.15),
          "of a token, for `view: mask`");
  static final Key<Double> DROPOUT_PROBABILITY =
      key(
          "unlearn.clreg.dropout_probability",
          dropProbability(),
          constant(0.1),
          "of a feature, for `view: dropout`");
  static final Key<Integer> QUEUE =
      key(
          "unlearn.clreg.queue",
          integer(0),
          constant(0),
          "retain features of earlier steps that are negatives too");
  static final Key<Boolean> STOP_GRADIENT =
      key(
          "unlearn.clreg.stop_gradient",
          flag(),
          constant(true),
          "whether the negatives are constants");
  static final Key<Integer> WARMUP_STEPS =
      key(
          "unlearn.clreg.warmup_steps",
          integer(0),
          constant(0),
          "optimiser steps over which `weight` grows from 0");

  static final List<Key<?>> ALL =
      List.of(
          FORM,
          WEIGHT,
          TEMPERATURE,
          MARGIN,
          LAYERS,
          POOLING,
          VIEW,
          MASK_PROBABILITY,
          DROPOUT_PROBABILITY,
          QUEUE,
          STOP_GRADIENT,
          WARMUP_STEPS);

  private static <T> Key<T> key(String path, ValueType<T> type, Fallback<T> fallback, String doc) {
    return new Key<>(path, type, fallback, doc);
  }
}
