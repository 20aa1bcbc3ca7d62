package org.unlearn4j.config;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.nodes.SequenceNode;

/**
 * Where TensorFlow computes.
 *
 * @param names {@code auto}, {@code cpu} or {@code gpu:N} alone; or several {@code gpu:N}, or
 *     several {@code cpu:N}, which are virtual devices of the one processor
 */
public record DeviceSetting(List<String> names) {
  private static final Pattern ONE = Pattern.compile("auto|cpu|gpu:[0-9]{1,3}");
  private static final Pattern GPUS = Pattern.compile("gpu:[0-9]{1,3}");
  private static final Pattern CPUS = Pattern.compile("cpu:[0-9]{1,3}");

  public DeviceSetting {
    names = List.copyOf(names);
  }

  /** One device. */
  public static DeviceSetting of(String name) {
    return new DeviceSetting(List.of(name));
  }

  /** What several devices have. */
  public enum Spread implements Spelled {
    /** All of the model and some of the rows. */
    REPLICAS("replicas"),
    /** Some of the blocks and all rows. */
    STAGES("stages");

    private final String spelling;

    Spread(String spelling) {
      this.spelling = spelling;
    }

    @Override
    public String spelling() {
      return spelling;
    }
  }

  /** The device that what runs on one device runs on. */
  public String first() {
    return names.get(0).startsWith("cpu") ? "cpu" : names.get(0);
  }

  /** Whether there are several. */
  public boolean several() {
    return names.size() > 1;
  }

  /** As a file spells it. */
  public String spelling() {
    return several() ? "[" + String.join(", ", names) + "]" : names.get(0);
  }

  static ValueType<DeviceSetting> type() {
    ValueType<String> text = ValueType.text("a device");
    ValueType<List<String>> list = ValueType.listOf(text, "devices");
    return new ValueType<>(
        "auto, cpu or gpu:N, or a list of two or more different gpu:N (or cpu:N)",
        List.of(),
        false,
        node ->
            node instanceof SequenceNode
                ? list.read(node).filter(DeviceSetting::valid).map(DeviceSetting::new)
                : text.read(node)
                    .filter(s -> ONE.matcher(s).matches())
                    .flatMap(s -> Optional.of(of(s))),
        DeviceSetting::spelling);
  }

  private static boolean valid(List<String> names) {
    return names.size() > 1
        && (names.stream().allMatch(s -> GPUS.matcher(s).matches())
            || names.stream().allMatch(s -> CPUS.matcher(s).matches()));
  }
}
