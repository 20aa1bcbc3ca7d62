package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.RouterWeight;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.Generation;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.StepGraph;

/**
 * TensorFlow optimises the whole graph once for each signature of a run: if deeper models had more
 * signatures, the time to the first step would grow with the square of the layers.
 */
class StartUpTest {
  private static final LoopSettings LOOP =
      new LoopSettings(
          2,
          1,
          2,
          1e-3,
          LoopSettings.Schedule.COSINE,
          1,
          OptimizerSettings.adamW(0.01, 1),
          11,
          1,
          false,
          Optional.empty(),
          RouterWeight.NONE);
  private static final List<TokenRow> ROWS =
      List.of(row(1, 5, 7), row(2, 6, 8), row(3, 7, 9), row(4, 8, 10));

  /**
   * Parameters and twin are assigned, moments and accumulators zeroed; the model is scored and
   * generates; a step's micro-batches, the first and the last; parameters and both moments are read
   * for a checkpoint, and the moments assigned from it.
   */
  private static final int SIGNATURES = 12;

  @TempDir Path folder;

  private static TokenRow row(int... ids) {
    int[] labels = ids.clone();
    labels[0] = TokenRow.IGNORED;
    return new TokenRow(ids, labels);
  }

  /** A tiny one, of which only the number of blocks differs. */
  static Decoder decoder(int layers) {
    return Decoder.of(
        ModelConfig.of(
            new ObjectMapper()
                .createObjectNode()
                .put("model_type", "llama")
                .put("hidden_size", 8)
                .put("num_hidden_layers", layers)
                .put("num_attention_heads", 2)
                .put("num_key_value_heads", 1)
                .put("intermediate_size", 8)
                .put("vocab_size", 16)
                .put("max_position_embeddings", 8)
                .put("rms_norm_eps", 1e-5)
                .put("tie_word_embeddings", true)));
  }

  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  /** What a training and its measurements run, up to a resumption from a checkpoint. */
  private int signatures(int layers) {
    Decoder decoder = decoder(layers);
    Objective objective =
        Objectives.of(
            Pipeline.defaults("GradDiff", List.of("unlearn.objective.retain=KL")).unlearn(),
            decoder);
    StepGraph graph = new StepGraph(decoder, objective, Computations.FP32);
    TrainingData data = new TrainingData(ROWS, ROWS, List.of(), Map.of());
    Trainer.Files files =
        new Trainer.Files(
            folder.resolve(layers + "/checkpoints"), folder.resolve(layers + "/log"), "run");
    try (TrainingStep step = new TrainingStep(graph, OptimizerSettings.adamW(0.01, 1), 2)) {
      TensorFlowModel model =
          TensorFlowModel.within(graph.runtime(), decoder, graph.weights(), Precision.FP32);
      graph.variables().assign(FreshWeights.of(0, 0.1));
      graph.frozen().orElseThrow().assign(FreshWeights.of(0, 0.1));
      model.score(ROWS);
      model.generate(
          List.of(new int[] {1, 2}), Generation.greedy(2, Set.of()), (line, token) -> {});
      Trainer trainer = new Trainer(step, LOOP, data, Trainer.Regularisation.NONE);
      Trainer.Listener kill =
          (done, total, seen) -> {
            if (done == 3) {
              throw new Killed();
            }
          };
      assertThrows(Killed.class, () -> trainer.run(files, kill));
      assertEquals(2, trainer.run(files, (done, total, seen) -> {}).resumedAt());
      assertEquals(decoder.parameters().size(), StepFixture.weights(graph).size());
      return graph.runtime().signatures();
    }
  }

  @Test
  void deeperModelsAreOptimisedNoOftener() {
    int one = signatures(1);
    assertEquals(SIGNATURES, one);
    assertEquals(one, signatures(3));
  }
}
