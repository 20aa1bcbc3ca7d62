package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;

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
