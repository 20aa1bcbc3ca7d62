package org.unlearn4j.onnx;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.SafeTensorsWriter;
import org.unlearn4j.weights.TensorInfo;
import org.unlearn4j.weights.Variant;

/**
 * A checkpoint whose weights are what a quantised file stands for, made by the definitions written
 * down once more, in double precision: exported as float32 it must give the logits of the quantised
 * file. A tied head becomes one of its own, for the quantised file reads the table in float32 and
 * the head in codes.
 */
final class Dequantized {
  private static final String HEAD = "lm_head.weight";

  private Dequantized() {}

  /**
   * Writes the checkpoint.
   *
   * @param block inputs that share a scale; 0 for all of an output channel
   * @param tables whether the token table is read in codes, too
   */
  static Path write(Path source, Path target, int block, boolean tables) throws IOException {
    Files.createDirectories(target);
    ModelConfig config = ModelConfig.read(source);
    Map<String, Linear> maps = new HashMap<>();
    for (Initializer i :
        DecoderGraph.of(Decoder.of(config), GraphForm.of(Variant.INT8)).initializers()) {
      if (i.content() instanceof Initializer.Codes c) {
        maps.put(c.linear().weight().name(), c.linear());
      }
    }
    ObjectNode json = config.json().deepCopy();
    json.put("tie_word_embeddings", false);
    new ObjectMapper().writeValue(target.resolve("config.json").toFile(), json);
    Map<String, float[]> values = new HashMap<>();
    List<TensorInfo> infos = new ArrayList<>();
    try (SafeTensors weights = SafeTensors.open(source)) {
      for (Parameter p : Decoder.of(config).parameters()) {
        String name = p.name();
        float[] w = weights.floats(name);
        Linear map = maps.get(name);
        boolean tied = map != null && config.tiedEmbeddings() && map.out() == config.vocabSize();
        if (tied) {
          values.put(HEAD, rounded(w, map, block));
          infos.add(new TensorInfo(HEAD, DType.F32, weights.info(name).shape()));
        }
        boolean table = name.matches(".*(embed_tokens|wte|embed_in)\\.weight");
        if (table && tables) {
          Linear asHead =
              new Linear(
                  Parameter.matrix(name, config.vocabSize(), config.hiddenSize()),
                  Optional.empty(),
                  false);
          values.put(name, rounded(w, asHead, block));
        } else {
          values.put(name, map == null || tied ? w : rounded(w, map, block));
        }
        infos.add(new TensorInfo(name, DType.F32, weights.info(name).shape()));
      }
    }
    SafeTensorsWriter.write(
        target.resolve("model.safetensors"),
        infos,
        t -> FloatBuffer.wrap(values.get(t.name())),
        Map.of());
    return target;
  }

  private static float[] rounded(float[] w, Linear map, int block) {
    float[] out = new float[w.length];
    int width = block == 0 ? map.in() : block;
    for (int n = 0; n < map.out(); n++) {
      for (int first = 0; first < map.in(); first += width) {
        int end = Math.min(map.in(), first + width);
        double signed = 0;
        for (int k = first; k < end; k++) {
          double x = w[at(map, n, k)];
          signed = Math.abs(x) > Math.abs(signed) ? x : signed;
        }
        double scale = block == 0 ? Math.abs(signed) / 127 : signed / -8;
        for (int k = first; k < end; k++) {
          double code = Math.rint(w[at(map, n, k)] / scale);
          out[at(map, n, k)] = (float) ((block == 0 ? code : Math.min(7, code)) * scale);
        }
      }
    }
    return out;
  }

  private static int at(Linear map, int n, int k) {
    return map.inOut() ? k * map.out() + n : n * map.in() + k;
  }
}
