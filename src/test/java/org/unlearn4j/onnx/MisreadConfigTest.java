package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.fixtures.LogitDistance;

/**
 * Negative controls of what families read from their configuration: a reader that takes one setting
 * for another is the right reader of another file. Each moves some logit by as much as an
 * independent implementation says of that mistake, which is far beyond the tolerance of 5e-5.
 */
class MisreadConfigTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path temp;

  /** {@code moves} has two digits, so it is within a twentieth of what is found. */
  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '#',
      value = {
        "gemma3_text | global base on local layers | 3.3"
            + " | {'rope_parameters': {'sliding_attention': {'rope_theta': 30000}}}",
        "gemma3_text | local base on the global layer | 1.1"
            + " | {'rope_parameters': {'full_attention': {'rope_theta': 90}}}",
        "gemma3_text | window one longer | 4.5 | {'sliding_window': 6}",
        "gemma3_text | window one shorter | 3.8 | {'sliding_window': 4}",
        "gemma3_text | no window | 6.5 | {'sliding_window': null}",
        "gemma3_text | pattern counted from 0 | 6.3"
            + " | {'layer_types': ['full_attention', 'sliding_attention', 'sliding_attention',"
            + " 'sliding_attention', 'sliding_attention', 'sliding_attention']}",
        "gemma3_text | scale by the head size | 1.2 | {'query_pre_attn_scalar': 10}",
        "smollm3 | rope everywhere | 1.7 | {'no_rope_layers': [1, 1, 1, 1]}",
        "smollm3 | flags the other way round | 7.9 | {'no_rope_layers': [0, 0, 0, 1]}",
        "smollm3 | layer 0 instead of 3 | 8.1 | {'no_rope_layers': [0, 1, 1, 1]}",
        "qwen3_moe | one expert fewer | 2.3 | {'num_experts_per_tok': 1}",
        "qwen3_moe | all experts | 1.5 | {'num_experts_per_tok': 6}",
        "qwen3_moe | not divided by their sum | 1.6 | {'norm_topk_prob': false}",
        "mixtral | one expert fewer | 5.1 | {'num_experts_per_tok': 1}",
        "mixtral | all experts | 2.4 | {'num_experts_per_tok': 5}",
        "gpt_oss | alpha 1 | 1.9 | {'swiglu_alpha': 1}",
        "gpt_oss | no clamp | 2.3 | {'swiglu_limit': 1e30}",
        "gpt_oss | no attention factor | 4.2 | {'rope_parameters': {'attention_factor': 1}}",
        "gpt_oss | bounds truncated | 0.58 | {'rope_parameters': {'truncate': true}}",
        "gpt_oss | window one longer | 6.9 | {'sliding_window': 6}",
        "gpt_oss | window one shorter | 8.7 | {'sliding_window': 4}",
        "gpt_oss | no window | 7.7 | {'sliding_window': null}",
        "gpt_oss | full layers first | 8.5 | {'layer_types': ['full_attention',"
            + " 'sliding_attention', 'full_attention', 'sliding_attention']}",
        "gpt_oss | YaRN on full layers only | 4.8 | {'rope_parameters': {'full_attention':"
            + " {'rope_type': 'yarn', 'rope_theta': 150000, 'factor': 8, 'truncate': false,"
            + " 'original_max_position_embeddings': 256},"
            + " 'sliding_attention': {'rope_type': 'default', 'rope_theta': 150000}}}",
        "granite | no embedding factor | 1.5 | {'embedding_multiplier': 1}",
        "granite | scale by the head size | 1.3 | {'attention_multiplier': 0.35355339059327}",
        "granite | on top of it | 3.3 | {'attention_multiplier': 0.19445436482630}",
        "granite | no residual factor | 1.0 | {'residual_multiplier': 1}",
        "granite | logits not divided | 2.2 | {'logits_scaling': 1}",
        "granite | logits multiplied | 5.8 | {'logits_scaling': 0.625}",
        // 1.29099444874 is the right factor.
        "phi4mini | no attention factor | 4.0 | {'rope_parameters': {'attention_factor': 1}}",
        "phi4mini | squared | 4.8 | {'rope_parameters': {'attention_factor': 1.66666666667}}",
        "phi4mini | long factors | 5.4 | {'rope_parameters':"
            + " {'short_factor': [3.303, 5.9242, 9.8703, 3.621, 4.6767, 4.6784]}}",
        "phi4mini | no short factors | 6.4"
            + " | {'rope_parameters': {'short_factor': [1, 1, 1, 1, 1, 1]}}",
        "phi4mini | multiplied by them | 6.6 | {'rope_parameters': {'short_factor':"
            + " [0.496697, 0.577634, 0.877270, 0.447648, 0.445256, 0.410273]}}",
        "olmo3 | YaRN on sliding layers too | 5.3 | {'rope_parameters': {'sliding_attention':"
            + " {'rope_type': 'yarn', 'factor': 4, 'attention_factor': 1.3,"
            + " 'original_max_position_embeddings': 256}}}",
        "olmo3 | no attention factor | 1.4"
            + " | {'rope_parameters': {'full_attention': {'attention_factor': 1}}}",
        "olmo3 | by formula | 0.63"
            + " | {'rope_parameters': {'full_attention': {'attention_factor': null}}}",
        "olmo3 | bounds not truncated | 0.14"
            + " | {'rope_parameters': {'full_attention': {'truncate': false}}}",
        "olmo3 | no YaRN | 1.4"
            + " | {'rope_parameters': {'full_attention': {'rope_type': 'default'}}}",
        "olmo3 | window one longer | 6.0 | {'sliding_window': 6}",
        "olmo3 | window one shorter | 9.1 | {'sliding_window': 4}",
        "olmo3 | no window | 8.2 | {'sliding_window': null}",
        "olmo3 | layer 0 full | 8.5 | {'layer_types': ['full_attention', 'sliding_attention',"
            + " 'sliding_attention', 'sliding_attention']}"
      })
  void movesLogits(String name, String mistake, double moves, String change) throws IOException {
    Fixture fixture = Fixture.named(name);
    Path source = Exports.source(name, temp.resolve("source"));
    Path file = source.resolve("config.json");
    ObjectNode config = (ObjectNode) JSON.readTree(file.toFile());
    merge(config, JSON.readTree(change.replace("'", "\"")));
    JSON.writeValue(file.toFile(), config);
    Path folder = temp.resolve("onnx");
    OnnxExporter.export(source, folder, ExportOptions.defaults());
    try (OrtModel model = OrtModel.open(folder)) {
      float[][][] logits = model.logits(Fixture.rows(fixture.expected()));
      double worst = LogitDistance.of(fixture, logits).worst();
      assertClose(mistake, moves, worst, 0, 0.05);
      assertTrue(worst > 5e-5, mistake + " within the tolerance: " + worst);
    }
  }

  private static void merge(ObjectNode config, JsonNode change) {
    change
        .properties()
        .forEach(
            e -> {
              if (e.getValue().isObject() && config.path(e.getKey()) instanceof ObjectNode inner) {
                merge(inner, e.getValue());
              } else {
                config.set(e.getKey(), e.getValue());
              }
            });
  }
}
