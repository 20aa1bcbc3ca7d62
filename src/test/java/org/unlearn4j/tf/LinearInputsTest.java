package org.unlearn4j.tf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.weights.SafeTensors;

/** Sums of what linear maps read. */
class LinearInputsTest {
  private static List<Integer> all(LinearInputs inputs, List<Linear> maps) {
    return maps.stream().map(inputs::input).distinct().toList();
  }

  /** Rows of different lengths together are the rows by themselves: no padding is summed. */
  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2", "mixtral", "gpt_oss"})
  void paddingIsLeftOut(String family) {
    Fixture fixture = Fixture.named(family);
    Decoder decoder = Decoder.of(ModelConfig.read(fixture.folder()));
    List<Linear> maps = decoder.linears();
    List<TokenRow> rows = Fixture.rows(fixture.expected());
    assertTrue(rows.stream().mapToInt(TokenRow::length).distinct().count() > 1);
    try (TfRuntime runtime = new TfRuntime(Computations.FP32);
        SafeTensors weights = SafeTensors.open(fixture.folder())) {
      Variables variables = new Variables(runtime, "", decoder.parameters());
      LinearInputs inputs = new LinearInputs(runtime, decoder, variables, maps, Precision.FP32);
      variables.assign(TfRuntime.checkpoint(weights, decoder.parameters()));
      List<Integer> wanted = all(inputs, maps);
      float[][][] together = inputs.sums(rows, wanted);
      for (int r = 0; r < rows.size(); r++) {
        float[][][] alone = inputs.sums(List.of(rows.get(r)), wanted);
        for (int w = 0; w < wanted.size(); w++) {
          double[] expected = new double[alone[w][0].length];
          double largest = 0;
          for (int i = 0; i < expected.length; i++) {
            expected[i] = alone[w][0][i];
            largest = Math.max(largest, Math.abs(expected[i]));
          }
          // Sums in float32 in another order.
          assertClose("input " + w, expected, together[w][r], 1e-5 * largest, 0);
        }
      }
      requireTokens(decoder, inputs, rows, together, wanted);
    }
  }

  /** Every token is counted at every map, and by as many experts as are chosen for it. */
  private static void requireTokens(
      Decoder decoder,
      LinearInputs inputs,
      List<TokenRow> rows,
      float[][][] sums,
      List<Integer> wanted) {
    List<Linear> experts =
        decoder.linears().stream()
            .filter(l -> l.module().matches(".*layers\\.1\\..*experts\\.\\d+\\.(w1|gate_proj)"))
            .toList();
    int chosen = experts.isEmpty() ? 0 : 2;
    for (int r = 0; r < rows.size(); r++) {
      double counted = 0;
      List<Integer> seen = new ArrayList<>();
      for (Linear l : decoder.linears()) {
        int at = wanted.indexOf(inputs.input(l));
        float[] sum = sums[at][r];
        double tokens = sum[sum.length - 1];
        if (l.module().contains("experts")) {
          assertTrue(tokens <= rows.get(r).length(), l.module());
        } else {
          assertEquals(rows.get(r).length(), tokens, l.module());
        }
        if (experts.contains(l)) {
          assertTrue(!seen.contains(at), "experts read tokens of their own");
          seen.add(at);
          counted += tokens;
        }
        assertEquals(l.in() + 1, sum.length, l.module());
      }
      assertEquals(chosen * rows.get(r).length(), counted);
    }
    assertTrue(Arrays.stream(sums).flatMap(Arrays::stream).allMatch(s -> Float.isFinite(s[0])));
  }
}
