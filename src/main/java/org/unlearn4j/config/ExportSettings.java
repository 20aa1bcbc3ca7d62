package org.unlearn4j.config;

import java.util.List;
import org.unlearn4j.weights.Variant;

/** The ONNX files that are written. */
public record ExportSettings(List<Variant> variants, int opset) {}
