package org.unlearn4j.config;

import java.util.List;

/** The ONNX files that are written. */
public record ExportSettings(List<Variant> variants, int opset) {

  /** Number formats of the weights. */
  public enum Variant implements Spelled {
    FP32("fp32"),
    FP16("fp16"),
    INT8("int8"),
    INT4("int4");

    private final String spelling;

    Variant(String spelling) {
      this.spelling = spelling;
    }

    @Override
    public String spelling() {
      return spelling;
    }
  }
}
