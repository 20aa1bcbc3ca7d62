package org.unlearn4j.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.unlearn4j.base.UserException;

class LayerTest {
  @Test
  void countsBlocksFromZeroAfterTheEmbeddings() {
    assertEquals(0, Layer.EMBEDDINGS.featureIndex(3));
    assertEquals(1, new Layer("0").featureIndex(3));
    assertEquals(3, new Layer("2").featureIndex(3));
    assertEquals(3, Layer.LAST.featureIndex(3));
  }

  @Test
  void aBlockTheModelDoesNotHaveIsTheUsersMistake() {
    UserException e = assertThrows(UserException.class, () -> new Layer("3").featureIndex(3));
    assertEquals(
        "pipeline: found layer 3, expected embeddings, last or a block from 0 to 2 of this model.",
        e.getMessage());
  }
}
