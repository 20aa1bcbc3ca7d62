package org.unlearn4j.config;

import static org.unlearn4j.config.Fallback.constant;
import static org.unlearn4j.config.ValueType.choice;
import static org.unlearn4j.config.ValueType.integer;
import static org.unlearn4j.config.ValueType.nonNegative;
import static org.unlearn4j.config.ValueType.positiveShare;

import java.util.List;

/** The keys of {@code unlearn} that belong to no other block: what learns, and what is watched. */
final class UnlearnKeys {
  private UnlearnKeys() {}

  static final Key<QuantizationSettings.Format> QUANTIZATION_AWARE =
      new Key<>(
          "unlearn.quantization_aware",
          choice(QuantizationSettings.Format.class),
          constant(QuantizationSettings.Format.NONE),
          "makes forgetting survive in files of this format (docs/results/quantization.md)");
  static final Key<Double> QUANTIZATION_SHARE =
      new Key<>(
          "unlearn.quantization_share",
          positiveShare(),
          constant(0.5),
          "with `quantization_aware`, part of the steps that see the weights of that format; the"
              + " others see full precision");

  static final Key<Double> SALIENT_SHARE =
      new Key<>(
          "unlearn.salient_share",
          positiveShare(),
          constant(1.0),
          "part of the weights of the blocks' linear maps that learns, the maps most salient for"
              + " forgetting first, and nothing else does; 1: the whole model learns"
              + " (docs/results/quantization.md)");

  static final Key<Integer> RETAIN_ROWS =
      new Key<>(
          "unlearn.retain_rows",
          integer(1),
          constant(1),
          "retain rows beside each forget row of a step; more take longer");

  static final Key<Double> WATCH =
      new Key<>(
          "unlearn.watch",
          nonNegative(),
          constant(1.0),
          "epochs between measurements of likelihoods while it unlearns, in `logs/train.jsonl` and"
              + " the report; 0: none");
  static final Key<Integer> WATCH_ROWS =
      new Key<>(
          "unlearn.watch_rows",
          integer(1),
          constant(40),
          "rows of each set that are measured, at equal distances");

  static final List<Key<?>> ALL =
      List.of(
          RETAIN_ROWS, QUANTIZATION_AWARE, QUANTIZATION_SHARE, SALIENT_SHARE, WATCH, WATCH_ROWS);
}
