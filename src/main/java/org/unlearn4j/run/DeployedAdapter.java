package org.unlearn4j.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.adapter.MergedWeights.Weighted;
import org.unlearn4j.adapter.SummedFactors;
import org.unlearn4j.base.UserException;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.onnx.AdapterFactor;
import org.unlearn4j.onnx.AdapterFile;

/**
 * An adapter read back from a deployed folder, and held against the one that was trained.
 *
 * @param values as the file has them
 * @param changed values that are not, bit for bit, what this program writes for the trained adapter
 * @param offending the matrices that they are in, each with their number
 */
record DeployedAdapter(List<Weighted> values, long changed, List<String> offending) {

  /**
   * Reads it.
   *
   * @param onnx the deployed folder
   * @param decoder of the base
   * @param trained what it should be
   * @throws UserException if the folder has none, or it is damaged
   */
  static DeployedAdapter read(Path onnx, String variant, Decoder decoder, List<Weighted> trained) {
    AdapterFile file =
        AdapterFile.read(
            AdapterFile.in(onnx, variant)
                .orElseThrow(
                    () ->
                        UserException.at(
                            onnx,
                            "",
                            "no " + AdapterFile.NAME + " beside its models",
                            "one, as export.adapter: separate writes it")));
    Map<String, AdapterFactor> due = new LinkedHashMap<>();
    AdapterFiles.factors(trained).forEach(f -> due.put(f.name(), f));
    Map<String, Long> differing = new LinkedHashMap<>();
    due.forEach((name, f) -> differing.put(name, differing(f, file.factors().get(name))));
    file.factors().forEach((name, f) -> differing.computeIfAbsent(name, n -> size(f)));
    differing.values().removeIf(n -> n == 0);
    return new DeployedAdapter(
        SummedFactors.adapters(factors(file, decoder)),
        differing.values().stream().mapToLong(Long::longValue).sum(),
        differing.entrySet().stream().map(e -> e.getKey() + " (" + e.getValue() + ")").toList());
  }

  private static List<SummedFactors> factors(AdapterFile file, Decoder decoder) {
    List<SummedFactors> factors = new ArrayList<>();
    decoder
        .linears()
        .forEach(
            l -> {
              Optional<AdapterFactor> a = file.down(l.module());
              Optional<AdapterFactor> b = file.up(l.module());
              if (a.isPresent() && b.isPresent()) {
                factors.add(
                    new SummedFactors(l, a.get().columns(), a.get().values(), b.get().values()));
              }
            });
    return factors;
  }

  private static long size(AdapterFactor f) {
    return (long) f.rows() * f.columns();
  }

  private static long differing(AdapterFactor due, AdapterFactor found) {
    if (found == null || found.rows() != due.rows() || found.columns() != due.columns()) {
      return size(due);
    }
    float[] a = due.values().get();
    float[] b = found.values().get();
    long differing = 0;
    for (int i = 0; i < a.length; i++) {
      differing += Float.floatToRawIntBits(a[i]) == Float.floatToRawIntBits(b[i]) ? 0 : 1;
    }
    return differing;
  }
}
