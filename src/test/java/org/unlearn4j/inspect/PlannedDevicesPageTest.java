package org.unlearn4j.inspect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.tf.Spread;

/** The table of several devices in docs/explanation/memory.md is what {@code --plan} says. */
class PlannedDevicesPageTest {
  private static final Path PAGE = Path.of("docs/explanation/memory.md");
  private static final String BEGIN = "<!-- from the plan -->\n";
  private static final String END = "<!-- from the plan: end -->";

  private static Decoder decoder(
      String type, int vocab, int hidden, int ffn, int layers, int heads) {
    ObjectNode json = new ObjectMapper().createObjectNode().put("model_type", type);
    json.put("num_hidden_layers", layers).put("hidden_size", hidden).put("intermediate_size", ffn);
    json.put("num_attention_heads", heads).put("num_key_value_heads", 8).put("head_dim", 128);
    json.put("vocab_size", vocab).put("rms_norm_eps", 1e-5);
    json.put("max_position_embeddings", 40960).put("torch_dtype", "bfloat16");
    return Decoder.of(ModelConfig.of(json.put("tie_word_embeddings", false)));
  }

  /** As the command: 4 + 4 rows of 256 tokens; only whole models, with recompute. */
  private static UnlearningPlans.Way way(Decoder decoder, int devices, String optimizer) {
    return new UnlearningPlans(
            decoder, 4, 256, 80L << 30, devices, List.of("unlearn.optimizer=" + optimizer))
        .ways().stream()
            .filter(w -> w.settings().equals(List.of("unlearn.recompute=true")))
            .findFirst()
            .orElseThrow();
  }

  private static String gib(long bytes) {
    double gib = bytes / (double) (1L << 30);
    return String.format(Locale.ROOT, gib < 100 ? "%.1f" : "%.0f", gib);
  }

  private static String row(String name, Decoder decoder, String optimizer) {
    StringBuilder row = new StringBuilder("| " + name + ", `" + optimizer + "` | ");
    row.append(gib(way(decoder, 1, optimizer).bytes())).append(" |");
    for (int devices : new int[] {2, 4}) {
      UnlearningPlans.Way way = way(decoder, devices, optimizer);
      for (Spread.Form form : Spread.Form.values()) {
        row.append(' ').append(gib(way.each().get(form))).append(" |");
      }
    }
    return row + "\n";
  }

  @Test
  void isTheProgramsOwn() throws IOException {
    StringBuilder table =
        new StringBuilder(
            """
            | parameters, moments | one | 2 replicas | 2 stages | 4 replicas | 4 stages |
            |---|---|---|---|---|---|
            """);
    Decoder eight = decoder("llama", 128256, 4096, 14336, 32, 32); // Llama 3.1
    Decoder fourteen = decoder("qwen3", 151936, 5120, 17408, 40, 40); // Qwen 3
    for (String optimizer : List.of("adamw", "adamw8bit")) {
      table.append(row("8.0 B", eight, optimizer)).append(row("14.8 B", fourteen, optimizer));
    }
    String page = Files.readString(PAGE);
    assertTrue(page.contains(BEGIN) && page.contains(END), PAGE + ": no " + BEGIN);
    String found = page.substring(page.indexOf(BEGIN) + BEGIN.length(), page.indexOf(END));
    assertEquals(table.toString(), found, "put this into " + PAGE);
  }
}
