package org.unlearn4j.onnx;

import java.util.Set;
import org.unlearn4j.base.UserException;
import org.unlearn4j.weights.CodeFormat;
import org.unlearn4j.weights.GraphChoices;
import org.unlearn4j.weights.Variant;

/**
 * How a decoder is written as a graph.
 *
 * @param variant number formats
 * @param opset version of the standard operator set: {@value #LATEST}, or {@value #OLDER} for
 *     runtimes that do not know the operators for whole words of a decoder yet
 * @param quantizedEmbeddings whether the token table of an int4 graph is read in codes too
 * @param choices what it may have otherwise than usual
 */
record GraphForm(Variant variant, int opset, boolean quantizedEmbeddings, GraphChoices choices) {
  static final int LATEST = 23;
  static final int OLDER = 17;
  static final Set<Integer> OPSETS = Set.of(OLDER, LATEST);

  GraphForm {
    if (!OPSETS.contains(opset)) {
      throw new UserException(
          "ONNX opset: found " + opset + ", expected " + OLDER + " or " + LATEST + ".");
    }
  }

  static GraphForm of(Variant variant) {
    return of(variant, LATEST);
  }

  static GraphForm of(Variant variant, int opset) {
    return new GraphForm(variant, opset, false, GraphChoices.defaults());
  }

  /** How linear maps are put in codes, if the variant has codes. */
  CodeFormat codes() {
    return choices.codes(variant);
  }

  /** The first intermediate representation that knows the opset (ONNX 1.12 and 1.18). */
  int irVersion() {
    return opset == OLDER ? 8 : 11;
  }
}
