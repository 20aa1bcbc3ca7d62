package org.unlearn4j.parity;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How far two models' numbers are apart on the same rows.
 *
 * @param positions positions whose logits were compared
 * @param labelledTokens labelled tokens whose distributions were compared
 * @param logitMaxAbs largest absolute difference between two logits
 * @param logitMeanAbs mean absolute difference
 * @param logitSpread the root of the logits' mean variance over the vocabulary, trained side
 * @param klMean mean of KL(trained || deployed) over labelled tokens, nats
 * @param klP999 its 99.9th percentile
 * @param top1Agreement share of labelled tokens with the same most probable token
 * @param chunkedPrefill largest logit difference between one pass and two with a cache, deployed
 *     side; NaN where it has none
 * @param cachedDecoding largest amount by which a token that was decoded step by step with the
 *     cache is below the largest logit of one full pass, deployed side; NaN where it has none
 * @param leftPadding largest logit difference between a row in one pass and its prompt in a batch
 *     that is padded on the left, deployed side; NaN where it cannot be padded so
 */
public record NumericDifference(
    long positions,
    int labelledTokens,
    double logitMaxAbs,
    double logitMeanAbs,
    double logitSpread,
    double klMean,
    double klP999,
    double top1Agreement,
    double chunkedPrefill,
    double cachedDecoding,
    double leftPadding) {

  /** The largest difference in units of the spread. */
  public double logitMaxRelative() {
    return logitMaxAbs / logitSpread;
  }

  /** The mean difference in units of the spread. */
  public double logitMeanRelative() {
    return logitMeanAbs / logitSpread;
  }

  /** By the names of verify.json. */
  Map<String, Double> named() {
    Map<String, Double> named = new LinkedHashMap<>();
    named.put("positions", (double) positions);
    named.put("labelled_tokens", (double) labelledTokens);
    named.put("logit_max_abs", logitMaxAbs);
    named.put("logit_mean_abs", logitMeanAbs);
    named.put("logit_spread", logitSpread);
    named.put("logit_max_relative", logitMaxRelative());
    named.put("logit_mean_relative", logitMeanRelative());
    named.put("kl_mean", klMean);
    named.put("kl_p999", klP999);
    named.put("top1_agreement", top1Agreement);
    named.put("chunked_prefill", chunkedPrefill);
    named.put("cached_decoding", cachedDecoding);
    named.put("left_padding", leftPadding);
    named.put("chunked_prefill_relative", chunkedPrefill / logitSpread);
    named.put("cached_decoding_relative", cachedDecoding / logitSpread);
    named.put("left_padding_relative", leftPadding / logitSpread);
    return named;
  }
}
