package org.unlearn4j.adapter;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.unlearn4j.fixtures.Adapters;
import org.unlearn4j.nn.Adapter;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.SafeTensors;

/** Adapters as folders of the published format. */
class AdapterFolderTest {
  private static final String QWEN = "base_model.model.model.layers.";

  @TempDir Path temp;

  private Path written(LowRank adapter, Decoder decoder) {
    Path folder = temp.resolve("adapter");
    AdapterFolder.write(folder, adapter, decoder, "org/base");
    return folder;
  }

  /** Names and keys of huggingface/peft 0.21, {@code LoraConfig} and {@code LoraLayer}. */
  @Test
  void whatIsWrittenIsThePublishedFormat() throws IOException {
    Decoder qwen = Adapters.decoder("qwen2"); // two blocks, biases of q, k and v alone
    Path folder = written(Adapters.random(qwen, 1, true, "q", "o"), qwen);
    String expected =
        """
        {"alpha_pattern": {}, "auto_mapping": null, "base_model_name_or_path": "org/base",
         "bias": "lora_only", "fan_in_fan_out": false, "inference_mode": true,
         "init_lora_weights": true, "layers_pattern": null, "layers_to_transform": null,
         "lora_alpha": 3, "lora_dropout": 0.25, "modules_to_save": null, "peft_type": "LORA",
         "r": 2, "rank_pattern": {}, "revision": null, "target_modules": ["o_proj", "q_proj"],
         "task_type": "CAUSAL_LM", "use_dora": false, "use_rslora": false}
        """;
    ObjectMapper json = new ObjectMapper();
    assertEquals(
        json.readTree(expected), json.readTree(folder.resolve("adapter_config.json").toFile()));
    try (SafeTensors tensors = SafeTensors.open(folder.resolve("adapter_model.safetensors"))) {
      Map<String, List<Integer>> shapes = new TreeMap<>();
      tensors.names().forEach(n -> shapes.put(n, tensors.info(n).shape()));
      Map<String, List<Integer>> wanted = new TreeMap<>();
      for (int i = 0; i < 2; i++) {
        String block = QWEN + i + ".self_attn.";
        wanted.put(block + "q_proj.lora_A.weight", List.of(2, 32));
        wanted.put(block + "q_proj.lora_B.weight", List.of(32, 2));
        wanted.put(block + "q_proj.base_layer.bias", List.of(32));
        wanted.put(block + "o_proj.lora_A.weight", List.of(2, 32));
        wanted.put(block + "o_proj.lora_B.weight", List.of(32, 2));
      }
      assertEquals(wanted, shapes);
      assertEquals(Map.of("format", "pt"), tensors.metadata());
    }
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(2, files.count());
    }
  }

  /** Every way in which a list can name the modules of an adapter and no others. */
  @ParameterizedTest
  @CsvSource({
    "llama, all-linear, '', 'down_proj, gate_proj, k_proj, o_proj, q_proj, up_proj, v_proj'",
    "llama, head, '', lm_head",
    "gpt2, all-linear, '', 'c_attn, c_fc, c_proj'",
    "gpt2, o, '', attn.c_proj", // mlp.c_proj is another one
    "llama, v, 1, model.layers.1.self_attn.v_proj",
  })
  void modulesAreNamedExactly(String family, String names, String layers, String expected)
      throws IOException {
    Decoder decoder = Adapters.decoder(family);
    List<Integer> some = layers.isEmpty() ? List.of() : List.of(Integer.valueOf(layers));
    Adapter adapter =
        Adapter.of(
            decoder,
            new Adapter.Shape(2, 2.5, true, 0),
            new Adapter.Selection(List.of(names.split(", ")), some, false, "unlearn.adapter"));
    Path folder = written(Adapters.random(adapter, 1), decoder);
    JsonNode config = new ObjectMapper().readTree(folder.resolve("adapter_config.json").toFile());
    List<String> found = new ArrayList<>();
    config.path("target_modules").forEach(t -> found.add(t.textValue()));
    assertEquals(List.of(expected.split(", ")), found);
    assertEquals(family.equals("gpt2"), config.path("fan_in_fan_out").booleanValue());
    assertTrue(config.path("use_rslora").booleanValue());
    assertEquals(2.5, config.path("lora_alpha").doubleValue());
    LowRank back = AdapterFolder.read(folder, decoder).get(0);
    assertEquals(adapter, back.adapter());
  }

  /** All values, scale, targets and biases come back, in the same bits. */
  @ParameterizedTest
  @CsvSource({"qwen2, true", "gpt2, true", "phi3, false", "mixtral, false", "gpt_oss, true"})
  void whatIsWrittenIsReadBack(String family, boolean biases) {
    Decoder decoder = Adapters.decoder(family);
    LowRank adapter = Adapters.random(decoder, 3, biases, "all-linear");
    List<LowRank> back = AdapterFolder.read(written(adapter, decoder), decoder);
    assertEquals(1, back.size());
    assertEquals(
        new TreeSet<>(names(adapter.adapter())), new TreeSet<>(names(back.get(0).adapter())));
    assertEquals(adapter.adapter().shape(), back.get(0).adapter().shape());
    assertEquals(adapter.replaced().size(), back.get(0).replaced().size());
    assertEquals(biases, !adapter.replaced().isEmpty());
    for (Parameter p : adapter.adapter().parameters()) {
      assertArrayEquals(adapter.values().all(p), back.get(0).values().all(p), p.name());
    }
  }

  private static List<String> names(Adapter adapter) {
    return adapter.parameters().stream().map(Parameter::name).toList();
  }

  private List<LowRank> read(
      String config, Map<String, List<Integer>> tensors, DType dtype, String family) {
    return AdapterFolder.read(
        Adapters.folder(temp.resolve("in"), config, tensors, dtype), Adapters.decoder(family));
  }

  private static Map<String, List<Integer>> pair(String module, int rank, int in, int out) {
    return Map.of(
        "base_model.model." + module + ".lora_A.weight",
        List.of(rank, in),
        "base_model.model." + module + ".lora_B.weight",
        List.of(out, rank));
  }

  /** Ranks and scales of modules by patterns, blocks by numbers, 16-bit values. */
  @Test
  void patternsOfRankAndScaleAreHonoured() {
    Map<String, List<Integer>> tensors =
        new TreeMap<>(pair("model.layers.1.self_attn.q_proj", 4, 32, 32));
    tensors.putAll(pair("model.layers.1.self_attn.v_proj", 2, 32, 16));
    List<LowRank> adapters =
        read(
            """
            {"peft_type": "LORA", "r": 2, "lora_alpha": 16, "target_modules": ["v_proj", "q_proj"],
             "layers_to_transform": [1], "layers_pattern": "layers", "future": null,
             "rank_pattern": {"self_attn.q_proj": 4}, "alpha_pattern": {"^model.layers.1.*q_proj": 1}}
            """,
            tensors,
            DType.BF16,
            "llama");
    Map<String, Double> scales = new TreeMap<>();
    adapters.forEach(
        a ->
            a.adapter()
                .targets()
                .forEach(t -> scales.put(t.linear().module(), a.adapter().shape().scale())));
    assertEquals(
        Map.of("model.layers.1.self_attn.q_proj", 0.25, "model.layers.1.self_attn.v_proj", 8.0),
        scales);
  }

  /** PEFT's own defaults where a file does not say: rank 8, alpha 8. */
  @Test
  void regularExpressionsAndDefaultsAreThoseOfPeft() {
    String regex = "{\"peft_type\": \"LORA\", \"target_modules\": \".*[.]1[.].*(q|v)_proj\"}";
    Map<String, List<Integer>> tensors =
        new TreeMap<>(pair("model.layers.1.self_attn.q_proj", 8, 32, 32));
    tensors.putAll(pair("model.layers.1.self_attn.v_proj", 8, 32, 16));
    Adapter adapter = read(regex, tensors, DType.F16, "llama").get(0).adapter();
    assertEquals(2, adapter.targets().size());
    assertEquals(1, adapter.shape().scale());
    // A file of a multimodal model names its text model's modules otherwise.
    assertEquals(
        "model.layers.0.self_attn.q_proj",
        read(
                "{\"peft_type\": \"LORA\", \"target_modules\":"
                    + " \"model.language_model.*0.*q_proj\"}",
                pair("model.language_model.layers.0.self_attn.q_proj", 8, 32, 32),
                DType.F32,
                "llama")
            .get(0)
            .adapter()
            .targets()
            .get(0)
            .linear()
            .module());
  }

  /** An adapted head comes with the base's matrix: PEFT saves embedding layers whole. */
  @Test
  void anAdaptedHeadBringsTheMatrixOfTheBase() {
    Map<String, List<Integer>> tensors = new TreeMap<>(pair("lm_head", 2, 32, 120));
    tensors.put("base_model.model.lm_head.base_layer.weight", List.of(120, 32));
    LowRank head =
        read(
                "{\"peft_type\": \"LORA\", \"r\": 2, \"target_modules\": [\"lm_head\"]}",
                tensors,
                DType.F32,
                "llama")
            .get(0);
    assertEquals(List.of("lm_head.weight"), head.replaced().stream().map(Parameter::name).toList());
    float[] all = head.values().all(head.replaced().get(0));
    assertEquals(120 * 32, all.length);
    assertTrue(all[7] != 0 && Float.isFinite(all[7]), "" + all[7]);
    assertTrue(head.adapter().biases().isEmpty());
  }
}
