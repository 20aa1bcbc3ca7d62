package org.unlearn4j.config;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.nodes.SequenceNode;

/**
 * Where TensorFlow computes.
 *
 * @param names {@code auto}, {@code cpu} or {@code gpu:N} alone; or several {@code gpu:N}, or
 *     several {@code cpu:N}, which are virtual devices of the one processor; or a device each of
 *     several processes, {@code HOST:PORT/cpu} or {@code HOST:PORT/gpu:N}
 */
public record DeviceSetting(List<String> names) {
  private static final Pattern ONE = Pattern.compile("auto|cpu|gpu:[0-9]{1,3}");
  private static final Pattern GPUS = Pattern.compile("gpu:[0-9]{1,3}");
  private static final Pattern CPUS = Pattern.compile("cpu:[0-9]{1,3}");
  private static final Pattern PROCESS =
      Pattern.compile("([A-Za-z0-9.-]+:[1-9][0-9]{1,4})/(cpu|gpu:[0-9]{1,3})");

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
    return device(0);
  }

  /** The device at a place, without a process: {@code cpu}, {@code auto} or {@code gpu:N}. */
  public String device(int place) {
    String name = names.get(place);
    String own = name.substring(name.indexOf('/') + 1);
    return own.startsWith("cpu") ? "cpu" : own;
  }

  /** {@code HOST:PORT} of each process, the first of which trains; empty where one has them all. */
  public List<String> processes() {
    return names.stream()
        .map(PROCESS::matcher)
        .filter(Matcher::matches)
        .map(m -> m.group(1))
        .toList();
  }

  /** Whether there are several. */
  public boolean several() {
    return names.size() > 1;
  }

  /** As a file spells it. */
  public String spelling() {
    return several() ? "[" + String.join(", ", names) + "]" : names.get(0);
  }

  private static String next(String address) {
    int port = address.lastIndexOf(':') + 1;
    return address.substring(0, port) + (Integer.parseInt(address.substring(port)) + 1);
  }

  static ValueType<DeviceSetting> type() {
    ValueType<String> text = ValueType.text("a device");
    ValueType<List<String>> list = ValueType.listOf(text, "devices");
    return new ValueType<>(
        "auto, cpu or gpu:N, or a list of two or more different gpu:N (or cpu:N, or"
            + " HOST:PORT/gpu:N, or HOST:PORT/cpu, where the first has its next port, too)",
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
            || names.stream().allMatch(s -> CPUS.matcher(s).matches())
            || apart(names));
  }

  /** A process each, all with a GPU or none; the first one's next port is its own, too. */
  private static boolean apart(List<String> names) {
    List<String> processes = new DeviceSetting(names).processes();
    return processes.stream().distinct().count() == names.size()
        && !processes.contains(next(processes.get(0)))
        && names.stream().map(n -> n.endsWith("/cpu")).distinct().count() == 1;
  }
}
