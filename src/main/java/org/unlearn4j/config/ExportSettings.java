package org.unlearn4j.config;

import java.util.List;
import org.unlearn4j.weights.GraphChoices;
import org.unlearn4j.weights.Variant;

/**
 * The ONNX files that are written.
 *
 * @param adapter where what an adapter has learned is
 * @param choices what files have otherwise than usual
 */
public record ExportSettings(
    List<Variant> variants, int opset, Adapter adapter, GraphChoices choices) {
  public ExportSettings {
    variants = List.copyOf(variants);
  }

  /** Whether the base is deployed as it was, with an adapter that can be switched on. */
  public boolean separate() {
    return adapter == Adapter.SEPARATE;
  }

  /** Of which positions a file gives logits. */
  public enum Logits implements Spelled {
    ALL("all"),
    /** What generating text needs. */
    LAST("last");

    private final String spelling;

    Logits(String spelling) {
      this.spelling = spelling;
    }

    @Override
    public String spelling() {
      return spelling;
    }
  }

  /** Which operator attends. */
  public enum Attention implements Spelled {
    /** That of the operator set, or its parts. */
    STANDARD("standard"),
    /** ONNX Runtime's own. */
    GROUPED("grouped");

    private final String spelling;

    Attention(String spelling) {
      this.spelling = spelling;
    }

    @Override
    public String spelling() {
      return spelling;
    }
  }

  /** Where what an adapter has learned is. */
  public enum Adapter implements Spelled {
    /** In the weights. */
    MERGED("merged"),
    /** In a file of ONNX Runtime's, which a base with inputs for it can be run with. */
    SEPARATE("separate");

    private final String spelling;

    Adapter(String spelling) {
      this.spelling = spelling;
    }

    @Override
    public String spelling() {
      return spelling;
    }
  }
}
