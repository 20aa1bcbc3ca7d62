package org.unlearn4j.weights;

import java.util.List;

/**
 * What a deployed file may have otherwise than it usually has, beside its variant.
 *
 * @param int4 codes of files in int4
 * @param int8 codes of the int8 file; those of int8-dynamic stay as they are
 */
public record GraphChoices(CodeFormat int4, CodeFormat int8) {

  /** What files have unless somebody asks for something else. */
  public static GraphChoices defaults() {
    return new GraphChoices(CodeFormat.INT4, CodeFormat.INT8);
  }

  /**
   * The variants whose codes a choice is of.
   *
   * @param bits of the codes: 4 or 8
   */
  public static List<Variant> variants(int bits) {
    return bits == CodeFormat.INT4.bits()
        ? List.of(Variant.INT4, Variant.Q4F16)
        : List.of(Variant.INT8);
  }

  /** How the linear maps of a variant are put in codes; of no meaning where it has none. */
  public CodeFormat codes(Variant variant) {
    return switch (variant) {
      case INT4 -> int4;
      case Q4F16 -> int4.withHalfScales();
      case INT8 -> int8;
      case FP32, FP16, INT8_DYNAMIC -> CodeFormat.INT8;
    };
  }

  /** The same with other codes for a variant. */
  public GraphChoices with(Variant variant, CodeFormat codes) {
    return switch (variant) {
      case INT4, Q4F16 -> new GraphChoices(codes, int8);
      case INT8 -> new GraphChoices(int4, codes);
      case FP32, FP16, INT8_DYNAMIC -> this;
    };
  }

  /** What a variant's file has otherwise, {@code name=value} with commas between; may be empty. */
  public String changes(Variant variant) {
    return variant.codes().map(usual -> codes(variant).changes(usual)).orElse("");
  }

  /**
   * The choices that {@link #changes} describes.
   *
   * @throws org.unlearn4j.base.UserException naming what is no choice
   */
  public static GraphChoices read(Variant variant, String changes, String where) {
    GraphChoices usual = defaults();
    return usual.with(variant, usual.codes(variant).with(changes, where));
  }
}
