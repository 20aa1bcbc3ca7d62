package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.weights.Variant;

/** The listing says what the exported file holds, and the same each time. */
class OnnxListingTest {
  @TempDir Path temp;

  @ParameterizedTest
  @ValueSource(strings = {"llama", "llama3_rope", "gpt2"})
  void decoderAndExportedFileHaveTheSameListing(String name) {
    Decoder decoder = Decoder.of(ModelConfig.read(Fixture.named(name).folder()));
    String listing = OnnxListing.of(decoder);
    assertEquals(listing, OnnxListing.of(decoder));
    Path folder = Exports.external(name, temp.resolve(name));
    assertEquals(listing, OnnxListing.of(Exports.model(folder)));
  }

  /**
   * Five experts a layer, three matrices each. Branches are further to the right than the two
   * spaces of every line; what stands there is read only where a token asks for the expert.
   */
  @Test
  void codesOfExpertsAreReadInBranches() {
    Decoder mixtral = Decoder.of(ModelConfig.read(Fixture.named("mixtral").folder()));
    List<String> lines = OnnxListing.of(mixtral, Variant.INT8, GraphForm.LATEST).lines().toList();
    List<String> read =
        lines.stream()
            .filter(l -> l.contains("DequantizeLinear(") && l.contains(".experts."))
            .toList();
    assertEquals(2 * 5 * 3, read.size());
    assertTrue(read.stream().allMatch(l -> l.startsWith("      /model/layers.")), read.get(0));
    assertEquals(2 * 5, lines.stream().filter(l -> l.contains("/If  If  -> ")).count());
    assertEquals(2 * 5, lines.stream().filter("    else_branch"::equals).count());
  }

  @Test
  void aLineHasScopeOperatorShapeAndInitializers() {
    String listing = OnnxListing.of(Decoder.of(ModelConfig.read(Fixture.named("llama").folder())));
    for (String line :
        new String[] {
          "  input_ids  int64 [batch_size, sequence_length]",
          "  /model/layers.1/self_attn/k_proj/Gemm  Gemm(transB=1)  -> [tokens, 16]"
              + "  model.layers.1.self_attn.k_proj.weight",
          "  /model/layers.2/Add_1  Add  -> hidden.2 [tokens, 32]",
          "  logits  float [batch_size, sequence_length, 120]",
          "  lm_head.weight  float [120, 32]"
        }) {
      assertTrue(listing.lines().anyMatch(line::equals), line + "\nin\n" + listing);
    }
  }
}
