package org.unlearn4j.adapter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.unlearn4j.base.UserException;
import org.unlearn4j.fixtures.Adapters;
import org.unlearn4j.weights.DType;

/** What is no adapter of a model is refused, all of it at once. */
class AdapterMistakesTest {
  private static final String A = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";
  private static final String B = "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight";
  private static final Map<String, List<Integer>> GOOD =
      Map.of(A, List.of(8, 32), B, List.of(32, 8));
  private static final String HERE = "\"target_modules\": [\"layers.0.self_attn.q_proj\"]";

  @TempDir Path temp;

  private String refused(String config, Map<String, List<Integer>> tensors, String family) {
    Path folder = Adapters.folder(temp.resolve("in"), config, tensors, DType.F32);
    return assertThrows(
            UserException.class, () -> AdapterFolder.read(folder, Adapters.decoder(family)))
        .getMessage();
  }

  private static void says(String message, String... parts) {
    for (String part : parts) {
      assertTrue(message.contains(part), part + " in\n" + message);
    }
    assertEquals(parts.length, message.lines().count(), message);
  }

  private static String config(String more) {
    return "{\"peft_type\": \"LORA\", " + HERE + more + "}";
  }

  @Test
  void theFolderItselfIsFine() {
    Path folder = Adapters.folder(temp.resolve("in"), config(""), GOOD, DType.F32);
    assertEquals(1, AdapterFolder.read(folder, Adapters.decoder("llama")).size());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"use_dora\": true | use_dora: found true, expected nothing there: it asks for DoRA",
        "\"modules_to_save\": [\"lm_head\"] | modules_to_save: found [\"lm_head\"]",
        "\"lora_bias\": true | lora_bias: found true",
        "\"trainable_token_indices\": [1] | rows of the token table",
        "\"layer_replication\": [[0, 2]] | blocks that are used several times",
        "\"alora_invocation_tokens\": [1, 2] | an adapter for some tokens only",
        "\"init_lora_weights\": \"pissa\" | path_initial_model_for_weight_conversion",
        "\"use_tomorrow\": true | use_tomorrow: found true, expected no such key",
        "\"bias\": \"some\" | bias: found \"some\", expected none, all or lora_only",
        "\"task_type\": \"SEQ_CLS\" | task_type: found \"SEQ_CLS\", expected CAUSAL_LM",
        "\"lora_alpha\": \"x\" | lora_alpha: found \"x\", expected a finite number",
        "\"rank_pattern\": {\"(\": 2} | rank_pattern.(: found 2, expected a name that is a regular",
      })
  void whatIsNoLowRankSumIsRefusedByName(String key, String expected) {
    says(refused(config(", " + key), GOOD, "llama"), expected);
  }

  @Test
  void wrongShapesRanksAndNamesAreToldApartInOneMessage() {
    Map<String, List<Integer>> tensors = new TreeMap<>();
    String block = "base_model.model.model.layers.0.self_attn.";
    tensors.put(block + "q_proj.lora_A.weight", List.of(2, 32)); // of another rank
    tensors.put(block + "q_proj.lora_B.weight", List.of(8, 32)); // transposed
    tensors.put(block + "k_proj.lora_A.weight", List.of(8, 32)); // B missing
    tensors.put(block + "o_proj.lora_A.weight", List.of(8, 32)); // not named
    tensors.put(block + "o_proj.lora_B.weight", List.of(32, 8));
    tensors.put(block + "k_proj.base_layer.bias", List.of(16)); // without bias
    tensors.put("base_model.model.model.embed_tokens.lora_embedding_A", List.of(8, 120));
    tensors.put("model.layers.0.mlp.up_proj.lora_A.weight", List.of(8, 32)); // no prefix
    says(
        refused(
            "{\"peft_type\": \"LORA\", \"use_dora\": true, \"target_modules\":"
                + " [\"layers.0.self_attn.q_proj\", \"0.self_attn.k_proj\"]}",
            tensors,
            "llama"),
        "use_dora: found true",
        "q_proj.lora_A.weight: found shape [2, 32], expected [8, 32], as adapter_config.json",
        "q_proj.lora_B.weight: found shape [8, 32], expected [32, 8], as adapter_config.json",
        "k_proj.lora_B.weight: found nothing, expected one of shape [16, 8]",
        "modules model.layers.0.self_attn.o_proj: found its tensors, expected them under"
            + " target_modules of ",
        "k_proj.base_layer.bias: found a bias, though bias is none",
        "embed_tokens.lora_embedding_A: found an adapter of a token table",
        "tensor model.layers.0.mlp.up_proj.lora_A.weight: found a tensor that has no place");
  }

  @Test
  void aTiedHeadIsRefused() {
    String head = "base_model.model.lm_head.lora_";
    says(
        refused(
            "{\"peft_type\": \"LORA\", \"target_modules\": [\"lm_head\"]}",
            new TreeMap<>(
                Map.of(head + "A.weight", List.of(8, 32), head + "B.weight", List.of(128, 8))),
            "qwen2"),
        "lora_A.weight: found a tensor that has no place in an adapter of this model, expected"
            + " none: this model's head is its token table, which would change with it",
        "lora_B.weight: found a tensor that has no place");
  }

  @Test
  void allLinearMapsMeansAllOfThem() {
    String message =
        refused("{\"peft_type\": \"LORA\", \"target_modules\": \"all-linear\"}", GOOD, "llama");
    // Seven maps in three blocks, two tensors each; one pair is there, the head is none of them.
    assertTrue(message.contains("Found 21 more mistakes"), message);
    assertTrue(!message.contains("lm_head"), message);
  }

  @Test
  void filesThatAreNotThereAreNamed() throws IOException {
    Path folder = Adapters.folder(temp.resolve("in"), config(""), GOOD, DType.F32);
    Files.delete(folder.resolve("adapter_model.safetensors"));
    Files.writeString(folder.resolve("adapter_model.bin"), "");
    says(
        assertThrows(
                UserException.class, () -> AdapterFolder.read(folder, Adapters.decoder("llama")))
            .getMessage(),
        "adapter_model.bin: found a file that can run code, expected adapter_model.safetensors");
    Files.delete(folder.resolve("adapter_config.json"));
    says(
        assertThrows(
                UserException.class, () -> AdapterFolder.read(folder, Adapters.decoder("llama")))
            .getMessage(),
        "adapter_config.json: found no such file");
    says(
        refused("{\"peft_type\": \"IA3\"}", GOOD, "llama"),
        "peft_type: found \"IA3\", expected LORA");
    says(
        refused(config(""), Map.of(), "llama"),
        "lora_A.weight: found nothing",
        "lora_B.weight: found nothing");
  }
}
