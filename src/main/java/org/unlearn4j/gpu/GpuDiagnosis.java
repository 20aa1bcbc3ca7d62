package org.unlearn4j.gpu;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.base.Tree;

/** What is seen and used of a machine's GPUs, and where something is not, every reason for it. */
public final class GpuDiagnosis {
  private GpuDiagnosis() {}

  /**
   * What {@code doctor} says of GPUs.
   *
   * @param seen by TensorFlow
   * @param used whether ONNX Runtime's CUDA provider loads
   * @param providerError why it does not
   */
  public static Tree of(
      GpuFacts facts, boolean seen, boolean used, Optional<String> providerError) {
    List<GpuCause> causes =
        GpuCauses.of(facts, providerError).stream()
            .map(c -> seen && !used ? c.withoutTensorFlow() : c)
            .filter(c -> !seen || !c.hitsTensorFlow()) // what was seen is not kept from anything
            .filter(c -> !used || c.hitsTensorFlow())
            .toList();
    Tree gpu = new Tree().put("seen", seen).put("onnxruntime_provider", used);
    gpu.put("cuda_build", facts.builds().tensorFlowCuda());
    facts.driver().version().ifPresent(v -> gpu.put("driver", v));
    gpu.put("cards", facts.cards().stream().map(GpuDiagnosis::card).toList());
    if (!seen) {
      gpu.put("why", GpuCauses.why(causes));
    }
    return gpu.put("causes", causes.stream().map(c -> c.tree().entries()).toList());
  }

  private static Map<String, Object> card(GpuFacts.Card card) {
    Tree tree = new Tree().put("index", card.index()).put("name", card.name());
    tree.put("capability", card.capability());
    tree.put("memory_mb", card.memoryMb()).put("memory_free_mb", card.freeMb());
    return tree.put(
            "used_by",
            card.users().stream()
                .map(u -> u.name() + " (" + u.pid() + "): " + u.memoryMb() + " MB")
                .toList())
        .entries();
  }
}
