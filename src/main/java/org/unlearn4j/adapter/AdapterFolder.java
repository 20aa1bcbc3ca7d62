package org.unlearn4j.adapter;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.ModelFiles;
import org.unlearn4j.base.UserException;
import org.unlearn4j.nn.Adapter;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.SafeTensorsWriter;
import org.unlearn4j.weights.TensorInfo;

/**
 * Folders of low-rank adapters in the published format (huggingface/peft, its page "PEFT checkpoint
 * format" and {@code src/peft/utils/save_and_load.py}): {@code adapter_config.json} and {@code
 * adapter_model.safetensors}.
 */
public final class AdapterFolder {
  public static final String CONFIG = PeftConfig.NAME;
  public static final String WEIGHTS = "adapter_model.safetensors";

  private static final Set<String> OWN = Set.of(CONFIG, WEIGHTS, ModelFiles.UNLEARNING);

  private AdapterFolder() {}

  /**
   * Whether an adapter may be written to a folder; to be asked before training.
   *
   * @throws UserException if something else would be deleted
   */
  public static void requireWritable(Path folder) {
    AtomicFiles.requireReplaceable(
        folder, CONFIG, "an older adapter", file -> OWN.contains(file.toString()));
  }

  /**
   * Writes an adapter in float32, whole or not at all.
   *
   * @param base folder or name of the model it belongs to, for whoever loads it
   * @throws org.unlearn4j.base.MachineException if the disk refuses
   */
  public static void write(Path folder, LowRank adapter, Decoder decoder, String base) {
    List<Linear> linears =
        adapter.adapter().targets().stream().map(Adapter.Target::linear).toList();
    Set<Parameter> biases = new HashSet<>();
    linears.forEach(l -> l.bias().ifPresent(biases::add));
    String bias =
        adapter.replaced().isEmpty()
            ? "none"
            : biases.containsAll(adapter.replaced()) ? "lora_only" : "all";
    ObjectNode config =
        PeftConfig.of(
            adapter.adapter(),
            PeftNames.targets(adapter.adapter(), decoder),
            bias,
            linears.stream().anyMatch(Linear::inOut),
            base);
    Map<TensorInfo, Parameter> tensors = new LinkedHashMap<>();
    for (Adapter.Target t : adapter.adapter().targets()) {
      for (Parameter p : List.of(t.down(), t.up())) {
        tensors.put(stored(p.name(), p), p);
      }
    }
    for (Parameter p : adapter.replaced()) {
      tensors.put(stored(biases.contains(p) ? PeftNames.ofBase(p.name()) : p.name(), p), p);
    }
    AtomicFiles.writeFolder(
        folder,
        part -> {
          String json =
              new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(config);
          Files.writeString(part.resolve(CONFIG), json + "\n");
          SafeTensorsWriter.write(
              part.resolve(WEIGHTS),
              List.copyOf(tensors.keySet()),
              t -> FloatBuffer.wrap(adapter.values().all(tensors.get(t))),
              Map.of("format", "pt"));
        });
  }

  private static TensorInfo stored(String name, Parameter p) {
    return new TensorInfo(PeftNames.PREFIX + name, DType.F32, p.shape());
  }

  /**
   * Reads an adapter of a model, also one that PEFT wrote. A and B come into the heap; values of
   * the base that the file has too (those of an adapted head) are read where they are asked for.
   *
   * @return mostly one; where modules have ranks or scales of their own, one for each of these
   * @throws UserException listing everything that is missing, has another shape, belongs to no
   *     linear map of the model, or that is no low-rank sum (DoRA, whole modules, embeddings)
   */
  public static List<LowRank> read(Path folder, Decoder decoder) {
    List<String> mistakes = new ArrayList<>();
    PeftConfig config = new PeftConfig(folder, mistakes);
    Path weights = folder.resolve(WEIGHTS);
    if (!Files.isRegularFile(weights)) {
      Path pickled = folder.resolve("adapter_model.bin");
      mistakes.add(
          Files.isRegularFile(pickled)
              ? pickled + ": found a file that can run code, expected " + WEIGHTS + "."
              : weights + ": found no such file, expected the tensors of an adapter.");
      throw all(mistakes);
    }
    List<LowRank> adapters = AdapterTensors.read(weights, config, decoder, mistakes);
    if (!mistakes.isEmpty()) {
      throw all(mistakes);
    }
    return adapters;
  }

  private static UserException all(List<String> mistakes) {
    return new UserException(String.join(System.lineSeparator(), mistakes));
  }
}
