package org.unlearn4j.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.unlearn4j.base.UserException;

/** Settings of what adapters begin with. */
class AdapterSettingsTest {
  private static AdapterSettings read(String... sets) {
    return Pipeline.defaults("NPO", List.of(sets)).unlearn().loop().adapter().orElseThrow();
  }

  private static void refused(String expected, String... sets) {
    UserException e =
        assertThrows(UserException.class, () -> Pipeline.defaults("NPO", List.of(sets)));
    assertTrue(e.getMessage().contains(expected), e.getMessage());
  }

  @Test
  void rowsGuideAsPublishedUnlessTheFileSaysOtherwise() {
    AdapterSettings plain = read("unlearn.adapter.rank=4");
    assertEquals(AdapterSettings.Init.GAUSSIAN, plain.init());
    assertEquals(new AdapterSettings.Guidance(0.7, 0, 128), plain.guidance());
    AdapterSettings guided =
        read(
            "unlearn.adapter.init=ReGLU",
            "unlearn.adapter.beta=0.5",
            "unlearn.adapter.orthogonality=0.25",
            "unlearn.adapter.orthogonality_rank=8");
    assertEquals(AdapterSettings.Init.REGLU, guided.init());
    assertEquals(new AdapterSettings.Guidance(0.5, 0.25, 8), guided.guidance());
  }

  @Test
  void onlyUnlearningHasRowsToForget() {
    refused(
        "finetune.adapter.init=ReGLU: found ReGLU where no rows", "finetune.adapter.init=ReGLU");
    refused("relearn.adapter.init=ReGLU: found ReGLU where no rows", "relearn.adapter.init=ReGLU");
    refused("beta", "finetune.adapter.beta=0.5");
    assertEquals(
        AdapterSettings.Init.PISSA,
        Pipeline.defaults("NPO", List.of("relearn.adapter.init=PiSSA"))
            .relearn()
            .orElseThrow()
            .loop()
            .adapter()
            .orElseThrow()
            .init());
  }

  @Test
  void whatCannotBeMeantIsRefused() {
    refused("unlearn.adapter.beta=1: found 1", "unlearn.adapter.beta=1");
    refused(
        "unlearn.adapter.orthogonality=0.5: found a weight beside unlearn.robust",
        "unlearn.adapter.orthogonality=0.5",
        "unlearn.robust.attack=SAM");
  }
}
