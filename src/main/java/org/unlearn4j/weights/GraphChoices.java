package org.unlearn4j.weights;

import java.util.ArrayList;
import java.util.List;

/**
 * What a deployed file may have otherwise than it usually has, beside its variant.
 *
 * @param int4 codes of files in int4
 * @param int8 codes of the int8 file; those of int8-dynamic stay as they are
 * @param hiddenStates whether the residual stream comes out too
 * @param lastLogits whether logits are those of the last position only
 * @param grouped whether attention is ONNX Runtime's operator whose cache may be one buffer
 */
public record GraphChoices(
    CodeFormat int4, CodeFormat int8, boolean hiddenStates, boolean lastLogits, boolean grouped) {
  private static final String HIDDEN_STATES = "hidden_states=true";
  private static final String LAST_LOGITS = "logits=last";

  /** What {@link #changes} says of files whose attention is grouped. */
  public static final String GROUPED = "attention=grouped";

  /** What files have unless somebody asks for something else. */
  public static GraphChoices defaults() {
    return of(CodeFormat.INT4, CodeFormat.INT8);
  }

  /** Other codes, and the usual outputs. */
  public static GraphChoices of(CodeFormat int4, CodeFormat int8) {
    return new GraphChoices(int4, int8, false, false, false);
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
      case INT4, Q4F16 -> new GraphChoices(codes, int8, hiddenStates, lastLogits, grouped);
      case INT8 -> new GraphChoices(int4, codes, hiddenStates, lastLogits, grouped);
      case FP32, FP16, INT8_DYNAMIC -> this;
    };
  }

  /** The same codes with other outputs. */
  public GraphChoices outputs(boolean hidden, boolean last) {
    return new GraphChoices(int4, int8, hidden, last, grouped);
  }

  /** The same with the other operator for attention, or without. */
  public GraphChoices attention(boolean groups) {
    return new GraphChoices(int4, int8, hiddenStates, lastLogits, groups);
  }

  /** What a variant's file has otherwise, {@code name=value} with commas between; may be empty. */
  public String changes(Variant variant) {
    List<String> all = new ArrayList<>();
    variant
        .codes()
        .map(usual -> codes(variant).changes(usual))
        .filter(c -> !c.isEmpty())
        .ifPresent(all::add);
    if (hiddenStates) {
      all.add(HIDDEN_STATES);
    }
    if (lastLogits) {
      all.add(LAST_LOGITS);
    }
    if (grouped) {
      all.add(GROUPED);
    }
    return String.join(",", all);
  }

  /**
   * The choices that {@link #changes} describes.
   *
   * @throws org.unlearn4j.base.UserException naming what is no choice
   */
  public static GraphChoices read(Variant variant, String changes, String where) {
    List<String> codes = new ArrayList<>(List.of(changes.split(",", -1)));
    boolean hidden = codes.remove(HIDDEN_STATES);
    boolean last = codes.remove(LAST_LOGITS);
    boolean groups = codes.remove(GROUPED);
    GraphChoices usual = defaults();
    return usual
        .with(variant, usual.codes(variant).with(String.join(",", codes), where))
        .outputs(hidden, last)
        .attention(groups);
  }
}
