package org.unlearn4j.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.TargetLock;
import org.unlearn4j.base.UserException;

/**
 * What {@code precision: auto} became in a folder: a choice for each shape and device, never
 * replaced, so that runs beside each other keep their own, and runs of one shape have the same.
 */
record PrecisionChoices(Path folder) {
  private static final String FILE = "precision.json";

  /** Folders of seeds, and of requests' runs, are so many below the one with the file. */
  private static final int ABOVE = 2;

  /**
   * A choice.
   *
   * @param chosen {@code fp32} or {@code bf16}
   * @param shape of what was measured, in words
   * @param device as a pipeline spells it
   * @param processor and threads: where it was measured; it holds on other machines too
   * @param fp32Ms of a step, in milliseconds, and {@code bf16Ms}
   */
  record Choice(
      String chosen,
      String shape,
      String device,
      String processor,
      int threads,
      double fp32Ms,
      double bf16Ms) {
    private boolean isOf(String otherShape, String otherDevice) {
      return shape.equals(otherShape) && device.equals(otherDevice);
    }
  }

  private Path file() {
    return folder.resolve(FILE);
  }

  /**
   * The choice for a shape on a device, if there is one.
   *
   * @throws org.unlearn4j.base.UserException if the file is broken
   */
  Optional<Choice> find(String shape, String device) {
    return read(file()).stream().filter(c -> c.isOf(shape, device)).findFirst();
  }

  /**
   * The same; makes and keeps one where there is none. Who asks meanwhile waits for it.
   *
   * @param waiting told who is measuring
   */
  Choice findOr(String shape, String device, Consumer<String> waiting, Supplier<Choice> make) {
    Optional<Choice> known = find(shape, device);
    if (known.isPresent()) {
      return known.get();
    }
    return TargetLock.<Choice, RuntimeException>holding(
        file(),
        waiting,
        () -> {
          List<Choice> all = read(file());
          Optional<Choice> made = all.stream().filter(c -> c.isOf(shape, device)).findFirst();
          if (made.isPresent()) {
            return made.get();
          }
          Choice choice = make.get();
          all.add(choice);
          write(all);
          return choice;
        });
  }

  /** Whether a measurement on a device chose bfloat16 for this run, or for one that it is of. */
  boolean choseBrain(String device) {
    Path at = folder.toAbsolutePath().normalize();
    for (int i = 0; i <= ABOVE && at != null; i++, at = at.getParent()) {
      List<Choice> known = i == 0 ? read(file()) : above(at.resolve(FILE));
      if (known.stream().anyMatch(c -> c.device().equals(device) && c.chosen().equals("bf16"))) {
        return true;
      }
    }
    return false;
  }

  /** A folder above may be anybody's, and so may a file of that name there. */
  private static List<Choice> above(Path file) {
    try {
      return read(file);
    } catch (UserException | MachineException e) {
      return List.of();
    }
  }

  private static List<Choice> read(Path file) {
    List<Choice> all = new ArrayList<>();
    if (!Files.isRegularFile(file)) {
      return all;
    }
    JsonInput record = JsonInput.read(file, "what precision: auto was settled to");
    for (JsonInput each : record.get("choices").required("an array").elements()) {
      String chosen = each.get("chosen").text();
      if (!chosen.equals("fp32") && !chosen.equals("bf16")) {
        throw each.get("chosen").mistake("fp32 or bf16");
      }
      all.add(
          new Choice(
              chosen,
              each.get("shape").text(),
              each.get("device").text(),
              each.get("processor").text(),
              each.get("threads").integer(),
              each.get("fp32_ms").number(),
              each.get("bf16_ms").number()));
    }
    return all;
  }

  private void write(List<Choice> all) {
    ObjectNode root = new ObjectMapper().createObjectNode();
    ArrayNode choices = root.putArray("choices");
    for (Choice c : all) {
      choices
          .addObject()
          .put("chosen", c.chosen())
          .put("shape", c.shape())
          .put("device", c.device())
          .put("processor", c.processor())
          .put("threads", c.threads())
          .put("fp32_ms", c.fp32Ms())
          .put("bf16_ms", c.bf16Ms());
    }
    AtomicFiles.writeString(file(), root.toPrettyString() + "\n");
  }
}
